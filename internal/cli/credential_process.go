package cli

import (
	"github.com/spf13/cobra"
)

func newCredentialProcess(a *App, g *globals) *cobra.Command {
	h := &handover{app: a, globals: g, Silent: true, Chained: true}
	c := &cobra.Command{
		Use:     "credential-process",
		Short:   "Print a profile's credentials for credential_process",
		GroupID: groupCredentials,
		Long: `Prints a profile's credentials in the form that the credential_process setting of
all AWS tools expects. It answers from the cache while that lasts, refreshes the
sign-in by itself, and never opens a browser: when a person has to sign in, it
fails at once and says with which command. All it may ask for, at a terminal, is
the code of a role's MFA device.

portico-credential-process, installed beside portico, prints the same and starts
several times as fast; what is not in the cache it leaves to portico.

With --auto-login it opens a browser then, one for all that wait for the same
sign-in; all of them take its result. Where no browser can be opened it fails at
once as well. What is said goes to stderr. Some SDKs give it a minute.`,
		Example: `  portico credential-process --profile dev

  # ~/.aws/config, for a tool that knows no SSO:
  [profile dev-for-old-tools]
  credential_process = portico credential-process --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, c, err := h.credentials(cmd.Context())
			if err != nil {
				return err
			}
			return writeProcess(a.Stdout, c)
		},
	}
	h.addLogin(c)
	return c
}
