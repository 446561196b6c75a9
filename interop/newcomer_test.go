package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tests in testdata/newcomer are run as their first lines say, by nothing
// but that line.
func TestNewcomers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// line completes: portico local run …
		line func(t *testing.T) []string
		// dir is where it is run, if not where the file is.
		dir func(t *testing.T) string
	}{
		{name: "go", line: func(*testing.T) []string {
			return []string{"--as", "alice", "--", "go", "test"}
		}},
		{name: "node", line: func(t *testing.T) []string {
			return []string{"--", nodeSDK(t), "--test"}
		}, dir: func(t *testing.T) string {
			// Next to their package's modules, as users of npm have it.
			dir := t.TempDir()
			modules, err := filepath.Abs("testdata/node/node_modules")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(filepath.Join(dir, "test"), os.DirFS("testdata/newcomer/node")); err != nil {
				t.Fatal(err)
			}
			return dir
		}},
		{name: "python", line: func(t *testing.T) []string {
			return []string{"--as", "alice", "--", modernBoto3(t), "-m", "unittest"}
		}},
		{name: "debian-python", line: func(t *testing.T) []string {
			return []string{"--proxy", "--", debianBoto3(t), "-m", "unittest"}
		}},
		{name: "shell", line: func(t *testing.T) []string {
			awsCLI(t)
			return []string{"--proxy", "--as", "alice", "--", "./login.sh"}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			line := test.line(t)
			dir := filepath.Join("testdata/newcomer", test.name)
			if test.dir != nil {
				dir = test.dir(t)
			}
			newcomer(t, dir, filepath.Join(tools, "portico"), append([]string{"local", "run"}, line...)...)
		})
	}
}

func newcomer(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(outside(t), goCaches(t)...)
	if aws := findAWSCLI().path; aws != "" { // before a version 1, where there are both
		cmd.Env = append(cmd.Env, "PATH="+strings.Join([]string{tools, filepath.Dir(aws), os.Getenv("PATH")}, string(os.PathListSeparator)))
	}
	if r := finish(t, cmd); r.code != 0 {
		t.Errorf("%q: %v", cmd.Args, r)
	}
}

// goCaches points the Go command at what it has below the real HOME.
func goCaches(t *testing.T) []string {
	t.Helper()
	names := []string{"GOCACHE", "GOMODCACHE"}
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		names[i] += "=" + value
	}
	return names
}
