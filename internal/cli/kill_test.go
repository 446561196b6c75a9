//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// A killable is "portico local start" with a fixed data directory.
type killable struct {
	t       *testing.T
	path    string
	env     []string
	data    string
	cmd     *exec.Cmd
	address string
}

func newKillable(t *testing.T) *killable {
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	k := &killable{t: t, path: path, data: filepath.Join(t.TempDir(), "data"),
		env: []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}}
	t.Cleanup(func() {
		if k.cmd != nil {
			k.kill()
		}
	})
	return k
}

func (k *killable) start() {
	k.t.Helper()
	k.cmd = exec.Command(k.path, "local", "start", "--listen", "127.0.0.1:0", "--data", k.data)
	k.cmd.Env = k.env
	var stderr bytes.Buffer
	k.cmd.Stderr = &stderr
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "Local Identity Center at ")
	if !ok {
		k.t.Fatalf("local start said %q (%v)\n%s", line, err, &stderr)
	}
	k.address = address
}

func (k *killable) kill() {
	k.cmd.Process.Kill()
	k.cmd.Wait()
	k.cmd = nil
}

// post sends one call of the sign-in API and decodes what a 200 answers.
func (k *killable) post(path string, body any) (map[string]any, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	resp, err := http.Post(k.address+path, "application/json", bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %v", path, resp.Status, answer)
	}
	return answer, nil
}

// Whatever the Identity Center acknowledged before it was killed is there when
// it starts again.
func TestKillLocalStart(t *testing.T) {
	k := newKillable(t)
	type client struct{ id, secret any }
	var acknowledged []client
	for round := range 6 {
		k.start()
		for _, c := range acknowledged {
			if _, err := k.post("/device_authorization", map[string]any{"clientId": c.id, "clientSecret": c.secret, "startUrl": "https://d-1234567890.awsapps.com/start"}); err != nil && !strings.Contains(err.Error(), "slow_down") {
				t.Errorf("round %d: a registration was lost: %v", round, err)
			}
		}
		process := k.cmd.Process
		timer := time.AfterFunc(time.Duration(5+rand.IntN(60))*time.Millisecond, func() { process.Kill() })
		for {
			answer, err := k.post("/client/register", map[string]any{"clientName": "c", "clientType": "public"})
			if err != nil {
				break // killed
			}
			acknowledged = append(acknowledged, client{answer["clientId"], answer["clientSecret"]})
		}
		timer.Stop()
		k.kill()
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged in any round: the test proves nothing")
	}
}

// A login killed at any moment leaves files that every tool can read.
func TestKillLogin(t *testing.T) {
	env, home := local(t)
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"configure", "sso", "--sso-session", "dev", "--sso-start-url", "https://d-1234567890.awsapps.com/start", "--sso-region", "us-east-1",
		"--account-id", "111111111111", "--role-name", "AdministratorAccess", "--profile", "dev"}
	finished := 0
	for delay := 5 * time.Millisecond; delay < 400*time.Millisecond; delay += 15 * time.Millisecond {
		cmd := exec.Command(path, args...)
		cmd.Env = env
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(delay, func() { cmd.Process.Kill() })
		if cmd.Wait() == nil {
			finished++
		}
		timer.Stop()
		readable(t, home)
	}
	// And it still works afterwards.
	cmd := exec.Command(path, append(args, "--region", "eu-west-1")...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("after the kills: %v\n%s", err, out)
	}
	t.Logf("%d runs finished before their kill", finished)
}

func readable(t *testing.T, home string) {
	t.Helper()
	files := awsconfig.Files{Config: filepath.Join(home, ".aws", "config"), Credentials: filepath.Join(home, ".aws", "credentials")}
	if _, err := files.Load(); err != nil {
		t.Errorf("config: %v", err)
	}
	err := filepath.WalkDir(filepath.Join(home, ".aws"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !json.Valid(data) {
			t.Errorf("%s holds %q", path, data)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
