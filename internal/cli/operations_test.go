package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
)

func operationCommands(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, l := range leaves(c) {
		if l.Annotations[isOperation] != "" {
			all = append(all, l)
		}
	}
	return all
}

// Every operation has a summary, an example, help and a skeleton of its input,
// for which nothing is configured and nobody asked.
func TestEveryOperation(t *testing.T) {
	a := &App{Name: "portico", Home: t.TempDir(), Stdin: strings.NewReader("")}
	commands := operationCommands(newRoot(a))
	of := 0
	for _, svc := range admin.Services() {
		of += len(svc.Operations)
	}
	if len(commands) != of-1 { // sso logout is a command of its own
		t.Errorf("got %d commands, want %d: one for each operation but sso Logout", len(commands), of-1)
	}
	for _, c := range commands {
		words := strings.Fields(c.CommandPath())[1:]
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: its summary %q should be a phrase", words, c.Short)
		}
		if !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: its example does not show it", words)
		}
		run := func(more ...string) string {
			var out, problem bytes.Buffer
			app := *a
			app.Stdout, app.Stderr = &out, &problem
			root := newRoot(&app, words...)
			root.SetArgs(append(words, more...))
			if err := root.ExecuteContext(t.Context()); err != nil || problem.Len() > 0 {
				t.Errorf("%s %s: %v\n%s", words, more, err, &problem)
			}
			return out.String()
		}
		if help := run("--help"); !strings.Contains(help, "Usage:\n  "+c.CommandPath()) || !strings.Contains(help, "--generate-cli-skeleton") || !strings.Contains(help, "--profile string") {
			t.Errorf("%s: got as help\n%s", words, help)
		}
		if skeleton := run("--generate-cli-skeleton"); !json.Valid([]byte(skeleton)) {
			t.Errorf("%s: got as skeleton %q", words, skeleton)
		}
	}
}

// A command line pays for the operations of the service that it names.
func TestOperationsAreMadeWhenNamed(t *testing.T) {
	for _, tt := range []struct {
		words []string
		want  []string
	}{
		{[]string{"sso", "login"}, []string{"sso"}},
		{[]string{"--profile", "dev", "sts", "get-caller-identity"}, []string{"sts"}},
		{[]string{"exec", "--", "true"}, nil},
		{[]string{"help", "sso-admin"}, []string{"sso-admin"}},
		{[]string{"__complete", "organizations", "list"}, []string{"organizations"}},
		{nil, []string{"identitystore", "organizations", "sso", "sso-admin", "sso-oidc", "sts"}},
	} {
		var got []string
		for _, c := range newRoot(&App{Name: "portico"}, tt.words...).Commands() {
			if len(operationCommands(c)) > 0 {
				got = append(got, c.Name())
			}
		}
		if strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%v: made those of %v, want %v", tt.words, got, tt.want)
		}
	}
}

// Shells are offered the flags of an operation, and global ones.
func TestOperationCompletion(t *testing.T) {
	var out bytes.Buffer
	a := &App{Name: "portico", Home: t.TempDir(), Stdout: &out, Stderr: &out}
	words := []string{"__complete", "sso-admin", "list-account-assignments", "--"}
	root := newRoot(a, words...)
	root.SetArgs(words)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--account-id\t", "--max-items\t", "--profile\t"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not offered:\n%s", want, &out)
		}
	}
}

// Which instance is meant goes without saying only when there is one.
func TestInstanceThatIsLeftOut(t *testing.T) {
	for _, tt := range []struct{ instances, want string }{
		{`[{"InstanceArn": "arn:a", "IdentityStoreId": "d-1"}]`, ""},
		{`[]`, "There is no instance of IAM Identity Center in eu-west-1 that these credentials see."},
		{`[{"InstanceArn": "arn:a"}, {"InstanceArn": "arn:b"}]`, "the following arguments are required: --instance-arn; there are 2 instances of IAM Identity Center: arn:a, arn:b"},
	} {
		var asked []string
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			asked = append(asked, name+" "+string(body))
			if name == "ListInstances" {
				fmt.Fprintf(w, `{"Instances": %s}`, tt.instances)
			} else {
				fmt.Fprint(w, `{"PermissionSets": []}`)
			}
		}))
		defer service.Close()
		var out, problem bytes.Buffer
		a := App{Name: "portico", Home: t.TempDir(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problem,
			Env: []string{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + service.URL}}
		code := a.Run(t.Context(), []string{"sso-admin", "list-permission-sets"})
		if tt.want == "" {
			if want := []string{"ListInstances {}", `ListPermissionSets {"InstanceArn":"arn:a"}`}; code != 0 || !slices.Equal(asked, want) {
				t.Errorf("%s: asked %q (%d, %s), want %q", tt.instances, asked, code, &problem, want)
			}
		} else if !strings.Contains(problem.String(), tt.want) || len(asked) != 1 {
			t.Errorf("%s: got %d, %s; want %s", tt.instances, code, &problem, tt.want)
		}
	}
}

// The whole Identity Center is not deleted for want of an argument.
func TestInstanceToDeleteIsNamed(t *testing.T) {
	for _, words := range [][]string{{"sso-admin", "delete-instance"}, {"sso-admin", "delete-instance", "--cli-input-json", "{}"}} {
		asked := 0
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			fmt.Fprint(w, `{"Instances": [{"InstanceArn": "arn:a"}]}`)
		}))
		defer service.Close()
		var out, problem bytes.Buffer
		a := App{Name: "portico", Home: t.TempDir(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problem,
			Env: []string{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + service.URL}}
		if code := a.Run(t.Context(), words); code != exitUsage || asked != 0 {
			t.Errorf("%v: got %d after %d requests, want %d after none: %s", words, code, asked, exitUsage, &problem)
		}
	}
}
