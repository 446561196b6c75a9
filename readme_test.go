package portico

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// readmeBlocks returns the shell commands of the README, block by block, with
// continued lines and quoted scripts kept whole.
func readmeBlocks(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(data), "```") {
		if body, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			blocks = append(blocks, strings.TrimSpace(body))
		}
	}
	return blocks
}

// answers are what a person types at the wizard of "portico configure sso".
const answers = "corp\nhttps://d-1234567890.awsapps.com/start\nus-east-1\n\ndev\neu-west-1\n\nfirst\n"

// TestREADME runs every command of the README but those that install and the
// one that runs this test: each in the order of the README, as a reader who has
// a terminal, a browser and an organisation would.
func TestREADME(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "bin")+"/", "./cmd/portico")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	portico := filepath.Join(dir, "bin", "portico")
	env := []string{"HOME=" + filepath.Join(dir, "home"), "PATH=" + filepath.Join(dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "TMPDIR=" + dir}
	if err := os.Mkdir(filepath.Join(dir, "home"), 0o700); err != nil {
		t.Fatal(err)
	}

	var script strings.Builder
	script.WriteString("set -eu\n")
	seen := map[string]bool{}
	for _, block := range readmeBlocks(t) {
		switch {
		case strings.HasPrefix(block, "# install"), block == "go test ./...":
		case block == "go run ./cmd/portico demo":
			seen["demo"] = true
			run(t, append(os.Environ(), "NO_COLOR=1"), "go", "run", "./cmd/portico", "demo")
		case block == "portico local start":
			seen["start"] = true
			startLocal(t, portico, env)
		case strings.Contains(block, "local env"):
			seen["env"] = true
			// The reader's browser is a person; here it is one without a window.
			own := "set -eu\ncd " + dir + "\n" + withAnswers(strings.ReplaceAll(block, "--home", "--as alice --home"))
			run(t, env, "sh", "-c", own)
		default:
			script.WriteString(withAnswers(block) + "\n")
		}
	}
	for _, want := range []string{"demo", "start", "env"} {
		if !seen[want] {
			t.Errorf("the README no longer has the %s command that this test knows", want)
		}
	}
	file := filepath.Join(dir, "readme.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, env, portico, "local", "run", "--as", "alice", "--", "sh", file)
}

// withAnswers types the wizard's answers where the README has a person do it.
func withAnswers(block string) string {
	var out []string
	for line := range strings.Lines(block) {
		if strings.TrimSpace(line) == "portico configure sso" {
			line = "printf '" + strings.ReplaceAll(answers, "\n", `\n`) + "' | portico configure sso\n"
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// startLocal runs "portico local start" as the README has it until the test
// ends, on a free port so that nothing else on the machine is in its way.
func startLocal(t *testing.T, portico string, env []string) {
	t.Helper()
	cmd := exec.Command(portico, "local", "start", "--listen", "127.0.0.1:0")
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("local start, interrupted: %v\n%s", err, &stderr)
		}
	})
	buf := make([]byte, 1)
	if _, err := out.Read(buf); err != nil { // it speaks once it accepts connections
		t.Fatalf("local start: %v\n%s", err, &stderr)
	}
	go func() { _, _ = new(bytes.Buffer).ReadFrom(out) }()
}
