package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

func newConfigureList(a *App, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the profile, credentials and region in use, and where they come from",
		Long: `Shows the profile, the credentials and the region that commands use as things are,
and where each comes from. Of keys the last four characters are shown. Credentials
are fetched for that, if they have to be; a person has to be signed in.`,
		Example: `  portico configure list
  portico configure list --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			t := settingsTable{Out: a.Stdout}
			t.row("NAME", "VALUE", "TYPE", "LOCATION")
			t.row(s.profileRow())
			// As with the AWS CLI, what is known is shown before what may fail.
			c, err := s.credentials(cmd.Context())
			if e, ok := errors.AsType[*configError](err); ok && e.Kind == "NoCredentials" {
				err = nil
			}
			if err != nil {
				return err
			}
			for _, key := range [][2]string{{"access_key", c.AccessKeyID}, {"secret_key", c.SecretAccessKey}} {
				if c.AccessKeyID == "" {
					t.row(key[0], notSet, none, none)
				} else {
					t.row(key[0], masked(key[1]), c.Provider, "")
				}
			}
			t.row(s.regionRow(a.files()))
			return t.err
		},
	}
}

// The AWS CLI's words for what is not there.
const (
	notSet = "<not set>"
	none   = "None"
)

func (s *setup) profileRow() (name, value, kind, location string) {
	switch s.settings.ProfileSource {
	case "":
		return "profile", notSet, none, none
	case "--profile":
		return "profile", s.settings.ProfileName, "manual", "--profile"
	}
	return "profile", s.settings.ProfileName, "env", "['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']"
}

// regionRow is the region as it is without --region, which is for one command.
func (s *setup) regionRow(files awsconfig.Files) (name, value, kind, location string) {
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v, _ := s.lookup(variable); v != "" {
			return "region", v, "env", "['AWS_REGION', 'AWS_DEFAULT_REGION']"
		}
	}
	region, _ := s.settings.Profile.Get("region")
	if region == "" {
		return "region", notSet, none, none
	}
	location = files.ConfigShown
	if origin, _ := s.settings.Profile.Origin("region"); origin.File == files.Credentials {
		location = files.CredentialsShown
	}
	return "region", region, "config-file", location
}

// settingsTable writes the AWS CLI's table of settings and keeps the first error.
type settingsTable struct {
	Out io.Writer
	err error
}

func (t *settingsTable) row(name, value, kind, location string) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.Out, "%-10s : %-24s : %-16s : %s\n", name, terminal.Clean(value), kind, terminal.Clean(location))
	}
}
