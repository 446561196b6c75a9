package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/cli"
)

var update = flag.Bool("update", false, "write docs/reference anew")

const dir = "../../../docs/reference"

// The pages say what the commands say.
func TestReferenceIsCurrent(t *testing.T) {
	want := pages(cli.Commands())
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := writePages(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	const cure = "write the pages anew with: go test ./internal/cli/reference -update"
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != text {
			t.Errorf("docs/reference/%s is not what the commands say; %s", name, cure)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := want[filepath.Base(f)]; !ok {
			t.Errorf("docs/reference/%s is of no command; %s", filepath.Base(f), cure)
		}
	}
}

// There is a man page for each command of portico's own, and none for AWS's
// operations.
func TestManPages(t *testing.T) {
	to := t.TempDir()
	if err := writeManual(to, cli.Commands()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"portico.1", "portico-exec.1", "portico-access-report.1", "portico-sso-login.1"} {
		text, err := os.ReadFile(filepath.Join(to, name))
		if err != nil || !strings.Contains(string(text), ".SH") {
			t.Errorf("%s: %v, %d bytes", name, err, len(text))
		}
	}
	// Help is no Markdown: brackets are no links, and tables keep their lines.
	for name, want := range map[string]string{"portico-sync.1": "[sso-session] (portico", "portico-shell-init.1": "\nzsh   ~/.zshrc"} {
		text, _ := os.ReadFile(filepath.Join(to, name))
		if plain := strings.ReplaceAll(string(text), `\`, ""); !strings.Contains(plain, want) {
			t.Errorf("%s lacks %q:\n%s", name, want, plain)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(to, "portico-sso-admin-*")); len(found) > 0 {
		t.Errorf("pages of operations: %v", found)
	}
}
