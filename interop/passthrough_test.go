package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The AWS CLI, without a proxy and so without a way to an access portal that an
// old one would take: what it needs of the sign-in, portico has put into its
// cache.
func TestPassThrough(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--tls", "--as", "alice")
	c.profiles(t)
	c.first(filepath.Dir(aws))
	endpoint := c.getenv("AWS_ENDPOINT_URL")
	c.must(t, "portico", "sso", "login", "--profile", "dev")

	buckets := func(name string, args ...string) string {
		return c.must(t, name, append(args, "s3api", "list-buckets", "--endpoint-url", endpoint, "--query", "Buckets[].Name", "--output", "text")...)
	}
	asked := func(want int) {
		t.Helper()
		es := c.events(t, "GetRoleCredentials")
		if len(es) != want {
			t.Errorf("got %d calls of GetRoleCredentials, want %d", len(es), want)
		}
		for _, e := range es {
			if strings.Contains(e.UserAgent, "aws-cli") {
				t.Errorf("aws asked for role credentials itself: %s", e.UserAgent)
			}
		}
	}
	if got := buckets("portico", "--profile", "dev"); got != "dev-artifacts" {
		t.Errorf("by --profile: got %q", got)
	}
	asked(1)
	c.env = append(c.env, "AWS_PROFILE=prod")
	prod := buckets("portico")
	asked(2)
	if prod == "dev-artifacts" {
		t.Errorf("by AWS_PROFILE: got %q", prod)
	}

	// From here on the AWS CLI does as well alone, signed out or not.
	if got := buckets(aws); got != prod {
		t.Errorf("aws: got %q, want %q", got, prod)
	}
	if err := os.RemoveAll(c.home(".aws", "sso", "cache")); err != nil {
		t.Fatal(err)
	}
	for profile, account := range map[string]string{"dev": "111111111111", "prod": "222222222222"} {
		if got := c.must(t, aws, "--endpoint-url", endpoint, "sts", "get-caller-identity", "--profile", profile, "--query", "Account", "--output", "text"); got != account {
			t.Errorf("%s: got account %q, want %s", profile, got, account)
		}
	}
	asked(2)

	// Whatever becomes of a command, it becomes of it by either way.
	for _, args := range [][]string{
		{"s3api", "list-buckets", "--endpoint-url", endpoint, "--query", "Buckets["},
		{"s3api", "get-object", "--bucket", "dev-artifacts", "--key", "k", "out", "--endpoint-url", endpoint},
		{"s3", "cp", "-", "s3://dev-artifacts/k", "--endpoint-url", endpoint},
	} {
		want, got := c.run(t, aws, args...), c.run(t, "portico", args...)
		if got.code != want.code || got.stdout != want.stdout || got.stderr != want.stderr {
			t.Errorf("%q: portico: %v\naws: %v", args, got, want)
		}
	}

	// Linked as aws, in front of it.
	bin := c.home("bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(bin, "aws")
	if err := os.Symlink(filepath.Join(tools, "portico"), linked); err != nil {
		t.Fatal(err)
	}
	c.first(bin)
	if got := c.must(t, linked, "--version"); !strings.HasPrefix(got, "aws-cli/2.") {
		t.Errorf("aws --version: got %q", got)
	}
	if got := buckets(linked); got != prod {
		t.Errorf("linked as aws: got %q, want %q", got, prod)
	}
	// An alias of the AWS CLI's that runs aws, which is portico, which runs it.
	write(t, c.home(".aws", "cli", "alias"), "[toplevel]\nbuckets = !aws s3api list-buckets --endpoint-url "+endpoint+" --query Buckets[].Name --output text\n")
	if got := c.must(t, linked, "buckets"); got != prod {
		t.Errorf("by an alias: got %q, want %q", got, prod)
	}
}

// first puts a directory first on the clients' PATH.
func (c *center) first(dir string) {
	path := "PATH=" + dir + string(os.PathListSeparator) + c.getenv("PATH")
	c.env = append(slices.DeleteFunc(slices.Clone(c.env), func(kv string) bool { return strings.HasPrefix(kv, "PATH=") }), path)
}
