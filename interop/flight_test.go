package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// However many ask at once: a session is refreshed once and a role fetched once,
// and all have what came of it. The refresh tokens are good for one use alone.
func TestOneFlight(t *testing.T) {
	c := signedIn(t, "--lifetime", "refresh-grace=1ns")
	f := c.flight(t)
	whole := watch(t, c.home(".aws"), 0)
	keys := f.succeed(crowd(c.processes(t, 200, "portico", "credential-process", "--profile", "dev")))
	whole()
	f.asked(1, 1)
	if keys != 1 {
		t.Errorf("got %d different keys, want the same for all", keys)
	}

	// Two roles of one session share its refresh.
	f = c.flight(t)
	f.succeed(crowd(slices.Concat(c.processes(t, 10, "portico", "credential-process", "--profile", "dev"),
		c.processes(t, 10, "portico", "credential-process", "--profile", "prod"))))
	f.asked(1, 2)
}

// Whoever does the work for all is killed, at each step of it: another one goes
// on from there, and nothing is lost.
func TestOneFlightWithDeaths(t *testing.T) {
	t.Parallel()
	c := signedIn(t)
	trace := filepath.Join(t.TempDir(), "trace")
	f := c.flight(t)
	alone := c.command(t, "mortal", "credential-process", "--profile", "dev")
	alone.Env = append(slices.Clip(c.env), "MORTAL_TRACE="+trace)
	f.succeed(crowd([]*exec.Cmd{alone}))
	f.asked(1, 1)
	steps, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for step := range strings.Lines(string(steps)) {
		all = append(all, strings.TrimSpace(step))
	}
	if len(all) < 12 {
		t.Errorf("a renewal has %d steps:\n%s", len(all), steps)
	}
	for _, step := range all {
		t.Run(step, func(t *testing.T) { c.dying(t, 20, step) })
	}
	t.Run("all, one after the other", func(t *testing.T) { c.dying(t, len(all)+20, all...) })
}

// dying has many ask at once, of whom one dies at each of the steps.
func (c *center) dying(t *testing.T, many int, steps ...string) {
	t.Helper()
	f := c.flight(t)
	fatal := t.TempDir()
	for _, step := range steps {
		write(t, filepath.Join(fatal, step), "")
	}
	cmds := c.processes(t, many, "mortal", "credential-process", "--profile", "dev")
	for _, cmd := range cmds {
		cmd.Env = append(slices.Clip(c.env), "MORTAL_STEPS="+fatal)
	}
	whole := watch(t, c.home(".aws"), 0)
	runs := crowd(cmds)
	whole()
	living := slices.DeleteFunc(slices.Clone(runs), func(r run) bool { return r.code == killed })
	// Once the work is written, nobody need come to the steps after that.
	died := len(runs) - len(living)
	if least := max(1, len(steps)-2); died < least || died > len(steps) {
		t.Errorf("%d died, want %d to %d: the test proves nothing", died, least, len(steps))
	}
	f.succeed(living)
	f.atMost(1+died, 1+died)
	f.kept()
}

// The service has rotated the token and the network goes down before anybody is
// told: the successor is had by asking again.
func TestOneFlightWithLostAnswers(t *testing.T) {
	t.Parallel()
	const many = 20
	for _, test := range []struct {
		name          string
		callers, lost int
		fail          int // at most
	}{
		{"one", many, 1, 0},
		{"two", many, 2, 0},
		{"more than one caller tries for", many, 4, 2},
		{"all, until the network is there again", 2, 100, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := signedIn(t)
			f := c.flight(t)
			c.portico(t, "fault", "add", "--op", "CreateToken", "--drop=after", "--count", strconv.Itoa(test.lost))
			whole := watch(t, c.home(".aws"), 0)
			runs := crowd(c.processes(t, test.callers, "portico", "credential-process", "--profile", "dev"))
			whole()
			failed := 0
			for _, r := range runs {
				if r.code == 0 {
					continue
				}
				failed++
				if r.code != 255 || !strings.Contains(r.stderr, "the answer to the refresh was lost") || !strings.Contains(r.stderr, "try again now") {
					t.Errorf("it failed, and does not say what is to be done: %v", r)
				}
			}
			if failed > test.fail {
				t.Errorf("%d of %d failed, want at most %d", failed, len(runs), test.fail)
			}
			lost := c.acted(t)[0]
			if lost != test.lost && failed < test.callers {
				t.Errorf("%d answers were lost, want %d", lost, test.lost)
			}
			f.atMost(1+lost, 1)
			c.portico(t, "fault", "clear")
			f.kept()
		})
	}
}

