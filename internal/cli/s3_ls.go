package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newS3Ls(a *App, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List the buckets of the account",
		Long: `Lists the buckets of the account, with the local time each was made. With the
name of a bucket, or flags of its own, it goes through to the AWS CLI, as the
rest of s3 does.`,
		Example:     `  portico s3 ls --profile dev`,
		Annotations: map[string]string{inPart: "buckets"},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			caller, err := s.caller(cmd.Context(), "S3")
			if err != nil {
				return err
			}
			return (&s3Ls{Caller: caller, Out: a.Stdout}).run(cmd.Context())
		},
	}
}

type s3Ls struct {
	Caller *admin.Caller
	Out    io.Writer
}

func (l *s3Ls) run(ctx context.Context) error {
	buckets, err := l.Caller.Buckets(ctx)
	if err != nil {
		return err
	}
	for _, b := range buckets {
		if _, err := fmt.Fprintf(l.Out, "%s %s\n", b.Created.Local().Format("2006-01-02 15:04:05"), terminal.Clean(b.Name)); err != nil {
			return err
		}
	}
	return nil
}
