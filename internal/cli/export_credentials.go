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

// shellLines write one variable for a shell. Keys as AWS issues them need no
// quotes in any; those of a stranger's credential_process may be anything.
var shellLines = map[string]func(name, value string) (string, error){
	"env":           func(name, value string) (string, error) { return "export " + name + "=" + quoteWord(value), nil },
	"env-no-export": func(name, value string) (string, error) { return name + "=" + quoteWord(value), nil },
	"powershell": func(name, value string) (string, error) {
		// PowerShell takes typographic quotes for plain ones.
		return "$Env:" + name + `="` + escape(value, "`", "`$\"\u201c\u201d\u201e") + `"`, nil
	},
	"windows-cmd": func(name, value string) (string, error) {
		if strings.ContainsAny(value, `%!"`) {
			return "", fmt.Errorf("%s holds a character that nothing protects from cmd.exe (%% ! or \"): use another --format", name)
		}
		return "set " + name + "=" + escape(value, "^", "^&|<>()"), nil
	},
	"fish": func(name, value string) (string, error) {
		return "set -gx " + name + ` "` + escape(value, `\`, `\$"`) + `"`, nil
	},
}

// escape puts mark before each of the special characters.
func escape(value, mark, special string) string {
	var b strings.Builder
	for _, r := range value {
		if strings.ContainsRune(special, r) {
			b.WriteString(mark)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func writeShell(w io.Writer, c credentials, line func(name, value string) (string, error)) error {
	return writeVariables(w, c.environment(), line)
}

// writeVariables writes all lines or none.
func writeVariables(w io.Writer, variables [][2]string, line func(name, value string) (string, error)) error {
	var lines []string
	for _, kv := range variables {
		if strings.ContainsFunc(kv[1], unicode.IsControl) {
			return fmt.Errorf("%s holds a control character, which a terminal would obey when it is pasted", kv[0])
		}
		text, err := line(kv[0], kv[1])
		if err != nil {
			return err
		}
		lines = append(lines, text)
	}
	out := bufio.NewWriter(w)
	for _, l := range lines {
		fmt.Fprintln(out, l)
	}
	return out.Flush()
}