// A service that is strict ends a sign-in whose answer was lost. Nothing can be
// kept; everybody is told what to do, and the next sign-in is as good as any.
func TestStrictServiceWithLostAnswer(t *testing.T) {
	t.Parallel()
	c := signedIn(t, "--lifetime", "refresh-grace=1ns")
	c.flight(t)
	c.portico(t, "fault", "add", "--op", "CreateToken", "--drop=after", "--count", "1")
	for _, r := range crowd(c.processes(t, 5, "portico", "credential-process", "--profile", "dev")) {
		if r.code != 255 || !strings.Contains(r.stderr, "portico sso login --sso-session corp") {
			t.Errorf("it does not ask for a sign-in: %v", r)
		}
	}
	c.must(t, "portico", "sso", "login", "--sso-session", "corp")
	f := c.flight(t)
	f.kept()
	f.asked(1, 1)
}

// Clients that know nothing of our lock renew the same sign-in meanwhile.
func TestOneFlightWithOthers(t *testing.T) {
	t.Parallel()
	boto3 := func(find func(*testing.T) string) func(*testing.T, *center) *exec.Cmd {
		return func(t *testing.T, c *center) *exec.Cmd {
			cmd := c.command(t, find(t), "testdata/python/driver.py")
			ask, err := json.Marshal(whoAmI("dev"))
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin = bytes.NewReader(ask)
			return cmd
		}
	}
	others := []struct {
		name  string
		start func(*testing.T, *center) *exec.Cmd
	}{
		{"awscli", func(t *testing.T, c *center) *exec.Cmd {
			return c.command(t, awsCLI(t), "sts", "get-caller-identity", "--profile", "dev")
		}},
		{"boto3", boto3(modernBoto3)},
		{"debian-boto3", boto3(debianBoto3)},
	}
	for _, other := range others {
		t.Run(other.name, func(t *testing.T) {
			t.Parallel()
			c := signedIn(t)
			// Python takes its time to start, and the answer as long: they overlap.
			c.portico(t, "fault", "add", "--op", "CreateToken", "--latency", "1500ms")
			f := c.flight(t)
			// They write in place: what they have begun to write is no JSON yet.
			whole := watch(t, c.home(".aws"), time.Second)
			runs := crowd(append(c.processes(t, 10, "portico", "credential-process", "--profile", "dev"), other.start(t, c)))
			whole()
			foreign := runs[len(runs)-1]
			f.succeed(runs[:len(runs)-1])
			if foreign.code != 0 || !strings.Contains(foreign.stdout, "111111111111") {
				t.Errorf("%s: %v", other.name, foreign)
			}
			f.atMost(2, 2)
			c.portico(t, "fault", "clear")
			f.kept()
			if r := finish(t, other.start(t, c)); r.code != 0 || !strings.Contains(r.stdout, "111111111111") {
				t.Errorf("afterwards, %s: %v", other.name, r)
			}
		})
	}
}

// Nobody is signed in, and everybody signs in: one tab is opened.
func TestOneTab(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the browser is a script for sh")
	}
	const many = 30
	for _, args := range [][]string{{"sso", "login", "--sso-session", "corp"}, {"credential-process", "--auto-login", "--profile", "dev"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			c := local(t, "--proxy", "--as", "alice")
			c.profiles(t)
			dir := t.TempDir()
			tabs, ready := filepath.Join(dir, "tabs"), filepath.Join(dir, "ready")
			// The person does not act before all are there.
			browser := filepath.Join(dir, "browser")
			write(t, browser, fmt.Sprintf("#!/bin/sh\necho \"$1\" >>%s\nfor i in $(seq 600); do [ -e %s ] && break; sleep 0.1; done\nexec %s\n", tabs, ready,
				strings.ReplaceAll(c.getenv("BROWSER"), "%s", `"$1"`)))
			if err := os.Chmod(browser, 0o700); err != nil {
				t.Fatal(err)
			}
			c.env = append(c.env, "BROWSER="+browser+" %s")
			cmds := c.processes(t, many, "portico", args...)
			var waiting sync.WaitGroup
			waiting.Add(many - 1)
			for _, cmd := range cmds {
				cmd.Stderr = &listener{word: "Waiting for", heard: waiting.Done}
			}
			go func() {
				waiting.Wait()
				if err := os.WriteFile(ready, nil, 0o600); err != nil {
					t.Error(err)
				}
			}()
			for _, r := range crowd(cmds) {
				if r.code != 0 {
					t.Error(r)
				}
			}
			opened, err := os.ReadFile(tabs)
			if n := strings.Count(string(opened), "\n"); err != nil || n != 1 {
				t.Errorf("got %d tabs (%v), want 1", n, err)
			}
			if n := len(c.events(t, "CreateToken")); n != 1 {
				t.Errorf("got %d calls of CreateToken, want 1", n)
			}
			if n := len(c.events(t, "GetRoleCredentials")); n > 1 {
				t.Errorf("got %d calls of GetRoleCredentials, want at most 1", n)
			}
		})
	}
}

// A listener keeps what is written, and tells when a word is among it.
type listener struct {
	buffer
	word  string
	heard func()
}

