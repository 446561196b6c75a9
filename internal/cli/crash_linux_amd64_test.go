package cli_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/cli/clitest"
)

// A writer is a command that writes files. What is asked of each: whatever
// happens to one of its file calls, the files are the old ones or the new ones;
// it reports success only with the new ones; what it leaves beside them is
// private, and goes with the next run, which succeeds.
type writer struct {
	name string
	args []string
	home func(p person) // makes the home from which it starts
	// fresh says that a home serves one run, because the service remembers it.
	fresh bool
	// once says that a second run finds nothing to do, which it calls an error.
	once bool
	// spared says that the next run can do without what this one could not store.
	spared bool
	// tries are paths that it tries to write, after what it was asked for is done:
	// they may stay as they were if it warns of that.
	tries []string
	// meanwhile is a command that works before, after, and whenever this one was
	// interrupted.
	meanwhile []string
}

const (
	tokens = ".aws/sso/cache/"
	roles  = ".aws/cli/cache/"
	vaults = ".local/state/portico/sealed/"
)

var writers = []writer{
	{name: "configure set", args: []string{"configure", "set", "region", "eu-west-2", "--profile", "dev"},
		home: func(p person) { p.put("config", twoSessions) }},
	{name: "configure set, the first", args: []string{"configure", "set", "region", "eu-west-2", "--profile", "dev"},
		home: func(p person) {}},
	{name: "configure set, credentials", args: []string{"configure", "set", "aws_secret_access_key", "s", "--profile", "keys"},
		home: func(p person) {
			p.put("credentials", "[keys]\naws_access_key_id = AKIA\naws_secret_access_key = old\n")
		}},
	{name: "configure set, through a link", args: []string{"configure", "set", "region", "eu-west-2", "--profile", "dev"},
		home: func(p person) {
			p.put("dotfiles/aws", twoSessions)
			p.check(os.Symlink("dotfiles/aws", p.path("config")))
		}},
	{name: "configure set, in place", args: []string{"configure", "set", "region", "eu-west-2", "--profile", "dev"},
		home: func(p person) {
			p.put("config", twoSessions)
			p.check(os.Link(p.path("config"), p.path("config.link")))
		}},
	{name: "configure sso", args: []string{"configure", "sso", "--sso-session", "corp", "--account-id", "111111111111", "--role-name", "AdministratorAccess", "--region", "eu-west-1", "--profile", "new", "--no-browser"},
		home: loggedIn},
	{name: "configure sso-session", args: []string{"configure", "sso-session", "--sso-session", "third", "--sso-start-url", legacyURL, "--sso-region", "us-east-1", "--sso-registration-scopes", "sso:account:access"},
		home: func(p person) { p.put("config", twoSessions) }},
	{name: "sso login", args: []string{"sso", "login", "--sso-session", "corp", "--no-browser"},
		home: func(p person) { p.put("config", twoSessions) }, tries: []string{tokens}},
	{name: "sso login, again", args: []string{"sso", "login", "--sso-session", "corp", "--no-browser"},
		home: loggedIn, tries: []string{tokens}},
	{name: "sso login, which learns the region", args: []string{"sso", "login", "--sso-session", "corp", "--no-browser"},
		home: func(p person) {
			p.put("config", "[sso-session corp]\nsso_start_url = https://ssoins-ecb5d1e760490621.portal.us-east-1.app.aws\nsso_region = eu-west-1\n")
		}, tries: []string{tokens, ".aws/config"}},
	{name: "sso login, legacy", args: []string{"sso", "login", "--profile", "old", "--no-browser"},
		home: func(p person) { p.put("config", twoSessions) }, tries: []string{tokens}},
	{name: "sso logout", args: []string{"sso", "logout"}, home: func(p person) {
		loggedIn(p)
		p.must("credential-process", "--profile", "dev")
	}, fresh: true},
	{name: "credential-process", args: []string{"credential-process", "--profile", "dev"},
		home: loggedIn, tries: []string{roles}},
	{name: "credential-process, which refreshes", args: []string{"credential-process", "--profile", "dev"},
		home: func(p person) {
			loggedIn(p)
			p.edit(corpToken, map[string]any{"expiresAt": "2020-01-01T00:00:00Z"})
		}, fresh: true, tries: []string{roles, tokens}},
	{name: "credential-process, of a chained role", args: []string{"credential-process", "--profile", "build"},
		home: func(p person) {
			loggedIn(p)
			p.put("config", twoSessions+"[profile build]\nrole_arn = arn:aws:iam::111111111111:role/build\nsource_profile = dev\nregion = us-east-1\n")
		}, tries: []string{roles}, spared: true},
	{name: "write", args: []string{"write", "--profile", "dev"}, home: func(p person) {
		loggedIn(p)
		p.put("credentials", "[keys]\naws_access_key_id = AKIA\naws_secret_access_key = old\n")
		p.must("credential-process", "--profile", "dev")
	}},
	{name: "write --remove", args: []string{"write", "--profile", "dev", "--remove"}, home: func(p person) {
		loggedIn(p)
		p.must("write", "--profile", "dev")
	}, once: true},
	{name: "sso logout, with what write wrote", args: []string{"sso", "logout"}, home: func(p person) {
		loggedIn(p)
		p.must("write", "--profile", "dev")
	}, fresh: true},
	{name: "exec", args: []string{"exec", "--profile", "dev", "--", "/bin/true"},
		home: loggedIn, tries: []string{roles}},
	{name: "seal", args: []string{"seal", "--sso-session", "corp", "--yes"}, home: func(p person) {
		loggedIn(p)
		p.must("credential-process", "--profile", "dev")
	}, meanwhile: listAccounts},
	{name: "seal --passphrase", args: []string{"seal", "--sso-session", "corp", "--passphrase", "--yes"}, home: func(p person) {
		loggedIn(p)
		p.put("passphrase", "correct horse\n")
	}, meanwhile: listAccounts},
	{name: "unseal", args: []string{"unseal", "--sso-session", "corp", "--yes"}, home: func(p person) {
		sealed(p)
		p.must("credential-process", "--profile", "dev")
	}, meanwhile: listAccounts},
	{name: "credential-process, sealed", args: []string{"credential-process", "--profile", "dev"},
		home: sealed, tries: []string{vaults}, meanwhile: listAccounts},
	{name: "credential-process, sealed, which refreshes", args: []string{"credential-process", "--profile", "dev"}, home: func(p person) {
		loggedIn(p)
		p.edit(corpToken, map[string]any{"expiresAt": "2020-01-01T00:00:00Z"})
		p.must("seal", "--sso-session", "corp", "--yes")
	}, fresh: true, tries: []string{vaults}},
	{name: "sso login, sealed", args: []string{"sso", "login", "--sso-session", "corp", "--no-browser"}, home: func(p person) {
		sealed(p)
		p.must("sso", "logout")
	}, tries: []string{vaults}},
	{name: "sso login, sealed, again", args: []string{"sso", "login", "--sso-session", "corp", "--no-browser"},
		home: sealed, tries: []string{vaults}, meanwhile: listAccounts},
	{name: "sso logout, sealed", args: []string{"sso", "logout"}, home: func(p person) {
		sealed(p)
		p.must("credential-process", "--profile", "dev")
	}, fresh: true},
}

