package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/terminal"
)

// A start is what a person gets who runs portico and says nothing: sessions,
// accounts and roles, and what can be done there. Whatever it does, it does by a
// command line, which it shows.
type start struct {
	app  *App
	root *cobra.Command // to know which commands there are

	last string // what happened last
}

// startsScreen tells whether a person is there who can use the start screen.
// Everybody else gets the help text.
func (a *App) startsScreen(g *globals) bool {
	t := a.terminal()
	return a.Name != "aws" && !g.NoAutoPrompt && t.InteractiveOut() && t.Attended()
}

func (s *start) run(ctx context.Context) error {
	for {
		leave, err := s.once(ctx)
		if leave || err != nil {
			return err
		}
	}
}

// once shows the screen and does what is chosen.
func (s *start) once(ctx context.Context) (leave bool, err error) {
	config, err := s.app.files().Load()
	if err != nil {
		return false, err
	}
	l := &targetList{app: s.app, config: config, about: s.app.about(config)}
	l.set(s.app.savedCatalogs(config))
	f := s.finder(l)
	chosen, err := s.app.terminal().Find(ctx, f)
	if errors.Is(err, terminal.ErrEscaped) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	s.last = ""
	return false, s.chosen(ctx, l, chosen)
}

// finder is the list of everything: sessions, targets, commands.
func (s *start) finder(l *targetList) terminal.Finder {
	f := l.finder()
	targets := f.Rows
	about := f.Preview
	f.What, f.Enter = "sessions, profiles, roles and commands", "actions"
	f.Title = []string{s.app.Name + ": AWS IAM Identity Center"}
	first := s.first(l)
	if first {
		f.Enter = "run it"
		f.Title = []string{"Welcome. There is no profile and no sso-session yet: begin with one of these."}
		f.Pin = nil
	}
	if s.last != "" {
		f.Title = append(f.Title, s.last)
	}
	for _, act := range s.actions(&target{Profile: "any", Session: "any"}) {
		if act.key != "" && !first {
			f.Keys = append(f.Keys, terminal.Shortcut{Key: act.key, Name: act.name})
		}
	}
	around := func(targets []terminal.Candidate) []terminal.Candidate {
		return slices.Concat(s.sessions(l), targets, s.commands(l))
	}
	f.Rows = around(targets)
	f.Refresh = func(ctx context.Context, update func(terminal.Update)) {
		l.refresh(ctx, func(u terminal.Update) {
			if u.Rows != nil {
				u.Rows = around(u.Rows)
			}
			update(u)
		})
	}
	f.Preview = func(key string) []string {
		kind, name, _ := strings.Cut(key, "\x00")
		switch kind {
		case "session":
			return s.aboutSession(l, name)
		case "command":
			return s.aboutCommand(name)
		}
		return about(key)
	}
	return f
}

// first tells whether this is a first run: there is nothing to show yet but how to
// begin.
func (s *start) first(l *targetList) bool {
	return len(l.config.Sessions()) == 0 && len(l.targets) == 0
}

// sessions are the rows of the sso-sessions.
func (s *start) sessions(l *targetList) []terminal.Candidate {
	var rows []terminal.Candidate
	for _, name := range slices.Sorted(slices.Values(l.config.Sessions())) {
		section, _ := l.config.Session(name)
		rows = append(rows, terminal.Candidate{Key: "session\x00" + name, Search: []string{name, section.StartURL},
			Cells: []string{fmt.Sprintf("session %s: %s", name, l.about.session(name, section.StartURL))}})
	}
	return rows
}

func (s *start) aboutSession(l *targetList, name string) []string {
	section, _ := l.config.Session(name)
	lines := []string{
		"Session      " + name + ", " + l.about.session(name, section.StartURL),
		"Start URL    " + section.StartURL,
		"Region       " + section.Region,
	}
	for _, c := range s.app.savedCatalogs(l.config) {
		if c.Session == name {
			lines = append(lines, fmt.Sprintf("Catalog      %s, %s, listed %s", count(len(c.Accounts), "account"), count(len(c.Roles), "role"), since(c.Listed)))
		}
	}
	return lines
}

