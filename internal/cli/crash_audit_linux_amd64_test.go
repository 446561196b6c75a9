package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// asks is how often an endpoint is asked.
const asks = 3

// An auditRun is what became of an endpoint and of those who asked it.
type auditRun struct {
	tracedRun
	home  string
	given int // how often credentials came
}

// audit runs "serve" with an audit log, asks it for credentials, and ends it.
func (m *matrix) audit(t *testing.T, at int, f fault) auditRun {
	t.Helper()
	p := person{t: t, ic: m.ic, home: m.dir(t)}
	p.put("config", keys)
	tr := &tracer{t: t, below: p.home, at: at, fault: f}
	endpoint, given := served{vars: map[string]string{}}, make(chan int, 1)
	var once sync.Once
	traced, err := tr.start([]string{m.portico, "serve", "--profile", "keys", "--audit", filepath.Join(p.home, "log", "audit"), "--format", "dotenv"}, m.env(p), func(line string) {
		name, value, _ := strings.Cut(line, "=")
		endpoint.vars[name] = value
		if name != "AWS_DEFAULT_REGION" { // the last of them
			return
		}
		once.Do(func() {
			n := 0
			for range asks {
				if came, _ := endpoint.ask(); came {
					n++
				}
			}
			given <- n
			syscall.Kill(tr.pid, syscall.SIGTERM)
		})
	})
	if err != nil {
		t.Errorf("%v: at call %d, %s, %s\n%s", err, at, traced.hit, f.name, traced.stderr)
	}
	once.Do(func() { given <- 0 })
	return auditRun{traced, p.home, <-given}
}

// auditCases runs the endpoint with every fault at every call which concerns its
// audit log: no credentials leave that are not on record.
func (m *matrix) auditCases(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("an endpoint closes its memory, and only root can see its files then")
	}
	calm := m.audit(t, 0, fault{})
	if calm.given != asks || calm.code != 0 {
		t.Fatalf("got credentials %d times and code %d\n%s", calm.given, calm.code, calm.stderr)
	}
	n := 0
	for i, call := range calm.calls {
		if !strings.HasPrefix(call.path, "log") {
			continue
		}
		for _, f := range faults {
			if !f.may(call.name) {
				continue
			}
			n++
			run := m.audit(t, i+1, f)
			fail := func(format string, args ...any) {
				t.Helper()
				t.Errorf("serve, call %d, %s, %s: "+format+"\ncode %d\n%s", append(append([]any{i + 1, run.hit, f.name}, args...), run.code, run.stderr)...)
			}
			if run.hit.name == "" && !f.short {
				fail("the call was not made")
			}
			data, err := os.ReadFile(filepath.Join(run.home, "log", "audit"))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			recorded := 0
			for line := range bytes.Lines(data) {
				var entry struct{ Outcome string }
				if bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, &entry) == nil && entry.Outcome == "granted" {
					recorded++
				}
			}
			if recorded < run.given {
				fail("credentials came %d times, %d of them are on record\n%s", run.given, recorded, data)
			}
			if bytes.Contains(data, []byte("the-secret-of-keys")) {
				fail("there is a secret in the log")
			}
			// A line that may not last is as good as none. An interrupted call is
			// made again, and what is closed has been written.
			if f.errno != 0 && f.errno != syscall.EINTR && (call.name == "write" || call.name == "fsync") && run.given == asks && run.code == 0 {
				fail("the line was not written, and nobody noticed\n%s", data)
			}
			if err == nil {
				if info, err := os.Stat(filepath.Join(run.home, "log", "audit")); err != nil || info.Mode() != 0o600 {
					fail("the log has mode %v, %v", info.Mode(), err)
				}
			}
			os.RemoveAll(run.home)
		}
	}
	t.Logf("%d cases, %d calls", n, len(calm.calls))
	if n < 50 {
		t.Errorf("got only %d cases", n)
	}
}