var listAccounts = []string{"sso", "list-accounts", "--profile", "dev"}

func loggedIn(p person) {
	p.put("config", twoSessions)
	p.must("sso", "login", "--sso-session", "corp")
}

func sealed(p person) {
	loggedIn(p)
	p.must("seal", "--sso-session", "corp", "--yes")
}

// A crash is one case: a writer's home, and the fault of one of its file calls.
type crash struct {
	writer writer
	at     int // the file call, from 1
	fault  fault
}

// TestSystemCalls runs every command that writes with every fault at every of its
// file calls: by itself some of that, see spread; with PORTICO_SYSTEM_CALLS=all,
// all of it; and with a part of a name, all of those commands.
func TestSystemCalls(t *testing.T) {
	t.Parallel() // it mostly waits
	traceable(t)
	chosen := os.Getenv("PORTICO_SYSTEM_CALLS")
	organisation, err := os.ReadFile("../idc/seed/builtin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{portico: filepath.Join(t.TempDir(), "portico"), homesIn: t.TempDir(),
		homes: map[string]string{}, outcome: map[string]change{}, followed: map[string]bool{},
		ic: idctest.New(t, idctest.Listen(), idctest.Seed(string(organisation)+"roles:\n  - {account: dev, name: build, trusts: [{account: dev}]}\n"))}
	// Memory, where there is some: a disk would spend most of the time in fsync.
	if dir, err := os.MkdirTemp("/dev/shm", "portico-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		m.homesIn = dir
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", m.portico, "./testdata/portico")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // a plain one, whatever this is
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all []crash
	possible := 0
	for i, w := range writers {
		if chosen != "" && chosen != "all" && !strings.Contains(w.name, chosen) {
			continue
		}
		calls := m.learn(t, w)
		t.Logf("%-36s %3d file calls", w.name, len(calls))
		if len(calls) < 20 {
			t.Errorf("%s: got %d file calls, want those of a command that writes", w.name, len(calls))
		}
		for at := range calls {
			for k, f := range faults {
				if !f.may(calls[at].name) {
					continue
				}
				possible++
				every := spread
				if ofBackups(calls[at].path) {
					every *= 4 // whose failures have one outcome: a warning
				}
				if chosen != "" || (at*len(faults)+k+i)%every == 0 {
					all = append(all, crash{w, at + 1, f})
				}
			}
		}
	}
	t.Logf("%d of %d cases", len(all), possible)
	next := make(chan crash)
	var workers sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) { // sign-ins spend their time waiting
		workers.Go(func() {
			for c := range next {
				m.try(t, c)
			}
		})
	}
	for _, c := range all {
		next <- c
	}
	close(next)
	workers.Wait()
	t.Logf("next runs from %d states", len(m.followed))
	if chosen == "" || chosen == "all" || strings.Contains("serve", chosen) {
		t.Run("serve", m.auditCases)
	}
}

