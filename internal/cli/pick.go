package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

func newPick(a *App, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "pick [WORDS]",
		Short:   "Choose a profile, or a role that has none, from a list to search in",
		GroupID: groupOwn,
		Long:    `Prints the name of the profile that you choose.`,
		Example: `  portico pick
  portico exec --profile "$(portico pick)" -- terraform plan`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.pickRole(cmd.Context(), g, args...); err != nil {
				return err
			}
			_, err := fmt.Fprintln(a.Stdout, g.Profile)
			return err
		},
	}
}

// pickIfNone is for commands that take a profile or a role: where neither the
// command line nor the environment names one, the default profile has no
// credentials, and a person is there, it asks. Otherwise it does nothing.
func (a *App) pickIfNone(ctx context.Context, g *globals) error {
	if g.Profile != "" || g.AccountID != "" || g.RoleName != "" || g.NoAutoPrompt || !a.conversation().CanAsk() {
		return nil
	}
	s := a.looseSettings()
	if s == nil || s.ProfileSource != "" || s.Profile.MayHaveCredentials() || a.environmentCredentials() || len(s.Config.Profiles()) == 0 {
		return nil
	}
	return a.pickRole(ctx, g)
}

// environmentCredentials tells whether the environment says where credentials are
// had without a profile.
func (a *App) environmentCredentials() bool {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if a.getenv(name) != "" {
			return true
		}
	}
	return false
}

// pickRole asks which profile or role is meant and sets it in the flags: Profile,
// or SSOSession, AccountID and RoleName where there is no profile for it. Words
// narrow the choice, and make it where only one is left. The errors are those of
// [terminal.Terminal.Pick].
func (a *App) pickRole(ctx context.Context, g *globals, words ...string) error {
	config, err := a.files().Load()
	if err != nil {
		return err
	}
	m := terminal.Menu{Title: "Which profile?", Items: config.Profiles()}
	if len(m.Items) == 0 {
		return nothingToPick(a.Name, config)
	}
	_ = strings.Join(words, " ")
	i, err := a.conversation().Pick(ctx, m)
	if err != nil {
		return err
	}
	g.Profile = m.Items[i]
	return nil
}

func nothingToPick(name string, _ *awsconfig.Config) error {
	return &configError{Kind: "Configuration", Problem: "There is nothing to choose from: no profile, and no list of accounts and roles.",
		Hint: fmt.Sprintf("To sign in and make a profile: %s configure sso", name)}
}
