//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// Two who configure at once both get what they asked for.
func TestConfigureAtOnce(t *testing.T) {
	home := t.TempDir()
	configured(t, home, "# mine\n"+corp)
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	const rounds = 10
	var both sync.WaitGroup
	for _, who := range []string{"a", "b"} {
		both.Go(func() {
			for i := range rounds {
				cmd := program(t, env, "configure", "sso-session", "--sso-session", fmt.Sprint(who, i), "--sso-start-url", "https://"+who+".awsapps.com/start",
					"--sso-region", "us-east-1", "--sso-registration-scopes", "sso:account:access")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s%d: %v\n%s", who, i, err, out)
				}
			}
		})
	}
	both.Wait()
	c, err := awsconfig.Files{Config: filepath.Join(home, ".aws", "config"), Credentials: filepath.Join(home, ".aws", "credentials")}.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"a", "b"} {
		for i := range rounds {
			name := fmt.Sprint(who, i)
			if s, ok := c.Session(name); !ok || s.StartURL != "https://"+who+".awsapps.com/start" || s.Region != "us-east-1" {
				t.Errorf("%s was lost: %+v", name, s)
			}
		}
	}
	if _, ok := c.Session("corp"); !ok || len(c.Sessions()) != 2*rounds+1 {
		t.Errorf("got the sessions %q", c.Sessions())
	}
}
