package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

func newConfigureGet(a *App, g *globals) *cobra.Command {
	var in subsectionFlags
	c := &cobra.Command{
		Use:   "get VARNAME",
		Short: "Print a setting as the files have it",
		Long: `Prints a setting of the files; flags and environment variables other than those
that choose the profile do not count. Without such a setting it prints nothing and
returns 1.

VARNAME is KEY (of the active profile), PROFILE.KEY, profile.PROFILE.KEY or
default.KEY; a nested setting adds .SUBKEY.`,
		Example: `  portico configure get region --profile dev
  portico configure get profile.dev.sso_account_id
  portico configure get s3.max_concurrent_requests
  portico configure get sso_start_url --sso-session corp`,
		Args: exactly("varname"),
		RunE: func(cmd *cobra.Command, args []string) error {
			section, err := in.section(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			s, err := a.setupForNew(g)
			if err != nil {
				return err
			}
			v, err := s.variable(args[0], section)
			if err != nil {
				return err
			}
			found, err := s.section(v)
			if err != nil {
				return err
			}
			value, ok := found.Get(v.Key)
			block := found.Sub(v.Key)
			if v.Sub != "" {
				value, ok = block[v.Sub]
				block = nil
			}
			if block != nil {
				fmt.Fprintf(a.Stderr, "varname (%s) must reference a value, not a section or sub-section.\n", terminal.Clean(args[0]))
			}
			if !ok {
				return &exitError{Code: 1}
			}
			_, err = fmt.Fprintln(a.Stdout, value)
			return err
		},
	}
	in.add(c, "read")
	return c
}

// section finds the section a variable is in. The active profile must exist if
// somebody chose it; one that the variable names need not.
func (s *setup) section(v variable) (interface {
	Get(key string) (string, bool)
	Sub(key string) map[string]string
}, error) {
	noSub := hintedError{Err: words(fmt.Sprintf("The config sub-section (%s) could not be found", v.Section.Name))}
	config := s.settings.Config
	switch v.Section.Kind {
	case awsconfig.KindSession:
		session, ok := config.Session(v.Section.Name)
		if !ok {
			noSub.Hint = sectionsHint("sso-session", config.Sessions())
			return nil, &noSub
		}
		return session, nil
	case awsconfig.KindServices:
		services, ok := config.Services(v.Section.Name)
		if !ok {
			noSub.Hint = sectionsHint("services section", config.ServicesNames())
			return nil, &noSub
		}
		return services, nil
	}
	if v.Active && s.settings.ProfileSource != "" && !s.settings.HasProfile {
		return nil, &hintedError{Err: &awsconfig.ProfileNotFoundError{Name: v.Section.Name}, Hint: profileHint(s.name, v.Section.Name, config)}
	}
	profile, _ := config.Profile(v.Section.Name)
	return profile, nil
}

func sectionsHint(kind string, names []string) string {
	if len(names) == 0 {
		return "There is no " + kind + " in the config file."
	}
	return fmt.Sprintf("There is %s.", terminal.Clean(some(names)))
}

// exactly refuses any other number of words than those named. It does not repeat
// the words: one of them may be a secret.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return &usageError{Problem: "the following arguments are required: " + strings.Join(names[len(args):], ", ")}
		}
		if len(args) > len(names) {
			return &usageError{Problem: fmt.Sprintf("got %d words, want %d (%s); put quotes around one that holds blanks", len(args), len(names), strings.Join(names, " "))}
		}
		return nil
	}
}
