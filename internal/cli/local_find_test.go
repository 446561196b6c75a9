package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
)

// steered are the commands that steer a running Identity Center, with arguments
// that do no harm and work on the built-in organisation.
var steered = map[string][]string{
	"local env":            {},
	"local browse":         {"--as", "alice", "ADDRESS/device?user_code=BCDF-GHJK"},
	"local approve":        {"--as", "alice", "BCDF-GHJK"},
	"local deny":           {"--as", "alice", "BCDF-GHJK"},
	"local events":         {},
	"local mail":           {},
	"local fault add":      {"--op", "ListAccounts", "--status", "500"},
	"local fault list":     {},
	"local fault clear":    {},
	"local decision add":   {"allow", "--as", "alice"},
	"local decision list":  {},
	"local decision clear": {},
	"local clock show":     {},
	"local clock advance":  {"1s"},
	"local clock skew":     {"0"},
	"local sessions":       {},
	"local revoke":         {"--user", "bob"},
	"local user disable":   {"bob"},
	"local user enable":    {"bob"},
	"local assign":         {"--user", "bob", "--permission-set", "ReadOnly", "--account", "dev"},
	"local unassign":       {"--user", "bob", "--permission-set", "ReadOnly", "--account", "dev"},
}

// Two run, a third was killed and left its record, and a fourth's port was taken
// over by one of the two: every command finds the one that is meant, or lists
// those there are.
func TestEveryLocalCommandFindsTheRightOne(t *testing.T) {
	records := t.TempDir()
	first, second := startLocal(t, records), startLocal(t, records)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	for _, address := range []string{"http://" + dead.Addr().String(), first.Address} {
		stale := control.Record{Address: address, Key: control.NewKey(), PID: 1 << 22, Started: time.Now()}
		if _, err := control.Publish(records, stale); err != nil {
			t.Fatal(err)
		}
	}

	root := newRoot(&App{Name: "portico"})
	found := map[string]bool{}
	for _, c := range leaves(root) {
		if c.Flag("address") == nil {
			continue
		}
		name := strings.TrimPrefix(c.CommandPath(), "portico ")
		found[name] = true
		args, ok := steered[name]
		if !ok {
			t.Errorf("%s takes --address: say in steered how to run it", name)
			continue
		}
		t.Run(name, func(t *testing.T) { findsTheRightOne(t, c, name, args, records, first, second) })
	}
	for name := range steered {
		if !found[name] {
			t.Errorf("steered speaks of %s, which does not exist or takes no --address", name)
		}
	}
}

func findsTheRightOne(t *testing.T, c *cobra.Command, name string, args []string, records string, first, second *counted) {
	// browse is told by the address it opens.
	byURL := name == "local browse"
	at := func(address string, more ...string) []string {
		line := append(strings.Fields(name), args...)
		for i, word := range line {
			line[i] = strings.Replace(word, "ADDRESS", address, 1)
		}
		return append(line, more...)
	}
	if !byURL {
		_, stderr := runApp(t, records, "", at("")...)
		if !strings.Contains(stderr, first.Address) || !strings.Contains(stderr, second.Address) || !strings.Contains(stderr, "--address") {
			t.Errorf("with two running it does not list both:\n%s", stderr)
		}
	}
	for _, r := range []*counted{first, second} {
		for _, way := range []struct {
			endpoint string
			args     []string
		}{
			{"", at(r.Address, "--address", r.Address)},
			{r.Address, at(r.Address)},
		} {
			before := r.asked.Load()
			_, stderr := runApp(t, records, way.endpoint, way.args...)
			if strings.Contains(stderr, "several") || strings.Contains(stderr, "no local Identity Center") {
				t.Errorf("%v, endpoint %q: %s", way.args, way.endpoint, stderr)
			}
			if name != "local env" && r.asked.Load() == before {
				t.Errorf("%v, endpoint %q: it did not ask the right one: %s", way.args, way.endpoint, stderr)
			}
		}
	}
	if _, stderr := runApp(t, records, "", at("http://127.0.0.1:1", "--address", "http://127.0.0.1:1")...); !strings.Contains(stderr, "no local Identity Center is running at http://127.0.0.1:1") {
		t.Errorf("one that does not run: %s", stderr)
	}
}

// counted is an Identity Center that counts what it is asked, the proofs apart
// by which it is found.
type counted struct {
	*running
	slog.Handler
	asked  atomic.Int64
	closed bool
}

func (c *counted) Enabled(context.Context, slog.Level) bool { return true }

func (c *counted) Handle(_ context.Context, r slog.Record) error {
	proof := false
	r.Attrs(func(a slog.Attr) bool {
		proof = proof || a.Key == "path" && strings.HasSuffix(a.Value.String(), "/proof")
		return true
	})
	if r.Message == "request" && !proof {
		c.asked.Add(1)
	}
	return nil
}

func startLocal(t *testing.T, records string) *counted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{Handler: slog.DiscardHandler}
	c.running, err = (&service{Config: idc.Config{Log: slog.New(c)}, Records: records}).serve(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.closed {
			return
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func runApp(t *testing.T, records, endpoint string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	home := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a := App{Name: "portico", Self: self, Stdout: &out, Stderr: &problems, Home: home,
		Env: []string{"HOME=" + home, recordsVariable + "=" + records, "TMPDIR=" + filepath.Join(home)}}
	if endpoint != "" {
		a.Env = append(a.Env, "AWS_ENDPOINT_URL="+endpoint)
	}
	Main(a, args)
	return out.String(), problems.String()
}

// The authority of a listener under TLS vouches for AWS's names only where there
// is a proxy for them.
func TestAuthorityOfTLSAlone(t *testing.T) {
	s := &service{TLS: true, Files: t.TempDir()}
	a, _, err := s.authority("https://127.0.0.1:8642")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"localhost": true, "oidc.us-east-1.amazonaws.com": false, "sts.amazonaws.com": false} {
		c, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		if got := err == nil && c != nil; got != want {
			t.Errorf("%s: certified %v, want %v (%v)", name, got, want, err)
		}
	}
}

// What is exposed answers to people alone, whatever was decided while it was not.
func TestExposedDecidesNothing(t *testing.T) {
	data := t.TempDir()
	decide := func(address string) (answers bool) {
		ctx := t.Context()
		server, err := idc.New(ctx, idc.Config{DataDir: data, BaseURL: address, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if address == "" {
			if _, err := server.Directory().AddDecision(ctx, directory.Decision{User: "alice", Answer: "allow"}); err != nil {
				t.Fatal(err)
			}
		}
		_, _, answers, err = server.Directory().DecisionFor(ctx, "any", "device")
		if err != nil {
			t.Fatal(err)
		}
		return answers
	}
	if !decide("") {
		t.Error("on this machine alone the decision answers nothing")
	}
	if decide("http://idc.test:8642") {
		t.Error("reachable from other machines, the decision still answers")
	}
}

// Who follows is told when there is nothing more to follow.
func TestFollowingEnds(t *testing.T) {
	records := t.TempDir()
	c := startLocal(t, records)
	done := make(chan string, 1)
	go func() {
		_, stderr := runApp(t, records, "", "local", "events", "--follow")
		done <- stderr
	}()
	for c.asked.Load() == 0 {
		runtime.Gosched()
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	c.closed = true
	if got := <-done; !strings.Contains(got, c.Address+" has ended") || !strings.Contains(got, "--follow --since 2") {
		t.Errorf("got %s", got)
	}
}
