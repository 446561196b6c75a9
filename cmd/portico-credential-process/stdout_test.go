//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What cannot be printed ends both programs in the same way.
func TestStdoutThatFails(t *testing.T) {
	t.Parallel()
	bin, lean := t.TempDir(), t.TempDir()
	portico, helper := program(t, bin, "portico"), program(t, lean, "portico-credential-process")
	_, env := world{config: plain}.make(t, bin, time.Now())
	ends := func(path string, args []string, stdout *os.File) (string, string) {
		t.Helper()
		var stderr strings.Builder
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = env, stdout, &stderr
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.String(), stderr.String()
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	r, gone, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer gone.Close()
	for _, c := range []struct {
		stdout *os.File
		ends   string
	}{{full, "exit status 255"}, {gone, "signal: broken pipe"}} {
		got, said := ends(helper, []string{"--profile", "dev"}, c.stdout)
		want, says := ends(portico, []string{"credential-process", "--profile", "dev"}, c.stdout)
		if got != want || said != says || got != c.ends {
			t.Errorf("%s: got %s with %q, want %s as portico's %s with %q", filepath.Base(c.stdout.Name()), got, said, c.ends, want, says)
		}
	}
}
