//go:build unix

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is an aws that writes down all that it can see of how it was started.
const recorder = `#!/bin/sh
for word; do printf '%s\0' "$word"; done >"$RECORD/argv"
env -0 >"$RECORD/environment"
pwd >"$RECORD/directory"
umask >"$RECORD/umask"
ulimit -n >"$RECORD/limit"
cat >"$RECORD/stdin" 2>/dev/null
echo out
echo err >&2
if [ -d /proc/self/fd ]; then
	ls /proc/$$/fd >"$RECORD/descriptors"
	while read -r line; do
		case $line in Sig[BI]*) echo "$line" ;; esac
	done </proc/$$/status >"$RECORD/signals"
fi
exit 7
`

// passing is a home without AWS configuration and an aws in it, which is the
// only one on PATH but for portico's own.
type passing struct {
	dir string // of aws
	env []string
}

func newPassing(t *testing.T, stub string) *passing {
	t.Helper()
	home := t.TempDir()
	p := &passing{dir: filepath.Join(home, "tools")}
	script(t, filepath.Join(p.dir, "aws"), stub)
	p.env = []string{"HOME=" + home, "TMPDIR=" + os.TempDir(), "BROWSER=no-browser-in-tests %s",
		"PATH=" + p.dir + string(os.PathListSeparator) + os.Getenv("PATH")}
	return p
}

func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	writeProgram(t, path, []byte(text))
}

// recording is what the recorder wrote, by file.
func recording(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was recorded: %v", err)
	}
	r := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		r[f.Name()] = string(data)
	}
	return r
}

