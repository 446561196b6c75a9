package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unfit is a default profile with keys that open nothing: any SDK that looks there
// before it asks an endpoint fails.
const unfit = `
[default]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
`

// expire removes what is cached of roles, so that the next credentials have to be
// asked for.
func (c *center) expire(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(c.home(".aws", "cli", "cache")); err != nil {
		t.Fatal(err)
	}
}

// Every SDK takes credentials from the endpoint, goes on when somebody has signed
// in again, and tells a person what is the matter in between.
func TestEndpoint(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		c := local(t, "--proxy", "--as", "alice")
		c.profiles(t)
		c.must(t, "portico", "sso", "login", "--profile", "dev")
		extend(t, c.home(".aws", "config"), unfit)
		for _, token := range [][]string{nil, {"--token-file", c.home("token")}} {
			if token != nil && s.name == "debian-boto3" {
				continue // the one of 2022 knows the variable alone
			}
			d := c.drive(t, s, append(append([]string{"portico", "exec", "--profile", "dev", "--serve"}, token...), "--")...)
			var me identity
			d.must(t, whoAmI(""), &me)
			if me.Account != "111111111111" || !strings.Contains(me.Arn, "AdministratorAccess") || !strings.HasSuffix(me.Arn, "/alice") {
				t.Errorf("%v: got %+v", token, me)
			}
			if token != nil {
				continue
			}
			c.portico(t, "revoke", "--user", "alice")
			c.expire(t)
			if f := d.ask(t, whoAmI(""), nil); f == nil || !s.endpointSays().MatchString(f.Message) {
				t.Errorf("nobody is signed in: got %v", f)
			}
			c.must(t, "portico", "sso", "login", "--profile", "dev")
			d.must(t, whoAmI(""), &me)
		}
	})
}

var signInRequired = regexp.MustCompile(`(?s)SignInRequired.*portico sso login`)

// endpointSays is what an SDK tells when the endpoint says that somebody has to
// sign in. That of JavaScript keeps the words to itself.
func (s sdk) endpointSays() *regexp.Regexp {
	if s.name == "node" {
		return regexp.MustCompile("401|Could not load credentials")
	}
	return signInRequired
}

// The AWS CLI, old as it may be, takes credentials from the endpoint, and is told
// when there are none.
func TestEndpointAWSCLI(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--proxy", "--as", "alice")
	c.profiles(t)
	c.must(t, "portico", "sso", "login", "--profile", "dev")
	extend(t, c.home(".aws", "config"), unfit)
	out := c.must(t, "portico", "exec", "--profile", "dev", "--serve", "--for", "30m", "--", aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
	if !strings.Contains(out, ":111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_") {
		t.Errorf("got %s", out)
	}
	log, err := os.ReadFile(filepath.Join(c.getenv("HOME"), ".local", "state", "portico", "audit.jsonl"))
	if err != nil || !strings.Contains(string(log), `"outcome":"granted","profile":"dev","account_id":"111111111111","role":"AdministratorAccess"`) {
		t.Errorf("the audit log says %s, %v", log, err)
	}
	r := c.run(t, "portico", "exec", "--profile", "dev", "--serve", "--", "sh", "-c",
		`rm -r ~/.aws/cli/cache && portico local revoke --user alice >/dev/null && exec "$@"`, "sh", aws, "sts", "get-caller-identity")
	if r.code == 0 || !signInRequired.MatchString(r.stderr) {
		t.Errorf("nobody is signed in: got %v", r)
	}
}

// extend adds to a file.
func extend(t *testing.T, file, text string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(data)+text)
}