func (l *listener) Write(p []byte) (int, error) {
	n, err := l.buffer.Write(p)
	if l.heard != nil && strings.Contains(l.String(), l.word) {
		l.heard()
		l.heard = nil
	}
	return n, err
}

// signedIn is a center at which alice is signed in.
func signedIn(t *testing.T, flags ...string) *center {
	t.Helper()
	c := local(t, append([]string{"--proxy", "--as", "alice"}, flags...)...)
	c.profiles(t)
	c.must(t, "portico", "sso", "login", "--sso-session", "corp")
	return c
}

// A flight begins with a sign-in that is over by its dates and can be refreshed,
// and no role credentials.
type flight struct {
	t                *testing.T
	c                *center
	refreshes, roles int // how many there have been so far
}

func (c *center) flight(t *testing.T) *flight {
	t.Helper()
	c.age(t, -time.Minute)
	c.forget(t)
	f := &flight{t: t, c: c}
	f.refreshes, f.roles = f.counts()
	return f
}

// succeed has all of them print credentials, and counts how many different ones.
func (f *flight) succeed(runs []run) (keys int) {
	f.t.Helper()
	printed := map[string]bool{}
	for _, r := range runs {
		var out struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		if err := json.Unmarshal([]byte(r.stdout), &out); r.code != 0 || err != nil || out.SessionToken == "" {
			f.t.Errorf("no credentials: %v", r)
			continue
		}
		printed[r.stdout] = true
	}
	return len(printed)
}

func (f *flight) counts() (refreshes, roles int) {
	f.t.Helper()
	for _, e := range f.c.events(f.t, "") {
		switch e.EventName {
		case "CreateToken":
			refreshes++
		case "GetRoleCredentials":
			roles++
		}
	}
	return refreshes - f.refreshes, roles - f.roles
}

// asked checks how often the service was asked.
func (f *flight) asked(refreshes, roles int) {
	f.t.Helper()
	if gotRefreshes, gotRoles := f.counts(); gotRefreshes != refreshes || gotRoles != roles {
		f.t.Errorf("got %d refreshes and %d GetRoleCredentials, want %d and %d", gotRefreshes, gotRoles, refreshes, roles)
	}
}

func (f *flight) atMost(refreshes, roles int) {
	f.t.Helper()
	if gotRefreshes, gotRoles := f.counts(); gotRefreshes > refreshes || gotRoles > roles {
		f.t.Errorf("got %d refreshes and %d GetRoleCredentials, want at most %d and %d", gotRefreshes, gotRoles, refreshes, roles)
	}
}

// kept checks that the sign-in lives on, by what is on the disk.
func (f *flight) kept() {
	f.t.Helper()
	f.c.forget(f.t)
	f.succeed([]run{f.c.run(f.t, "portico", "credential-process", "--profile", "dev")})
}

func (c *center) processes(t *testing.T, n int, name string, args ...string) []*exec.Cmd {
	t.Helper()
	cmds := make([]*exec.Cmd, n)
	for i := range cmds {
		cmds[i] = c.command(t, name, args...)
	}
	return cmds
}

// killed is the exit code of a process that a signal has ended.
const killed = -1

// crowd runs them all at once, to their ends.
func crowd(cmds []*exec.Cmd) []run {
	runs := make([]run, len(cmds))
	var all sync.WaitGroup
	for i, cmd := range cmds {
		var stdout, stderr buffer
		cmd.Stdout = &stdout
		cmd.WaitDelay = 20 * time.Second // two hundred outputs take a busy machine a while to read
		said := stderr.String
		if l, ok := cmd.Stderr.(*listener); ok {
			said = l.String
		} else {
			cmd.Stderr = &stderr
		}
		all.Go(func() {
			err := cmd.Run()
			if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
				runs[i] = run{code: 1, stderr: err.Error()}
				return
			}
			runs[i] = run{cmd.ProcessState.ExitCode(), stdout.String(), said()}
		})
	}
	all.Wait()
	return runs
}

// watch reads the caches below a directory again and again until done: what is
// there is JSON at each look, or soon after, where others write.
func watch(t *testing.T, dir string, soon time.Duration) (done func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	torn := map[string]time.Time{} // since when
	looks := 0
	look := func(last bool) {
		looks++
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
				return nil
			}
			data, err := os.ReadFile(path)
			if err != nil || json.Valid(data) {
				delete(torn, path)
				return nil
			}
			if torn[path].IsZero() {
				torn[path] = time.Now()
			}
			if last || time.Since(torn[path]) >= soon {
				t.Errorf("%s holds %d bytes that are no JSON", filepath.Base(path), len(data))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		again := time.NewTicker(time.Millisecond)
		defer again.Stop()
		for ctx.Err() == nil {
			look(false)
			<-again.C
		}
	})
	return func() {
		t.Helper()
		cancel()
		watching.Wait()
		look(true)
		if looks < 3 {
			t.Errorf("only %d looks: the test proves nothing", looks)
		}
	}
}
