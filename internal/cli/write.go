package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// What marks a section of the credentials file as ours: the profile whose
// credentials it holds, and until when they last. Every other reader ignores it.
const (
	writtenKey    = "portico_written"
	expirationKey = "portico_expiration"
)

func newWrite(a *App, g *globals) *cobra.Command {
	w := &write{app: a, globals: g}
	var as string
	var all, remove, watch bool
	c := &cobra.Command{
		Use:     "write",
		Short:   "Write a profile's credentials to ~/.aws/credentials",
		GroupID: groupCredentials,
		Long: `Writes a profile's credentials to a section of ~/.aws/credentials, for tools that
read nothing else. The section is called like the profile with -static after it, or
as --as says. A section that portico did not write is left alone, and so is every
other line of the file.

The keys are static there: nobody renews them but this command, run again, or left
running with --watch, until the sign-in is over. With --all it renews every section
that it has written, so a scheduler can keep them fresh; what lasts 15 minutes or
more is not touched. "portico sso logout" removes them, as does --remove.

The name of a profile that has credentials of its own is refused: some SDKs would
take the keys in place of the profile's own way, and fail when they have expired,
and others would never look at them.`,
		Example: `  portico write --profile dev
  portico write --profile dev --as default
  portico write --profile dev --watch
  portico write --all
  portico write --profile dev --remove`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all && (as != "" || g.Profile != "") {
				return &usageError{Problem: "argument --all: not allowed with arguments --as and --profile"}
			}
			ctx := cmd.Context()
			switch {
			case remove && watch:
				return &usageError{Problem: "argument --remove: not allowed with argument --watch"}
			case remove && all:
				return w.all(ctx, w.removeOne)
			case remove:
				return w.remove(ctx, as)
			}
			run := func() error { return w.one(ctx, g, as) }
			if all {
				run = func() error { return w.all(ctx, w.renew) }
			}
			if watch {
				return w.watch(ctx, run)
			}
			return run()
		},
	}
	c.Flags().StringVar(&as, "as", "", "section to write (else PROFILE-static)")
	c.Flags().BoolVar(&all, "all", false, "every section written before, in place of one")
	c.Flags().BoolVar(&remove, "remove", false, "remove the section, in place of writing it")
	c.Flags().BoolVar(&watch, "watch", false, "stay, and write again before the keys end")
	addAutoLogin(c, &w.AutoLogin)
	return c
}

type write struct {
	app       *App
	globals   *globals
	AutoLogin bool

	again bool // it has been run before: what is still good is not mentioned
}

func sectionFor(profile, as string) string { return cmp.Or(as, profile+"-static") }

// one writes, or renews, the section of one profile.
func (w *write) one(ctx context.Context, g *globals, as string) error {
	a, files := w.app, w.app.files()
	h := &handover{app: a, globals: g, AutoLogin: w.AutoLogin, Typed: !w.again} // a watch that has run for hours is not being typed
	before, err := h.setup()
	if err != nil {
		return err
	}
	if keys, err := before.environmentKeys(); g.Profile == "" && (err != nil || keys.AccessKeyID != "") {
		return &usageError{Problem: "whose credentials? Those in the environment (AWS_ACCESS_KEY_ID) are no profile's; name one with --profile"}
	}
	section := sectionFor(before.settings.ProfileName, as)
	if err := before.writable(files, section); err != nil {
		return err
	}
	s, c, err := h.credentials(ctx)
	if err != nil {
		return err
	}
	name := s.settings.ProfileName
	region, _ := s.settings.Region()
	expires := ""
	if !c.Expiration.IsZero() {
		expires = c.Expiration.UTC().Format(time.RFC3339)
	}
	changed, err := files.Update(ctx, awsconfig.Edit{
		Section: awsconfig.Section{Kind: awsconfig.KindCredentials, Name: section},
		Check:   func(own map[string]string) error { return mayWrite(files, section, own) },
		Set: []awsconfig.KeyValue{
			awsconfig.Set("aws_access_key_id", c.AccessKeyID), awsconfig.Set("aws_secret_access_key", c.SecretAccessKey),
			setOrNot("aws_session_token", c.SessionToken), setOrNot("region", region),
			awsconfig.Set(writtenKey, name), setOrNot(expirationKey, expires),
		},
	})
	if err != nil {
		return err
	}
	verb := "Wrote"
	if !changed {
		verb = "Still good are"
	}
	if !changed && w.again {
		return nil
	}
	fmt.Fprintf(a.Stderr, "%s the credentials of %s in [%s] of %s%s.\n", verb, terminal.Clean(name), terminal.Clean(section), files.CredentialsShown, c.until())
	own, _ := s.settings.Profile.SSO("sso_session")
	if session, _ := s.settings.Config.Session(own); session.Sealed() && changed {
		s.warn(fmt.Sprintf("the session %s is sealed, and what is written to %s is not", own, files.CredentialsShown))
	}
	if files.CredentialsExposed() {
		s.warn(fmt.Sprintf("The file '%s' is accessible by other users. Consider running 'chmod 600 %s' to restrict access to only your user.", files.Credentials, files.Credentials))
	}
	return nil
}

func setOrNot(key, value string) awsconfig.KeyValue {
	if value == "" {
		return awsconfig.Unset(key)
	}
	return awsconfig.Set(key, value)
}