// A matrix is what its cases share.
type matrix struct {
	portico string
	ic      *idctest.IdentityCenter
	homesIn string

	mu       sync.Mutex
	homes    map[string]string // a home to copy, by the writer's name
	outcome  map[string]change // what an undisturbed run makes of it
	followed map[string]bool   // the states from which a next run was made
}

// home makes a home for a run of w.
func (m *matrix) home(t *testing.T, w writer) person {
	t.Helper()
	p := person{t: t, ic: m.ic, home: m.dir(t)}
	p.env = []string{"PORTICO_PASSPHRASE_FILE=" + p.path("passphrase")}
	m.mu.Lock()
	from := m.homes[w.name]
	m.mu.Unlock()
	if from == "" || w.fresh {
		p.check(os.MkdirAll(filepath.Join(p.home, ".aws"), 0o700))
		w.home(p)
		return p
	}
	p.check(copyHome(from, p.home))
	return p
}

// copyHome copies a directory with its links, of both kinds.
func copyHome(from, to string) error {
	linked := map[uint64]string{}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		target := filepath.Join(to, rel)
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.Mkdir(target, info.Mode().Perm())
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		if stat := info.Sys().(*syscall.Stat_t); stat.Nlink > 1 {
			if first, ok := linked[stat.Ino]; ok {
				return os.Link(first, target)
			}
			linked[stat.Ino] = target
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, info.Mode().Perm())
	})
}