// Whoever is started by portico sees what it would see if it had been typed
// itself, and one variable more.
func TestPassThroughIsNotSeen(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		env   []string
		stdin string
		// shell starts the program as "$@".
		shell string
	}{
		{name: "profile by flag", args: []string{"ec2", "describe-instances", "--profile", "dev", "--no-sign-request"}},
		{name: "profile by variable", args: []string{"ec2", "describe-instances", "--no-sign-request"}, env: []string{"AWS_PROFILE=dev"}},
		{name: "keys", args: []string{"ec2", "describe-instances"}, env: []string{"AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=s", "AWS_PROFILE=dev"}},
		{name: "hostile words", args: []string{"s3", "cp", "", "a b", "--", "*", "$(id)", "-", "--x=y z", "\xff", "new\nline", "--profile"}},
		{name: "flags first", args: []string{"--no-verify-ssl", "--region=eu-west-1", "--output", "text", "ec2", "--debug", "describe-instances"}},
		{name: "input", args: []string{"s3", "cp", "-", "s3://b/k"}, stdin: "line\n\x00\xff no end"},
		{name: "closed input", args: []string{"s3", "cp", "-", "s3://b/k"}, shell: `"$@" <&-`},
		{name: "all closed", args: []string{"ec2", "describe-regions"}, shell: `"$@" <&- >&- 2>&-`},
		{name: "odd environment", args: []string{"ec2", "describe-regions"}, env: []string{"EMPTY=", "LINES=a\nb", "=odd", "BYTES=\xff"}},
		{name: "umask and limits", args: []string{"ec2", "describe-regions"}, shell: `umask 027; ulimit -S -n 200; "$@"`},
		{name: "ignored signals", args: []string{"ec2", "describe-regions"}, shell: `trap '' INT HUP; "$@"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPassing(t, recorder)
			seen := func(name string) (map[string]string, string, string, int) {
				record := t.TempDir()
				argv := append([]string{name}, test.args...)
				if test.shell != "" {
					argv = append([]string{"sh", "-c", test.shell, "sh"}, argv...)
				}
				path, err := exec.LookPath(argv[0])
				if argv[0] == "aws" {
					path = filepath.Join(p.dir, "aws")
				} else if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(path, argv[1:]...)
				cmd.Args[0] = argv[0]
				cmd.Env = slices.Concat(p.env, test.env, []string{"RECORD=" + record, atOnce})
				cmd.Dir = p.dir
				cmd.Stdin = strings.NewReader(test.stdin)
				stdout, stderr, code := outcome(t, cmd)
				r := recording(t, record)
				r["environment"] = strings.ReplaceAll(r["environment"], record, "")
				return r, stdout, stderr, code
			}
			want, wantOut, wantErr, wantCode := seen("aws")
			got, gotOut, gotErr, gotCode := seen("portico")
			if gotOut != wantOut || gotErr != wantErr || gotCode != wantCode || gotCode != 7 {
				t.Errorf("got exit %d, %q, %q\nwant exit %d, %q, %q", gotCode, gotOut, gotErr, wantCode, wantOut, wantErr)
			}
			theirs, ours := variables(want["environment"]), variables(got["environment"])
			delete(want, "environment")
			delete(got, "environment")
			theirs = append(theirs, "PORTICO_PASSTHROUGH="+filepath.Join(p.dir, "aws"))
			slices.Sort(theirs)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("environment (-typed +passed):\n%s", diff)
			}
			if strings.Contains(test.shell, "<&-") {
				// What is closed is open to nothing in a Go program.
				delete(want, "descriptors")
				delete(got, "descriptors")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-typed +passed):\n%s", diff)
			}
			if argv := strings.Split(strings.TrimSuffix(got["argv"], "\x00"), "\x00"); !slices.Equal(argv, test.args) {
				t.Errorf("got argv %q, want %q", argv, test.args)
			}
		})
	}
}

// variables are those of an environment that env -0 wrote, in order.
func variables(text string) []string {
	vars := strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
	vars = slices.DeleteFunc(vars, func(kv string) bool { return strings.HasPrefix(kv, "_=") }) // the shell's
	slices.Sort(vars)
	return vars
}

// Signals are the child's alone: caught, they do what it says; not caught, they
// end or stop it, and whoever waits sees which.
func TestPassThroughSignals(t *testing.T) {
	const waits = "echo ready; read line; echo read $line"
	start := func(t *testing.T, stub string) (*exec.Cmd, func() string, func(string)) {
		p := newPassing(t, "#!/bin/sh\n"+stub)
		cmd := program(t, p.env, "ec2", "describe-instances")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a group that is no orphan, which could not be stopped
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line := func() string {
			var b bytes.Buffer
			for one := make([]byte, 1); ; b.WriteByte(one[0]) {
				if n, err := out.Read(one); n == 0 || err != nil || one[0] == '\n' {
					return b.String()
				}
			}
		}
		if got := line(); got != "ready" {
			t.Fatalf("the stub said %q", got)
		}
		return cmd, line, func(text string) { _, _ = in.Write([]byte(text)) }
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1} {
		if signal.Ignored(sig) { // as under nohup; a shell cannot trap what was ignored when it started
			t.Logf("%v is ignored here", sig)
			continue
		}
		name := strings.TrimPrefix(map[syscall.Signal]string{syscall.SIGINT: "INT", syscall.SIGTERM: "TERM", syscall.SIGHUP: "HUP", syscall.SIGQUIT: "QUIT", syscall.SIGUSR1: "USR1"}[sig], "SIG")
		t.Run(name+" caught", func(t *testing.T) {
			t.Parallel()
			cmd, line, say := start(t, "trap 'echo caught "+name+"; exit 42' "+name+"\n"+waits)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			say("x\n") // a shell that waits for a line looks at signals after it
			if got := line(); got != "caught "+name {
				t.Errorf("the stub said %q", got)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 42 {
				t.Errorf("got %v, want exit 42", cmd.ProcessState)
			}
		})
		t.Run(name+" not caught", func(t *testing.T) {
			t.Parallel()
			cmd, _, _ := start(t, waits)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != sig {
				t.Errorf("got %v, want the end by %v", cmd.ProcessState, sig)
			}
		})
	}
	t.Run("TSTP", func(t *testing.T) {
		t.Parallel()
		cmd, line, say := start(t, waits)
		if err := cmd.Process.Signal(syscall.SIGTSTP); err != nil {
			t.Fatal(err)
		}
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &ws, syscall.WUNTRACED, nil); err != nil || !ws.Stopped() || ws.StopSignal() != syscall.SIGTSTP {
			t.Fatalf("got status %#x, %v, want stopped by SIGTSTP", ws, err)
		}
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		say("on\n")
		if got := line(); got != "read on" {
			t.Errorf("after SIGCONT the stub said %q", got)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// Which aws is the next one.
func TestNextAWS(t *testing.T) {
	portico, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	const says = "#!/bin/sh\necho \"$0\" \"$@\"\n"
	link := func(make func(string, string) error) func(*testing.T, string) string {
		return func(t *testing.T, home string) string {
			dir := filepath.Join(home, "linked")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := make(portico, filepath.Join(dir, "aws")); err != nil {
				t.Skip(err)
			}
			return dir
		}
	}
	wrapper := func(text string) func(*testing.T, string) string {
		return func(t *testing.T, home string) string {
			dir := filepath.Join(home, "wrapped")
			script(t, filepath.Join(dir, "aws"), "#!/bin/sh\n"+strings.ReplaceAll(text, "portico", portico)+"\n")
			return dir
		}
	}
	tests := []struct {
		name   string
		before func(t *testing.T, home string) string // makes a directory that comes first on PATH
		args   []string
		want   string // after the path of the aws that is meant
	}{
		{"symbolic link", link(os.Symlink), []string{"ec2", "describe-instances"}, "ec2 describe-instances"},
		{"hard link", link(os.Link), []string{"ec2", "describe-instances"}, "ec2 describe-instances"},
		{"version of what is called aws", link(os.Symlink), []string{"--version"}, "--version"},
		{"what is called aws corrects nobody", link(os.Symlink), []string{"exxec"}, "exxec"},
		{"wrapper", wrapper(`exec portico "$@"`), []string{"ec2", "describe-instances"}, "ec2 describe-instances"},
		{"wrapper behind a wrapper", func(t *testing.T, home string) string {
			script(t, filepath.Join(home, "inner"), "#!/bin/sh\nexec "+portico+" \"$@\"\n")
			return wrapper(`exec "$HOME/inner" "$@"`)(t, home)
		}, []string{"ec2", "describe-instances"}, "ec2 describe-instances"},
		{"wrapper that adds words", wrapper(`portico "$@" --region eu-west-1`), []string{"ec2", "describe-instances"}, "ec2 describe-instances --region eu-west-1"},
		{"directory of that name", func(t *testing.T, home string) string {
			return filepath.Dir(filepath.Join(home, "x"))
		}, []string{"ec2"}, "ec2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPassing(t, says)
			home := filepath.Dir(p.dir)
			first := test.before(t, home)
			cmd := exec.Command(filepath.Join(first, "aws"), test.args...)
			if _, err := os.Stat(cmd.Path); err != nil {
				cmd.Path = portico
				if err := os.Mkdir(filepath.Join(first, "aws"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			cmd.Env = append(p.env, atOnce, "PATH="+strings.Join([]string{first, p.dir, "/usr/bin", "/bin"}, ":"))
			stdout, stderr, code := outcome(t, cmd)
			if want := filepath.Join(p.dir, "aws") + " " + test.want + "\n"; stdout != want || stderr != "" || code != 0 {
				t.Errorf("got exit %d, %q, %q, want %q", code, stdout, stderr, want)
			}
		})
	}

	t.Run("current directory", func(t *testing.T) {
		t.Parallel()
		p := newPassing(t, says)
		here := t.TempDir()
		script(t, filepath.Join(here, "aws"), "#!/bin/sh\necho planted\n")
		script(t, filepath.Join(here, "sub", "aws"), "#!/bin/sh\necho planted\n")
		cmd := program(t, append(p.env, "PATH=:.:sub:"+p.dir+":/usr/bin:/bin"), "ec2", "describe-instances")
		cmd.Dir = here
		if stdout, stderr, code := outcome(t, cmd); !strings.HasPrefix(stdout, p.dir) || code != 0 {
			t.Errorf("got exit %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("removes itself", func(t *testing.T) {
		t.Parallel()
		p := newPassing(t, "#!/bin/sh\nrm -- \"$0\"\necho gone\nexit 3\n")
		stdout, stderr, code := outcome(t, program(t, p.env, "ec2", "describe-instances"))
		if stdout != "gone\n" || stderr != "" || code != 3 {
			t.Errorf("got exit %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("alias that runs aws", func(t *testing.T) {
		t.Parallel()
		p := newPassing(t, "#!/bin/sh\nif [ \"$1\" = twice ]; then shift; exec aws \"$@\"; fi\necho \"$@\"\n")
		dir := link(os.Symlink)(t, filepath.Dir(p.dir))
		cmd := exec.Command(filepath.Join(dir, "aws"), "twice", "twice", "ec2")
		cmd.Env = append(p.env, atOnce, "PATH="+strings.Join([]string{dir, p.dir, "/usr/bin", "/bin"}, ":"))
		if stdout, stderr, code := outcome(t, cmd); stdout != "ec2\n" || code != 0 {
			t.Errorf("got exit %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("loop", func(t *testing.T) {
		t.Parallel()
		home := t.TempDir()
		dir := wrapper(`exec portico "$@"`)(t, home)
		cmd := program(t, []string{"HOME=" + home, "PATH=" + dir}, "ec2", "describe-instances")
		stdout, stderr, code := outcome(t, cmd)
		if code != 255 || stdout != "" || !strings.Contains(stderr, filepath.Join(dir, "aws")+" leads back to portico again and again") {
			t.Errorf("got exit %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		home := t.TempDir()
		run := func(args ...string) (string, int) {
			_, stderr, code := outcome(t, program(t, []string{"HOME=" + home, "PATH=" + home}, args...))
			return stderr, code
		}
		stderr, code := run("ec2", "describe-instances", "--profile", "my dev")
		for _, want := range []string{"portico: [ERROR]: ec2 is for the AWS CLI, and there is no aws on PATH\n",
			"\nTo install it: ", "\nThen run again: portico ec2 describe-instances --profile 'my dev'\n"} {
			if code != 127 || !strings.Contains(stderr, want) {
				t.Errorf("got exit %d, %q, want %q", code, stderr, want)
			}
		}
		stderr, _ = run("ssm", "put-parameter", "--value", "hunter2")
		if !strings.Contains(stderr, "portico ssm put-parameter …\n") || strings.Contains(stderr, "hunter2") {
			t.Errorf("got %q", stderr)
		}
	})
}

// A path that is no file, or leads nowhere, is not portico: nothing is passed by.
func TestSelfThatIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux runs a program that is deleted")
	}
	portico, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	p := newPassing(t, "#!/bin/sh\necho passed\n")
	mine := filepath.Join(t.TempDir(), "portico")
	data, err := os.ReadFile(portico)
	if err != nil {
		t.Fatal(err)
	}
	writeProgram(t, mine, data)
	cmd := exec.Command("/bin/sh", "-c", `exec 3<"$0"; rm "$0"; exec -a portico /proc/self/fd/3 ec2`, mine)
	if bash, err := exec.LookPath("bash"); err == nil {
		cmd.Path = bash
	}
	cmd.Env = append(p.env, atOnce)
	if stdout, stderr, code := outcome(t, cmd); stdout != "passed\n" {
		t.Errorf("got exit %d, %q, %q", code, stdout, stderr)
	}
}