// writable refuses names under which the section would take another profile's
// place, and profiles that are such a section themselves.
func (s *setup) writable(files awsconfig.Files, section string) error {
	if from, _ := s.settings.Profile.Get(writtenKey); from != "" {
		return &usageError{Problem: fmt.Sprintf("the profile %s is a section that was written for %s: name that with --profile", s.settings.ProfileName, from)}
	}
	p, _ := s.settings.Config.Profile(section)
	if key := p.Provider(files.Config); key != "" {
		return &usageError{Problem: fmt.Sprintf("the profile %s has credentials of its own (%s in %s), and keys under its name would hide them from some tools and not be seen by others; choose another name with --as",
			section, key, files.ConfigShown)}
	}
	return nil
}

// mayWrite admits a section that is new, or empty, or ours.
func mayWrite(files awsconfig.Files, section string, own map[string]string) error {
	if len(own) == 0 {
		return nil
	}
	return isWritten(files, section, own)
}

// isWritten refuses a section that portico did not write.
func isWritten(files awsconfig.Files, section string, own map[string]string) error {
	if own[writtenKey] != "" {
		return nil
	}
	return &configError{Kind: "Configuration",
		Problem: fmt.Sprintf("[%s] in %s is not portico's: it has no %s, and is left as it is.", section, files.CredentialsShown, writtenKey),
		Hint:    "Choose another name with --as, or delete the section if nobody needs its keys."}
}

// all does the same to all that was written, whatever fails on the way. The first
// failure's code is the command's.
func (w *write) all(ctx context.Context, do func(context.Context, writtenSection) error) error {
	a := w.app
	config, err := a.files().Load()
	if err != nil {
		return err
	}
	sections := written(config, a.files())
	if len(sections) == 0 {
		fmt.Fprintf(a.Stderr, "There is nothing in %s that portico wrote.\n", a.files().CredentialsShown)
	}
	first := 0
	for _, section := range sections {
		err := do(ctx, section)
		if ctx.Err() != nil || errors.Is(err, terminal.ErrInterrupted) {
			return err
		}
		if code := report(ctx, a, err); first == 0 && !(w.again && passing(err)) {
			first = code
		}
	}
	if first != 0 {
		return &exitError{Code: first}
	}
	return nil
}

func (w *write) renew(ctx context.Context, section writtenSection) error {
	g := *w.globals
	g.Profile = section.profile
	return w.one(ctx, &g, section.section)
}

// watchEvery is how often a watch looks at what it has written. Mostly that reads a
// few files; a clock that is asked anew each time also tells of a night's sleep.
const watchEvery = time.Minute

// watch runs something that renews every minute, until it fails for a reason that
// time does not cure.
func (w *write) watch(ctx context.Context, run func() error) error {
	for {
		err := run()
		if err != nil && (!w.again || ctx.Err() != nil || !passing(err)) {
			return err
		}
		if err != nil {
			report(ctx, w.app, err)
		}
		w.again = true
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchEvery):
		}
	}
}

// passing tells errors that may be over in a while: of the network, or of a service
// in trouble.
func passing(err error) bool {
	_, network := errors.AsType[*signin.ConnectionError](err)
	_, refresh := errors.AsType[*signin.RefreshError](err)
	said, service := errors.AsType[*signin.ServiceError](err)
	return network || refresh || (service && !said.Final())
}

// remove needs no profile: its section may outlive it.
func (w *write) remove(ctx context.Context, as string) error {
	s, err := w.app.setupForNew(w.globals)
	if err != nil {
		return err
	}
	return w.removeOne(ctx, writtenSection{section: sectionFor(s.settings.ProfileName, as)})
}

func (w *write) removeOne(ctx context.Context, of writtenSection) error {
	files, section := w.app.files(), of.section
	removed, err := removeWritten(ctx, files, section)
	if err != nil {
		return err
	}
	if !removed {
		return &configError{Kind: "Configuration", Problem: fmt.Sprintf("There is no [%s] in %s.", section, files.CredentialsShown),
			Hint: "Name the section with --as, or the profile it was written for with --profile."}
	}
	fmt.Fprintf(w.app.Stderr, "Removed [%s] from %s.\n", terminal.Clean(section), files.CredentialsShown)
	return nil
}

// removeWritten removes a section of ours.
func removeWritten(ctx context.Context, files awsconfig.Files, section string) (removed bool, err error) {
	return files.Update(ctx, awsconfig.Edit{
		Section: awsconfig.Section{Kind: awsconfig.KindCredentials, Name: section},
		Check: func(own map[string]string) error {
			if own == nil {
				return nil
			}
			return isWritten(files, section, own)
		},
		Remove: true,
	})
}

// A writtenSection is a section of the credentials file that write made.
type writtenSection struct{ section, profile string }

func written(config *awsconfig.Config, files awsconfig.Files) []writtenSection {
	var all []writtenSection
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		if origin, ok := p.Origin(writtenKey); ok && p.InCredentials && origin.File == files.Credentials {
			profile, _ := p.Get(writtenKey)
			all = append(all, writtenSection{section: name, profile: profile})
		}
	}
	return all
}

// tokenKeyOf is the key of the token that a profile's credentials come from in the
// end; "" where there is none.
func tokenKeyOf(config *awsconfig.Config, name string) string {
	p, _ := config.Profile(name)
	root, ok := rootProfile(config, p)
	if !ok {
		return ""
	}
	session, _ := root.SSO("sso_session")
	startURL, _ := root.Get("sso_start_url")
	if session == "" && startURL == "" {
		return ""
	}
	return wallet.TokenKey(session, startURL)
}