// dir makes a directory for a home.
func (m *matrix) dir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(m.homesIn, "home-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs the command under the tracer; whatever sign-in it starts is approved.
func (m *matrix) run(p person, w writer, at int, f fault) tracedRun {
	p.t.Helper()
	tr := &tracer{t: p.t, below: p.home, aside: clitest.Dir, at: at, fault: f}
	run, err := tr.start(append([]string{m.portico}, w.args...), m.env(p), func(line string) {
		if strings.HasPrefix(line, "http://") {
			go p.ic.Approve(p.t.Context(), "alice", strings.TrimSpace(line))
		}
	})
	if err != nil {
		p.t.Errorf("%s: %v: at call %d, %s, %s\n%s%s", w.name, err, at, run.hit, f.name, run.stdout, run.stderr)
	}
	return run
}

func (m *matrix) env(p person) []string {
	return append(append(p.ic.Env(), p.env...), "HOME="+p.home, "PATH="+os.Getenv("PATH"), "TZ=UTC", "NO_COLOR=1")
}

// learn runs the command undisturbed, and returns its file calls.
func (m *matrix) learn(t *testing.T, w writer) []fileCall {
	t.Helper()
	p := m.home(t, w)
	if !w.fresh {
		m.homes[w.name] = p.home
		p = m.home(t, w)
	}
	before := readTree(t, p.home)
	run := m.run(p, w, 0, fault{})
	if run.code != 0 {
		t.Fatalf("%s: got code %d\n%s%s", w.name, run.code, run.stdout, run.stderr)
	}
	m.outcome[w.name] = change{before, readTree(t, p.home)}
	return run.calls
}

// A change is what a run makes of a home.
type change struct{ before, after tree }

// of tells whether a file is another one afterwards.
func (c change) of(path string) bool { return c.before[path].data != c.after[path].data }

// try is one case.
func (m *matrix) try(t *testing.T, c crash) {
	p := m.home(t, c.writer)
	defer os.RemoveAll(p.home)
	before, want := readTree(t, p.home), m.outcome[c.writer.name]
	run := m.run(p, c.writer, c.at, c.fault)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s, call %d, %s, %s: %s\ncode %d\n%s%s", c.writer.name, c.at, run.hit, c.fault.name, fmt.Sprintf(format, args...), run.code, run.stdout, run.stderr)
	}
	if run.hit.name == "" && !c.fault.short {
		fail("the call was not made")
	}
	if killed := run.code == -1; killed != (c.fault.kill != "") {
		fail("killed: got %t", killed)
	}
	if run.code > 0 && run.stderr == "" {
		fail("it failed without a word")
	}
	now := readTree(t, p.home)
	for _, problem := range now.compare(before, want, run.code == 0, c.warned(run), c.fault.kill != "" || run.hit.name == "unlinkat") {
		fail("%s", problem)
	}
	if !now.backedUp(before) && !strings.Contains(run.stderr, "no backup was made") {
		fail("the config file was changed, and nothing of it is on record")
	}
	if !c.writer.fresh && !m.first(c.writer.name+strings.Join(c.warned(run), " ")+"\n"+now.state(before)) {
		return
	}
	if c.writer.meanwhile != nil {
		if stdout, stderr, code := p.run(c.writer.meanwhile...); code != 0 {
			fail("meanwhile, %q: got code %d\n%s%s", c.writer.meanwhile, code, stdout, stderr)
		}
	}
	// The next run finds nothing in its way.
	again := m.run(p, c.writer, 0, fault{})
	if again.code != 0 && !(c.writer.once && again.code == 253) {
		fail("the next run: got code %d\n%s%s", again.code, again.stdout, again.stderr)
	}
	var spared []string
	if c.writer.spared {
		spared = c.warned(run)
	}
	// What could not be removed goes when something is next written there, which is
	// not by this run where the first one did all there was to do.
	kept := run.hit.name == "unlinkat" && run.code == 0
	now = readTree(t, p.home)
	for _, problem := range now.compare(before, want, true, spared, kept) {
		fail("after the next run: %s", problem)
	}
	items, err := filepath.Glob(filepath.Join(p.home, clitest.Dir, "portico-*"))
	if err != nil {
		t.Error(err)
	}
	if named := now.keys(); len(items) > named {
		fail("after the next run: there are %d keys in the keyring, and %d are used", len(items), named)
	}
}

// first tells whether a state is met for the first time. What follows from it was
// seen then; of some writers the service knows more than the files say, and they
// are always followed.
func (m *matrix) first(state string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.followed[state] {
		return false
	}
	m.followed[state] = true
	return true
}

// warned are the paths that the command may have left as they were.
func (c crash) warned(run tracedRun) []string {
	if strings.Contains(run.stderr, "WARNING") {
		return c.writer.tries
	}
	return nil
}
