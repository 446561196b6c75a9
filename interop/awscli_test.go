package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// findAWSCLI finds version 2 of the AWS CLI on PATH. Version 1 has no sso login.
var findAWSCLI = sync.OnceValue(func() (found struct {
	path  string
	minor int
}) {
	version := regexp.MustCompile(`^aws-cli/2\.(\d+)`)
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "aws")
		out, err := exec.Command(path, "--version").Output()
		if m := version.FindSubmatch(out); err == nil && m != nil {
			found.path = path
			found.minor, _ = strconv.Atoi(string(m[1]))
			break
		}
	}
	return found
})

// awsCLI is the AWS CLI, or the test is skipped.
func awsCLI(t *testing.T) string {
	t.Helper()
	found := findAWSCLI()
	if found.path == "" {
		absent(t, "awscli", "apt-get install awscli")
	}
	return found.path
}

// deviceLogin is "aws sso login" by device code, which newer ones want to be told.
func deviceLogin(args ...string) []string {
	if findAWSCLI().minor >= 22 {
		args = append([]string{"--use-device-code"}, args...)
	}
	return append([]string{"sso", "login"}, args...)
}

// An AWS CLI that knows of no endpoint variables goes through the proxy, from
// its login in alice's browser to its logout.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--proxy", "--as", "alice", "--org", "testdata/org.yaml")
	c.profiles(t)

	out := c.must(t, aws, deviceLogin("--profile", "dev")...)
	if !strings.Contains(out, "Successfully logged into Start URL: "+startURL) {
		t.Errorf("aws sso login printed:\n%s", out)
	}
	var me identity
	c.json(t, &me, aws, "sts", "get-caller-identity", "--profile", "dev")
	if me.Account != "111111111111" || !strings.HasSuffix(me.Arn, "/alice") {
		t.Errorf("got %+v", me)
	}

	token := c.cached(t, c.home(".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json")).AccessToken
	var accounts struct{ AccountList []account }
	c.json(t, &accounts, aws, "sso", "list-accounts", "--access-token", token, "--page-size", "1", "--region", "us-east-1")
	var names []string
	for _, a := range accounts.AccountList {
		names = append(names, a.AccountName)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{`Zürich "prod"`, "a/b c", "dev & test", "management", "東京"}, names); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if n := len(c.events(t, "ListAccounts")); n != 5 {
		t.Errorf("got %d ListAccounts events, want one for each of 5 pages", n)
	}
	var roles struct{ RoleList []role }
	c.json(t, &roles, aws, "sso", "list-account-roles", "--access-token", token, "--account-id", "999999999999", "--page-size", "1", "--region", "us-east-1")
	if len(roles.RoleList) != 3 {
		t.Errorf("got roles %v, want 3", roles.RoleList)
	}

	if r := c.run(t, aws, "sts", "get-caller-identity", "--profile", "nobody"); r.code < 253 || !strings.Contains(r.stderr, "ForbiddenException") {
		t.Errorf("a role that alice does not have: %v", r)
	}

	c.must(t, aws, "sso", "logout", "--profile", "dev")
	if r := c.run(t, aws, "sts", "get-caller-identity", "--profile", "prod"); r.code < 253 {
		t.Errorf("after logout: %v", r)
	}
	if n := len(c.events(t, "Logout")); n != 1 {
		t.Errorf("got %d Logout events, want 1", n)
	}
	if n := len(c.sessions(t)); n != 0 {
		t.Errorf("got %d sign-ins after logout, want none", n)
	}
}

// What aws sso login survives, and with what it ends.
func TestAWSCLILogin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steer [][]string
		code  int
		want  string // in its output or its error
	}{
		{"slow_down", [][]string{{"fault", "add", "--op", "CreateToken", "--error", "SlowDownException", "--count", "1"}},
			0, "Successfully logged into"},
		{"slow_down once and for all", [][]string{{"fault", "add", "--op", "StartDeviceAuthorization", "--error", "SlowDownException"}},
			254, "(SlowDownException) when calling the StartDeviceAuthorization operation"},
		{"internal error twice", [][]string{{"fault", "add", "--op", "CreateToken", "--status", "500", "--count", "2"}},
			0, "Successfully logged into"},
		{"internal error", [][]string{{"fault", "add", "--op", "RegisterClient", "--error", "InternalServerException"}},
			254, "(InternalServerException) when calling the RegisterClient operation (reached max retries: "},
		{"answer lost", [][]string{{"fault", "add", "--op", "CreateToken", "--drop=after", "--nth", "2"}},
			254, "(InvalidGrantException) when calling the CreateToken operation"}, // it tries again, but a code is good for one answer
		{"connection lost", [][]string{{"fault", "add", "--op", "StartDeviceAuthorization", "--drop=before", "--count", "1"}},
			0, "Successfully logged into"},
		{"slow", [][]string{{"fault", "add", "--op", "*", "--latency", "300ms"}},
			0, "Successfully logged into"},
		{"invalid_client", [][]string{{"fault", "add", "--op", "CreateToken", "--error", "InvalidClientException"}},
			254, "(InvalidClientException) when calling the CreateToken operation"},
	}
	awsCLI(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := local(t, "--proxy", "--as", "alice")
			c.profiles(t)
			for _, s := range test.steer {
				c.portico(t, s...)
			}
			r := c.run(t, awsCLI(t), deviceLogin("--profile", "dev")...)
			if r.code != test.code || !strings.Contains(r.stdout+r.stderr, test.want) {
				t.Errorf("got %v\nwant exit %d and %q", r, test.code, test.want)
			}
		})
	}
}

