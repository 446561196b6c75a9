package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
)

func newExportCredentials(a *App, g *globals) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "export-credentials",
		Short: "Print a profile's credentials for another program",
		Long: `Prints a profile's credentials, as JSON for credential_process or as lines that a
shell can evaluate. Values are written so that pasting the lines can do nothing
but set the variables.

  process        JSON, for credential_process (the default)
  env            export NAME=value
  env-no-export  NAME=value
  powershell     $Env:NAME="value"
  windows-cmd    set NAME=value
  fish           set -gx NAME "value"`,
		Example: `  portico configure export-credentials --profile dev
  eval "$(portico configure export-credentials --profile dev --format env)"
  portico configure export-credentials --profile dev --format fish | source`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(exportFormats, format) {
				return &usageError{Problem: fmt.Sprintf("argument --format: Found invalid choice '%s' (choose from %s)", format, strings.Join(exportFormats, ", "))}
			}
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			if err := s.enterChain(); err != nil {
				return err
			}
			c, err := s.credentials(cmd.Context())
			if err != nil {
				return a.notRetrieved(cmd.Context(), err)
			}
			if format == formatProcess {
				return writeProcess(a.Stdout, c)
			}
			return writeVariables(a.Stdout, c.environment(), dialects[format])
		},
	}
	c.Flags().StringVar(&format, "format", formatProcess, strings.Join(exportFormats, ", "))
	return c
}

const formatProcess = "process"

var exportFormats = []string{formatProcess, "env", "env-no-export", "powershell", "windows-cmd", "fish"}

// notRetrieved is how the AWS CLI tells, here alone, that a profile cannot have
// credentials as it is configured. That a person has to sign in is told as ever.
func (a *App) notRetrieved(ctx context.Context, err error) error {
	wrapped := func(problem, hint string) error {
		return &configError{Kind: "Configuration", Problem: "Unable to retrieve credentials: " + problem, Hint: hint}
	}
	if e, ok := errors.AsType[*configError](err); ok && e.Kind == "NoCredentials" {
		return wrapped("no credentials found", e.Hint)
	}
	if e, ok := errors.AsType[*credentialsError](err); ok {
		return wrapped(e.Problem, e.Hint)
	}
	_, incomplete := errors.AsType[*awsconfig.IncompleteError](err)
	_, inconsistent := errors.AsType[*awsconfig.InconsistentError](err)
	_, noSession := errors.AsType[*awsconfig.NoSuchSessionError](err)
	if incomplete || inconsistent || noSession {
		return wrapped(err.Error(), cure(ctx, a, err))
	}
	return err
}

// writeProcess writes version 1 of the credential_process protocol.
func writeProcess(w io.Writer, c credentials) error {
	_, err := w.Write(c.role().Process())
	return err
}
