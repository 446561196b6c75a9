package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/terminal"
)

func newLocalMail(a *App, g *globals) *cobra.Command {
	var user string
	var asJSON, code bool
	c := &cobra.Command{
		Use:   "mail",
		Short: "The e-mail it would have sent",
		Long: `Prints the messages that the local Identity Center would have sent by e-mail, the
latest last: the sign-in codes of people who have mfa: email. They are kept for a
day. A person at the sign-in page finds the message at /mail.`,
		Example: `  portico local mail
  portico local mail --user bob --code    # the latest code alone, for a script`,
		Args: noArgs,
	}
	c.Flags().StringVar(&user, "user", "", "only this person's")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	c.Flags().BoolVar(&code, "code", false, "print the latest sign-in code and nothing else")
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		messages, err := client.Mail(ctx, user)
		if err != nil {
			return err
		}
		switch {
		case code && len(messages) == 0:
			return &hintedError{Err: fmt.Errorf("no message has been sent"), Hint: "A code is sent when somebody who has mfa: email enters the right password."}
		case code:
			_, err := fmt.Fprintln(a.Stdout, messages[len(messages)-1].Code)
			return err
		case asJSON:
			return writeLines(a.Stdout, messages)
		}
		return a.show(g, "messages", messages, func() error { return writeMail(a.Stdout, messages) })
	})
}

func writeMail(out io.Writer, messages []control.Message) error {
	for i, m := range messages {
		if i > 0 {
			fmt.Fprintln(out)
		}
		_, err := fmt.Fprintf(out, "Date: %s\nTo: %s\nSubject: %s\n\n%s\n", m.SentAt.UTC().Format(time.RFC1123Z),
			terminal.Clean(m.To), terminal.Clean(m.Subject), cleanLines(m.Text))
		if err != nil {
			return err
		}
	}
	return nil
}
