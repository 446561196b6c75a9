package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/terminal"
)

func newPick(a *App, g *globals) *cobra.Command {
	p := &pick{App: a, Globals: g}
	c := &cobra.Command{
		Use:     "pick [WORDS]",
		Short:   "Choose a profile or a role from a list to search in",
		GroupID: groupEveryday,
		Long: `Lists your profiles, and the roles you have that no profile is for, and prints the
name of the profile that you choose. Type to search: for the name of a profile, an
account or a role, an account's id or e-mail address, or its tags. Favourites come
first (Ctrl-F makes one), then what you use most.

Words on the command line are searched for at once. Where they mean one profile or
role, that is chosen without a list.

The list is drawn on the terminal, so what is printed can go elsewhere, as into
another command. A role without a profile has no name to print: --flags prints the
flags that choose it, and those of a profile too. exec, and other commands that
need a profile, ask in the same way where none is named.

With PORTICO_ACCESSIBLE=1, for screen readers, the list is a dialogue: it asks for
words and prints what it finds, with numbers.`,
		Example: `  portico pick
  portico exec --profile "$(portico pick)" -- terraform plan
  portico exec --profile "$(portico pick prod payments)" -- terraform plan
  portico exec $(portico pick --flags) -- terraform plan
  portico pick --json dev | jq -r .accountId`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), strings.Join(args, " ")) },
	}
	c.Flags().StringVar(&p.Session, "sso-session", "", "this sso-session only")
	c.Flags().BoolVar(&p.Flags, "flags", false, "print the flags that choose it, such as --profile dev")
	c.Flags().BoolVar(&p.JSON, "json", false, "print JSON, as --output json does: all that is known of it")
	return c
}

type pick struct {
	App         *App
	Globals     *globals
	Session     string
	Flags, JSON bool
}

func (p *pick) run(ctx context.Context, words string) error {
	if p.Flags && p.JSON {
		return &usageError{Problem: "argument --json: not allowed with argument --flags"}
	}
	t, err := p.App.pickTarget(ctx, pickFrom{session: p.Session, words: words})
	if err != nil {
		return err
	}
	line := t.Profile
	switch {
	case p.JSON:
		p.Globals.Output = "json"
		return p.App.show(p.Globals, "pick", t.row(), nil)
	case p.Flags:
		line = ""
		for _, word := range t.flags() {
			line += " " + quoteWord(word)
		}
		line = line[1:]
	case t.Profile == "":
		return &configError{Kind: "Configuration", Problem: fmt.Sprintf("There is no profile for %s in %s.", t.RoleName, t.account()),
			Hint: fmt.Sprintf("To use the role: %s exec%s -- COMMAND\nTo make a profile for it: %s configure sso%s --profile NAME", p.App.Name, t.words(), p.App.Name, t.words())}
	}
	var chosen globals
	t.choose(&chosen)
	p.App.used(&chosen)
	if p.App.terminal().InteractiveOut() {
		line = terminal.Clean(line)
	}
	_, err = fmt.Fprintln(p.App.Stdout, line)
	return err
}

// words are its flags as they are typed, each after a blank.
func (t *target) words() string {
	line := ""
	for _, word := range t.flags() {
		line += " " + quoteWord(terminal.Clean(word))
	}
	return line
}

// A targetRow is all that is known of a target, as it is printed.
type targetRow struct {
	Profile     string `json:"profile,omitempty"`
	Session     string `json:"ssoSession,omitempty"`
	StartURL    string `json:"startUrl,omitempty"`
	AccountID   string `json:"accountId,omitempty"`
	AccountName string `json:"accountName,omitempty"`
	Email       string `json:"emailAddress,omitempty"`
	RoleName    string `json:"roleName,omitempty"`
	Source      string `json:"source,omitempty"`
	Region      string `json:"region,omitempty"`
	Alias       string `json:"alias,omitempty"`
	Tags        string `json:"tags,omitempty"`
	Favourite   bool   `json:"favorite"`
}