// startCommands are those that the screen offers beside what is for one session or
// target, where they exist.
var startCommands = []string{"status", "sync", "doctor", "whoami", "configure sso", "undo", "access", "portal --open", "demo", "help"}

// commands are their rows. Who has configured nothing needs two of them.
func (s *start) commands(l *targetList) []terminal.Candidate {
	lines := startCommands
	if s.first(l) {
		lines = []string{"configure sso", "demo", "help"}
	}
	var rows []terminal.Candidate
	for _, line := range lines {
		if c := s.command(strings.Fields(line)...); c != nil {
			rows = append(rows, terminal.Candidate{Key: "command\x00" + line, Search: strings.Fields(line),
				Cells: []string{s.app.Name + " " + line + ": " + c.Short}})
		}
	}
	return rows
}

// command finds a command of ours, or nil.
func (s *start) command(words ...string) *cobra.Command {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "-") })
	c, rest, err := s.root.Find(words)
	if err != nil || c == s.root || len(rest) > 0 {
		return nil
	}
	return c
}

func (s *start) aboutCommand(line string) []string {
	c := s.command(strings.Fields(line)...)
	if c == nil {
		return nil
	}
	return paragraphs(c.Long)
}

// paragraphs puts each paragraph of a help text in one line, for whoever breaks it
// anew. What is indented stays as it is.
func paragraphs(text string) []string {
	var lines []string
	open := false // the last line is a paragraph that may go on
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\n")
		prose := line != "" && line[0] != ' '
		if prose && open {
			lines[len(lines)-1] += " " + line
		} else {
			lines = append(lines, line)
		}
		open = prose
	}
	return lines
}

// An action is something to do with what was chosen: a command line of ours, or
// something to copy.
type action struct {
	name  string
	key   string // that does it without asking what, or ""
	words []string
	copy  string // goes to the clipboard instead

	shell bool   // it is over when the person says so
	needs string // a session that somebody must be signed in to
}

// line is the action as a person would type it.
func (s *start) line(act action) string {
	if act.copy != "" {
		return act.copy
	}
	line := s.app.Name
	for _, w := range act.words {
		line += " " + quoteWord(terminal.Clean(w))
	}
	return line
}

// actions are what can be done with a target, as far as there are commands for it.
func (s *start) actions(t *target) []action {
	flags := t.flags()
	all := []action{
		{name: "shell", key: "ctrl+e", words: append([]string{"exec"}, flags...), shell: true, needs: t.Session},
		{name: "console", key: "ctrl+o", words: append([]string{"console"}, flags...), needs: t.Session},
		{name: "copy", key: "ctrl+y", copy: "export AWS_PROFILE=" + quoteWord(terminal.Clean(t.Profile))},
	}
	if t.Profile == "" {
		all[2].copy = s.app.Name + " exec" + t.words()
	} else {
		all = append(all, action{name: "who am I", words: append([]string{"sts", "get-caller-identity"}, flags...), needs: t.Session})
	}
	if t.Session != "" {
		all = append(all, action{name: "sign in", words: []string{"sso", "login", "--sso-session", t.Session}})
	}
	return slices.DeleteFunc(all, func(act action) bool { return act.copy == "" && !s.exists(act) })
}

// sessionActions are what can be done with a session.
func (s *start) sessionActions(name string) []action {
	all := []action{
		{name: "sign in", words: []string{"sso", "login", "--sso-session", name}},
		{name: "sync", words: []string{"sync", "--sso-session", name}, needs: name},
		{name: "portal", words: []string{"portal", "--open", "--sso-session", name}},
		{name: "sign out", words: []string{"sso", "logout", "--sso-session", name}},
	}
	return slices.DeleteFunc(all, func(act action) bool { return !s.exists(act) })
}