// What the AWS CLI's commands survive once it is signed in, and with what they
// end. Each begins with a fresh sign-in.
func TestAWSCLICommands(t *testing.T) {
	t.Parallel()
	const credentials, anything = "GetRoleCredentials", ""
	tests := []struct {
		name  string
		steer [][]string
		left  time.Duration // of the sign-in, by the clock of the CLI; 0 leaves it
		code  int
		want  string
		op    string // is called
		calls int    // so often
	}{
		{"throttled twice", [][]string{{"fault", "add", "--op", credentials, "--error", "TooManyRequestsException", "--count", "2"}},
			0, 0, "111111111111", credentials, 3},
		{"throttled", [][]string{{"fault", "add", "--op", credentials, "--error", "TooManyRequestsException"}},
			0, 254, "(TooManyRequestsException) when calling the GetRoleCredentials operation (reached max retries: 2)", credentials, 3},
		{"internal error twice", [][]string{{"fault", "add", "--op", credentials, "--status", "500", "--count", "2"}},
			0, 0, "111111111111", credentials, 3},
		{"answer lost", [][]string{{"fault", "add", "--op", credentials, "--drop=after", "--count", "1"}},
			0, 0, "111111111111", anything, 0},
		{"revoked", [][]string{{"revoke", "--user", "alice"}},
			0, 255, "The SSO session associated with this profile has expired or is otherwise invalid", credentials, 1},
		{"disabled", [][]string{{"user", "disable", "alice"}},
			0, 255, "The SSO session associated with this profile has expired or is otherwise invalid", credentials, 1},
		{"assignment taken back", [][]string{{"unassign", "--group", "platform", "--permission-set", "AdministratorAccess", "--account", "*"}},
			0, 254, "(ForbiddenException) when calling the GetRoleCredentials operation: No access", credentials, 1},
		{"renewed", nil,
			14 * time.Minute, 0, "111111111111", "CreateToken", 2},
		{"renewed although answer lost", [][]string{{"fault", "add", "--op", "CreateToken", "--drop=after", "--count", "1"}},
			14 * time.Minute, 0, "111111111111", anything, 0},
		{"not to be renewed", [][]string{{"revoke", "--user", "alice"}},
			-time.Minute, 255, "Token has expired and refresh failed", "CreateToken", 2},
	}
	awsCLI(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aws := awsCLI(t)
			c := local(t, "--proxy")
			c.profiles(t)
			c.portico(t, "decision", "add", "allow", "--as", "alice")
			c.must(t, aws, deviceLogin("--profile", "dev", "--no-browser")...)
			before := len(c.events(t, test.op)) // CreateToken's polls
			if test.left != 0 {
				c.age(t, test.left)
			}
			for _, s := range test.steer {
				c.portico(t, s...)
			}
			r := c.run(t, aws, "sts", "get-caller-identity", "--profile", "dev")
			if r.code != test.code || !strings.Contains(r.stdout+r.stderr, test.want) {
				t.Errorf("got %v\nwant exit %d and %q", r, test.code, test.want)
			}
			if test.op == "CreateToken" {
				test.calls += before - 1
			}
			if n := len(c.events(t, test.op)); test.op != "" && n != test.calls {
				t.Errorf("got %d calls of %s, want %d", n, test.op, test.calls)
			}
		})
	}
}

// age leaves so much of the cached sign-in, by the clients' clock.
func (c *center) age(t *testing.T, left time.Duration) {
	t.Helper()
	file := c.home(".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json")
	k := c.cached(t, file)
	k.ExpiresAt = time.Now().Add(left).UTC().Truncate(time.Second)
	data, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(data))
}

// json runs a program that prints JSON.
func (c *center) json(t *testing.T, out any, name string, args ...string) {
	t.Helper()
	text := c.must(t, name, args...)
	if err := json.Unmarshal([]byte(text), out); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, text)
	}
}

func (c *center) sessions(t *testing.T) (ids []string) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(c.portico(t, "sessions", "--json"))); d.More(); {
		var s struct{ ID string }
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, s.ID)
	}
	return ids
}
