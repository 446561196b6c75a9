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
	"slices"
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
	t.Parallel()
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

// A login and a configuration killed at any moment leave files that every tool
// can read.
func TestKillLogin(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	configure := []string{"configure", "sso", "--sso-session", "dev", "--sso-start-url", "https://d-1234567890.awsapps.com/start", "--sso-region", "us-east-1",
		"--account-id", "111111111111", "--role-name", "AdministratorAccess", "--profile", "dev"}
	const runs = 12
	for _, tt := range []struct {
		name string
		args func(i int) []string // such that each run has something to write
	}{
		{"configure", func(i int) []string {
			return append(slices.Clone(configure), "--region", fmt.Sprintf("eu-west-%d", i%3+1))
		}},
		{"login", func(int) []string { return []string{"sso", "login", "--sso-session", "dev"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := program(t, env, tt.args(0)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			start := time.Now() // the first run may have had more to do
			if out, err := program(t, env, tt.args(1)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			whole := time.Since(start)
			finished := 0
			for i := range runs {
				cmd := program(t, env, tt.args(i)...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				delay := whole * time.Duration(i) / (runs - 3)
				if i == runs-1 {
					delay = 30 * time.Second // this one is to finish
				}
				timer := time.AfterFunc(delay, func() { cmd.Process.Kill() })
				if cmd.Wait() == nil {
					finished++
				}
				timer.Stop()
				readable(t, home)
			}
			if finished == 0 || finished == runs {
				t.Errorf("%d of %d runs finished before their kill: the test proves nothing", finished, runs)
			}
			// And it still works afterwards.
			if out, err := program(t, env, tt.args(2)...).CombinedOutput(); err != nil {
				t.Errorf("after the kills: %v\n%s", err, out)
			}
		})
	}
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
