package cli_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/cli"
)

// A config with as many profiles as a large organisation has accounts and roles
// is read in a moment.
func BenchmarkTenThousandProfiles(b *testing.B) {
	home := b.TempDir()
	var config strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&config, "[profile team-%05d]\nsso_session = corp\nsso_account_id = %012d\nsso_role_name = AdministratorAccess\nregion = eu-west-1\n\n", i, i)
	}
	config.WriteString("[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n")
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, args := range [][]string{
		{"configure", "list-profiles"},
		{"configure", "get", "region", "--profile", "team-09999"},
		{"configure", "set", "output", "json", "--profile", "team-09999"},
	} {
		b.Run(args[1], func(b *testing.B) {
			for b.Loop() {
				app := cli.App{Name: "portico", Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Home: home, Env: []string{"HOME=" + home}}
				if code := app.Run(b.Context(), args); code != 0 {
					b.Fatalf("got code %d", code)
				}
			}
		})
	}
}