// exists tells whether there is the command of an action.
func (s *start) exists(act action) bool {
	var words []string
	for _, w := range act.words {
		if strings.HasPrefix(w, "-") {
			break
		}
		words = append(words, w)
	}
	c := s.command(words...)
	if c == nil {
		return false
	}
	for _, w := range act.words {
		if strings.HasPrefix(w, "--") && !has(c, w) && c.InheritedFlags().Lookup(w[2:]) == nil {
			return false
		}
	}
	return true
}

// chosen asks what is to be done, where that is not clear, and does it.
func (s *start) chosen(ctx context.Context, l *targetList, found terminal.Choice) error {
	kind, name, _ := strings.Cut(found.Key, "\x00")
	var actions []action
	title := ""
	switch kind {
	case "command":
		return s.do(ctx, l, action{words: strings.Fields(name)})
	case "session":
		title, actions = "Session "+name, s.sessionActions(name)
	default:
		t := l.find(found.Key)
		if t == nil {
			return nil // it is gone
		}
		title, actions = strings.TrimSpace(cmp.Or(t.Profile, t.account()+", "+t.RoleName)), s.actions(t)
		for _, act := range actions {
			if found.By != "" && act.key == found.By {
				return s.perform(ctx, l, t, act)
			}
		}
	}
	act, err := s.ask(ctx, title, actions)
	if errors.Is(err, terminal.ErrEscaped) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.perform(ctx, l, l.find(found.Key), act)
}

// ask shows the actions with their command lines.
func (s *start) ask(ctx context.Context, title string, actions []action) (action, error) {
	f := terminal.Finder{Title: []string{title}, What: "actions", Enter: "run it", Escape: "go back"}
	for _, act := range actions {
		f.Rows = append(f.Rows, terminal.Candidate{Key: act.name, Cells: []string{act.name, s.line(act)}})
	}
	f.Preview = func(key string) []string { // the lines may be long
		i := slices.IndexFunc(actions, func(act action) bool { return act.name == key })
		return []string{s.line(actions[i])}
	}
	found, err := s.app.terminal().Find(ctx, f)
	if err != nil {
		return action{}, err
	}
	i := slices.IndexFunc(actions, func(act action) bool { return act.name == found.Key })
	return actions[i], nil
}

// perform does an action; t is the target it is for, or nil.
func (s *start) perform(ctx context.Context, l *targetList, t *target, act action) error {
	if act.copy != "" {
		if t != nil {
			var g globals
			t.choose(&g)
			s.app.used(&g)
		}
		s.app.terminal().Copy(act.copy)
		s.last = "Copied, if the terminal allows it: " + act.copy
		return nil
	}
	return s.do(ctx, l, act)
}

// do runs a command line as the person would, after a sign-in where it takes one.
// What went wrong is theirs to read; it does not end the screen.
func (s *start) do(ctx context.Context, l *targetList, act action) error {
	section, _ := l.config.Session(act.needs)
	if act.needs != "" && !section.Sealed() && !l.about.signedIn(act.needs, section.StartURL) {
		if code, err := s.runLine(ctx, []string{"sso", "login", "--sso-session", act.needs}); err != nil || code != 0 {
			return cmp.Or(err, s.pause(ctx))
		}
	}
	code, err := s.runLine(ctx, act.words)
	if err != nil {
		return err
	}
	s.last = "Last: " + s.line(act)
	if code != 0 {
		s.last += fmt.Sprintf(" (exit code %d)", code)
	}
	if act.shell && code == 0 {
		return nil
	}
	return s.pause(ctx)
}

// runLine runs portico with words, and shows the line before.
func (s *start) runLine(ctx context.Context, words []string) (code int, err error) {
	a := s.app
	t := a.terminal()
	fmt.Fprintln(a.Stdout, t.Bold("$ "+s.line(action{words: words})))
	err = a.runChild(ctx, a.Self, append([]string{a.Name}, words...), a.Env)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.Code, nil
	}
	return 0, err
}

// pause leaves what a command said on the screen until the person has read it.
func (s *start) pause(ctx context.Context) error {
	_, err := s.app.terminal().Ask(ctx, terminal.Question{Prompt: fmt.Sprintf("\nEnter: back to %s  Ctrl-C: leave ", s.app.Name)})
	return err
}
