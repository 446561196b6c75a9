package cli

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// leaves are the commands that do something.
func leaves(c *cobra.Command) []*cobra.Command {
	if c.Name() == "help" || c.Name() == "completion" {
		return nil // cobra's own
	}
	if !c.HasSubCommands() {
		return []*cobra.Command{c}
	}
	var all []*cobra.Command
	for _, sub := range c.Commands() {
		all = append(all, leaves(sub)...)
	}
	return all
}

// run is what a script runs: its lines without the comments, and without what is
// expected to be printed.
func run(script string) string {
	var lines strings.Builder
	for line := range strings.Lines(script) {
		word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "! "), " ")
		if !strings.HasPrefix(word, "#") && word != "stdout" && word != "stderr" {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

func TestCommentsRunNothing(t *testing.T) {
	script := "# portico a\n\t#portico a\nstderr 'portico a'\n! stdout 'portico a'\nexec portico b\n"
	if got, want := run(script), "exec portico b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every command has help a person can use, an example in which it occurs, and a
// script that runs it.
func TestEveryCommandIsDocumentedAndScripted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var scripts strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts.WriteString(run(string(data)))
	}
	root := newRoot(&App{Name: "portico"})
	for _, c := range leaves(root) {
		path := c.CommandPath()
		if c.Annotations[isOperation] != "" {
			continue // TestEveryOperation has them
		}
		switch {
		case c.Short == "" || strings.HasSuffix(c.Short, "."):
			t.Errorf("%s: its summary %q should be a phrase", path, c.Short)
		case !strings.Contains(c.Example, path):
			t.Errorf("%s: no example shows it", path)
		}
		// idc is the scripts' own word for "portico local start".
		if !strings.Contains(scripts.String(), path) {
			t.Errorf("%s: no script runs it", path)
		}
	}
	for _, c := range root.Commands() {
		if c.GroupID == "" && c.Name() != "help" && c.Name() != "completion" {
			t.Errorf("%s is in no group of the help text", c.Name())
		}
	}
}

func TestWithReplacesAndRemoves(t *testing.T) {
	got := with([]string{"A=1", "B=2", "C=3"}, []string{"B=x", "D=4"}, "C")
	slices.Sort(got)
	if want := []string{"A=1", "B=x", "D=4"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQuoteWord(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "a/b=c+d": "a/b=c+d", "*": "'*'", "~": "'~'",
	} {
		if got := quoteWord(in); got != want {
			t.Errorf("quoteWord(%q): got %s, want %s", in, got, want)
		}
	}
}

func TestOnlySafeAddressesAreOpened(t *testing.T) {
	for _, ok := range []string{"https://d-1.awsapps.com/x?y=z", "http://127.0.0.1:8642/authorize?a=b", "http://[::1]:1/x", "http://localhost/"} {
		if err := checkAddress(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"file:///etc/passwd", "-x", "javascript:alert(1)", "http://evil.test/", "https://a b/", "https://", "$(touch x)", "http://127.0.0.1.evil.test/", "ftp://127.0.0.1/", "https://x/\n"} {
		if err := checkAddress(bad); err == nil {
			t.Errorf("%q would be opened", bad)
		}
	}
}

// Whatever a server calls its sign-in page, nothing is started for an address that
// a browser should not be sent to.
func TestOpenURLGuards(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "opened")
	for _, bad := range []string{"http://portico-idc.test/authorize", "file:///etc/passwd", "-x"} {
		a := &App{OpenURL: func(address string) error { t.Errorf("%s was opened", address); return nil }}
		if err := a.openURL(bad); err == nil {
			t.Errorf("%s: got no error", bad)
		}
		a = &App{Env: []string{"PATH=" + os.Getenv("PATH"), "BROWSER=touch " + marker + " %s"}, Stderr: io.Discard}
		if err := a.openURL(bad); err == nil {
			t.Errorf("%s: a browser was started", bad)
		}
	}
	opened := ""
	a := &App{OpenURL: func(address string) error { opened = address; return nil }}
	if err := a.openURL("http://127.0.0.1:1/x"); err != nil || opened != "http://127.0.0.1:1/x" {
		t.Errorf("an address of this machine: got %q, %v", opened, err)
	}
}

func TestValidators(t *testing.T) {
	for _, u := range []string{"https://d-1234567890.awsapps.com/start", "http://x", "ftp://x", "//x", "https://127.0.0.1:8642/start", "https://x.awsapps.com/start#/", "https://x.awsapps.com/start-beta"} {
		if err := validStartURL(u); err != nil {
			t.Errorf("start URL %q refused", u)
		}
	}
	for _, u := range []string{"x", "https://under_score.x", "https://[::1]/", "https://x ", "", "https://u@x/", "https://x\n"} {
		if err := validStartURL(u); err == nil {
			t.Errorf("start URL %q accepted", u)
		}
	}
	for _, s := range []string{"a, b", " a, b ", "a", "a,b", ""} {
		if err := validScopes(s); err != nil {
			t.Errorf("scopes %q refused", s)
		}
	}
	for _, s := range []string{"a b", "a, b c"} {
		if err := validScopes(s); err == nil {
			t.Errorf("scopes %q accepted", s)
		}
	}
}