func (t *target) row() targetRow {
	return targetRow{t.Profile, t.Session, t.StartURL, t.AccountID, t.AccountName, t.Email, t.RoleName, t.Source, t.Region, t.Alias, t.Tags, t.Favourite}
}

// pickIfNone is for commands that take a profile or a role: where neither the
// command line nor the environment names one, the default profile has no
// credentials, and a person is there, it asks. Otherwise it does nothing.
func (a *App) pickIfNone(ctx context.Context, g *globals) error {
	if g.Profile != "" || g.profileGiven || g.AccountID != "" || g.RoleName != "" || g.NoAutoPrompt || !a.conversation().CanAsk() {
		return nil
	}
	s := a.looseSettings()
	if s == nil || s.ProfileSource != "" || s.Profile.MayHaveCredentials() || a.environmentCredentials() {
		return nil
	}
	err := a.pickRole(ctx, g)
	if _, empty := errors.AsType[*nothingError](err); empty {
		return nil // the command says what it lacks
	}
	return err
}

// environmentCredentials tells whether the environment says where credentials are
// had without a profile.
func (a *App) environmentCredentials() bool {
	return slices.ContainsFunc([]string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
		func(name string) bool { return a.getenv(name) != "" })
}

// pickRole asks which profile or role is meant and sets it in the flags: Profile,
// or SSOSession, AccountID and RoleName where there is no profile for it. A session
// that is set there says what to offer. Words narrow the choice, and make it where only one is left. The errors are those of
// [terminal.Terminal.Find].
func (a *App) pickRole(ctx context.Context, g *globals, words ...string) error {
	t, err := a.pickTarget(ctx, pickFrom{session: g.SSOSession, words: strings.Join(words, " ")})
	if err == nil {
		t.choose(g)
	}
	return err
}

// A pickFrom is what a person is asked to choose from.
type pickFrom struct {
	session string // only what this one gives
	words   string
}

// pickTarget asks for one.
func (a *App) pickTarget(ctx context.Context, of pickFrom) (*target, error) {
	config, err := a.files().Load()
	if err != nil {
		return nil, err
	}
	if _, ok := config.Session(of.session); !ok && of.session != "" {
		return nil, &awsconfig.NoSuchSessionError{Name: of.session}
	}
	l := &targetList{app: a, config: config, session: of.session, about: a.about(config)}
	l.set(a.savedCatalogs(config))
	if len(l.targets) == 0 && !l.listable() {
		return nil, l.empty()
	}
	f := l.finder()
	f.Title, f.Query, f.Enter = []string{"Which profile or role?"}, of.words, "choose"
	key, fitting, ok := f.Only()
	if ok {
		return l.find(key), nil
	}
	if of.words != "" && !a.conversation().InteractiveIn() {
		problem := fmt.Sprintf("%q fits no profile or role.", of.words)
		if fitting > 0 {
			problem = fmt.Sprintf("%q fits %d profiles and roles, and one is to be chosen.", of.words, fitting)
		}
		return nil, &configError{Kind: "Configuration", Problem: problem,
			Hint: "Give more words, or others; on a terminal they begin a search."}
	}
	found, err := a.conversation().Find(ctx, f)
	if errors.Is(err, io.EOF) { // an accessible list, whose input was closed
		return nil, &configError{Kind: "Configuration", Problem: "The input ended before one was chosen.",
			Hint: fmt.Sprintf("Words that fit one alone choose it without a question: %s pick WORDS", a.Name)}
	}
	if err != nil {
		return nil, err
	}
	return l.find(found.Key), nil
}

// listable tells whether a session's accounts can be listed for the first time,
// while the person waits.
func (l *targetList) listable() bool {
	return slices.ContainsFunc(l.config.Sessions(), func(name string) bool {
		section, _ := l.config.Session(name)
		return (l.session == "" || name == l.session) && l.about.signedIn(name, section.StartURL)
	})
}

// A targetList is the targets in a finder.
type targetList struct {
	app     *App
	config  *awsconfig.Config
	session string // only what this one gives; "": all
	about   *about

	mu      sync.Mutex // newer ones may come while the list is open
	targets []target
	byKey   map[string]*target
	pinned  map[string]bool // since the config was read
}

