package cli

import (
	"errors"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"
)

// stale are the variables that would compete with the credentials handed over,
// or with the profile they come from.
var stale = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
}

func newExec(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:     "exec [flags] -- COMMAND [ARGUMENTS]",
		Short:   "Run a command with a profile's credentials",
		GroupID: groupOwn,
		Long: `Runs a command with a profile's credentials and region in its environment, and
nothing else of AWS in it that could get in their way. Returns the command's own
exit code.`,
		Example: `  portico exec --profile dev -- terraform plan
  portico exec --profile dev --region eu-west-1 -- sh -c 'echo $AWS_REGION'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{Problem: "which command? Put it after --, as in: exec --profile dev -- terraform plan"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			c, err := s.credentials(cmd.Context())
			if err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			var set []string
			for _, kv := range c.environment() {
				set = append(set, kv[0]+"="+kv[1])
			}
			if region, _ := s.settings.Region(); region != "" {
				set = append(set, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region)
			}
			return a.become(args, with(a.Env, set, stale...))
		},
	}
	c.Flags().SetInterspersed(false) // everything from the command's name on is the command's
	return c
}

// command finds what a person wants to run.
func (a *App) command(name string) (path string, err error) {
	path, err = a.lookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s: no such command on PATH", name)
	}
	return path, err
}

// become turns this process into the command.
func (a *App) become(argv, env []string) error {
	path, err := a.command(argv[0])
	if err != nil {
		return err
	}
	return a.execute(path, argv, env)
}
