package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
)

func newConfigureSet(a *App, g *globals) *cobra.Command {
	var in subsectionFlags
	c := &cobra.Command{
		Use:   "set VARNAME VALUE",
		Short: "Write a setting into the files",
		Long: `Writes a setting of a profile, which is made if there is none. Keys go to the
credentials file, everything else to the config file. The rest of the file keeps
its bytes.

VARNAME is KEY (of the active profile), PROFILE.KEY, profile.PROFILE.KEY or
default.KEY; a nested setting adds .SUBKEY. Put a value that begins with - after --.`,
		Example: `  portico configure set region eu-west-1 --profile dev
  portico configure set profile.dev.output yaml
  portico configure set s3.max_concurrent_requests 20
  portico configure set sso_region eu-west-1 --sso-session corp
  portico configure set sso.endpoint_url http://127.0.0.1:8642 --services test`,
		Args: exactly("varname", "value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			section, err := in.section(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			s, err := a.setupForNew(g)
			if err != nil {
				return err
			}
			if section == (awsconfig.Section{}) && g.Profile != "" && !strings.HasPrefix(args[0], "profile.") && !strings.HasPrefix(args[0], "default.") {
				// Who names a profile means its s3 block by s3.K, even if there is a
				// profile s3, too.
				section = awsconfig.Section{Kind: awsconfig.KindProfile, Name: g.Profile}
			}
			v, err := s.variable(args[0], section)
			if err != nil {
				return err
			}
			secret := v.Sub == "" && v.Section.Kind == awsconfig.KindProfile && slices.Contains(credentialsKeys, strings.ToLower(v.Key))
			if secret {
				v.Section.Kind = awsconfig.KindCredentials
			}
			files := a.files()
			edit := awsconfig.Edit{Section: v.Section, Set: []awsconfig.KeyValue{{Key: v.Key, Sub: v.Sub, Value: &args[1]}}}
			if _, err := files.Update(cmd.Context(), edit); err != nil {
				return err
			}
			if secret && files.CredentialsExposed() {
				s.warn(fmt.Sprintf("The file '%s' is accessible by other users. Consider running 'chmod 600 %s' to restrict access to only your user.", files.Credentials, files.Credentials))
			}
			return nil
		},
	}
	// What looks like a flag may be half of a secret, so it is not repeated.
	c.SetFlagErrorFunc(func(*cobra.Command, error) error {
		return &usageError{Problem: "there is an unknown flag, or one without its value; put a value that begins with - after --, as in: configure set KEY -- VALUE"}
	})
	in.add(c, "write")
	return c
}

// credentialsKeys are kept in the credentials file.
var credentialsKeys = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
