package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/output"
)

func newExportCredentials(a *App, g *globals) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "export-credentials",
		Short: "Print a profile's credentials for another program",
		Long: `Prints a profile's credentials, as JSON for credential_process (process) or as
lines a POSIX shell can evaluate (env).`,
		Example: `  portico configure export-credentials --profile dev
  eval "$(portico configure export-credentials --profile dev --format env)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, ok := exportFormats[format]
			if !ok {
				return &usageError{Problem: fmt.Sprintf("argument --format: invalid choice: %q (choose from process, env)", format)}
			}
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			c, err := s.credentials(cmd.Context())
			if err != nil {
				return notRetrieved(err)
			}
			return write(a.Stdout, c)
		},
	}
	c.Flags().StringVar(&format, "format", "process", "process or env")
	return c
}

// notRetrieved is how the AWS CLI tells, here alone, that a profile cannot have
// credentials as it is configured. That a person has to sign in is told as ever.
func notRetrieved(err error) error {
	wrapped := func(hint string) error {
		return &configError{Kind: "Configuration", Problem: "Unable to retrieve credentials: " + err.Error(), Hint: hint}
	}
	if e, ok := errors.AsType[*configError](err); ok && e.Kind == "NoCredentials" {
		return &configError{Kind: "Configuration", Problem: "Unable to retrieve credentials: no credentials found", Hint: e.Hint}
	}
	_, incomplete := errors.AsType[*awsconfig.IncompleteError](err)
	_, inconsistent := errors.AsType[*awsconfig.InconsistentError](err)
	_, noSession := errors.AsType[*awsconfig.NoSuchSessionError](err)
	if incomplete || inconsistent || noSession {
		return wrapped("")
	}
	return err
}

var exportFormats = map[string]func(io.Writer, credentials) error{
	"process": writeProcess,
	"env":     writeEnv,
}

// expiry is how the AWS CLI writes an expiration here: an offset, never Z.
func expiry(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// writeProcess writes version 1 of the credential_process protocol.
func writeProcess(w io.Writer, c credentials) error {
	o := output.Object{
		{Name: "Version", Value: int64(1)},
		{Name: "AccessKeyId", Value: c.AccessKeyID},
		{Name: "SecretAccessKey", Value: c.SecretAccessKey},
	}
	if c.SessionToken != "" {
		o = append(o, output.Member{Name: "SessionToken", Value: c.SessionToken})
	}
	if !c.Expiration.IsZero() {
		o = append(o, output.Member{Name: "Expiration", Value: expiry(c.Expiration)})
	}
	return output.WriteIndented(w, o, 2)
}

// writeEnv writes exports. Every value is quoted where it has to be, so that
// evaluating them can do nothing else.
func writeEnv(w io.Writer, c credentials) error {
	for _, kv := range c.environment() {
		if _, err := fmt.Fprintf(w, "export %s=%s\n", kv[0], quoteWord(kv[1])); err != nil {
			return err
		}
	}
	return nil
}

// environment is how credentials stand in an environment.
func (c credentials) environment() [][2]string {
	vars := [][2]string{{"AWS_ACCESS_KEY_ID", c.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey}}
	if c.SessionToken != "" {
		vars = append(vars, [2]string{"AWS_SESSION_TOKEN", c.SessionToken})
	}
	if !c.Expiration.IsZero() {
		vars = append(vars, [2]string{"AWS_CREDENTIAL_EXPIRATION", expiry(c.Expiration)})
	}
	return vars
}