func (l *targetList) set(catalogs []catalog.Snapshot) {
	targets := l.app.targets(l.config, catalogs)
	if l.session != "" {
		targets = slices.DeleteFunc(targets, func(t target) bool { return t.Session != l.session })
	}
	byKey := make(map[string]*target, len(targets))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range targets {
		key := targets[i].key()
		byKey[key] = &targets[i]
		if on, ok := l.pinned[key]; ok {
			targets[i].Favourite = on
		}
	}
	l.targets, l.byKey = targets, byKey
}

func (l *targetList) find(key string) *target {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byKey[key]
}

func (l *targetList) candidates() []terminal.Candidate {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make([]terminal.Candidate, len(l.targets))
	for i := range l.targets {
		rows[i] = l.targets[i].candidate()
	}
	return rows
}

func (l *targetList) finder() terminal.Finder {
	return terminal.Finder{
		What: "profiles and roles",
		Rows: l.candidates(),
		Preview: func(key string) []string {
			if t := l.find(key); t != nil {
				return l.about.target(t)
			}
			return nil
		},
		Refresh: l.refresh,
		Pin: func(key string, on bool) error {
			t := l.find(key)
			if t == nil {
				return errors.New("only profiles and roles can be favourites")
			}
			err := l.app.favour(context.Background(), t, on)
			if err == nil {
				l.mu.Lock()
				defer l.mu.Unlock()
				if l.pinned == nil {
					l.pinned = map[string]bool{}
				}
				l.pinned[key] = on
			}
			return err
		},
	}
}

// refreshShown is how often a listing that goes on is shown.
const refreshShown = time.Second

// refresh brings the catalogs of the sessions that somebody is signed in to up to
// date, and shows what there is of them meanwhile.
func (l *targetList) refresh(ctx context.Context, update func(terminal.Update)) {
	s, err := l.app.setupForNew(l.app.globals)
	if err != nil {
		return // a list can do without
	}
	s.warn, s.waiting = func(string) {}, nil
	s.unattended() // the terminal is the list's
	for _, name := range l.config.Sessions() {
		section, _ := l.config.Session(name)
		if l.session != "" && name != l.session || !l.about.signedIn(name, section.StartURL) {
			continue
		}
		sso, err := s.loginSession(name)
		if err != nil {
			continue
		}
		list, err := s.catalog(session(sso))
		if err != nil {
			continue
		}
		var mu sync.Mutex
		var shown time.Time
		asked := false
		_, err = list.Snapshot(ctx, catalog.Options{Idle: true, Progress: func(done, total int) {
			mu.Lock()
			defer mu.Unlock()
			if asked = true; time.Since(shown) < refreshShown || done == total {
				return
			}
			shown = time.Now()
			l.set(l.app.savedCatalogs(l.config))
			update(terminal.Update{Rows: l.candidates(), Note: fmt.Sprintf("listing %s %d/%d", name, done, total)})
		}})
		if asked {
			l.set(l.app.savedCatalogs(l.config))
			update(terminal.Update{Rows: l.candidates()})
		}
		if err != nil && ctx.Err() != nil {
			return
		}
	}
}

// empty says why there is nothing to choose from, and what to do.
func (l *targetList) empty() error {
	name := l.app.Name
	e := &configError{Kind: "Configuration", Problem: "There is nothing to choose from: no profile has credentials, and no accounts and roles have been listed.",
		Hint: fmt.Sprintf("To sign in and make a profile: %s configure sso", name)}
	if sessions := l.config.Sessions(); len(sessions) > 0 {
		e.Hint = fmt.Sprintf("To sign in: %s sso login --sso-session %s", name, quoteWord(terminal.Clean(cmp.Or(l.session, sessions[0]))))
	}
	if l.session != "" {
		e.Problem = fmt.Sprintf("There is nothing to choose from in the sso-session %s.", terminal.Clean(l.session))
	}
	return &nothingError{e}
}

// A nothingError says that there is nothing to choose from.
type nothingError struct{ error }

func (e *nothingError) Unwrap() error { return e.error }
