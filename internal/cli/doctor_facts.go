package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/doctor"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/wallet"
)

// factPatience is how long anything that is asked may take: a server, a program, a
// keyring. All are asked at once.
const factPatience = 4 * time.Second

func (a *App) place() doctor.Place {
	return doctor.Place{Home: a.Home, State: a.stateDir(), Files: a.files(), Lookup: a.Lookup, Program: a.Name, Now: time.Now()}
}

// facts gathers all there is to know. What is slow is asked side by side, and what
// does not answer in time is left out.
func (a *App) facts(ctx context.Context, g *globals, offline bool) *doctor.Facts {
	ctx, cancel := context.WithTimeout(ctx, factPatience)
	defer cancel()
	busy := a.busyLocks()
	started := time.Now()

	f := a.place().Read()
	f.NoBrowser = a.noBrowser()
	f.Proxies = a.namedProxies()
	f.Bundles = a.bundles(f.Merged)
	f.Reaches, f.Ends = a.reaches(f.Merged), a.ends(f.Merged)
	f.Executable, f.Typos = a.executable, typos

	tasks := []func() func(){
		func() func() {
			tools := a.tools(ctx)
			return func() { f.Tools, f.ToolsSought = tools, true }
		},
		func() func() {
			keyrings := a.keyrings(ctx, f.Merged)
			return func() { f.Keyrings = keyrings }
		},
	}
	if !offline {
		for _, probe := range a.probes(g, f) {
			tasks = append(tasks, func() func() {
				found := probe(ctx)
				return func() { f.Probes = append(f.Probes, found) }
			})
		}
	}
	a.together(tasks)
	if len(busy) > 0 {
		// Whoever renews something is done in a moment.
		select {
		case <-time.After(lockPatience - time.Since(started)):
		case <-ctx.Done():
		}
		still := a.busyLocks()
		f.BusyLocks = slices.DeleteFunc(busy, func(l doctor.Lock) bool { return !slices.Contains(still, l) })
	}
	return f
}

// reaches are what was listed of the sessions' roles, from disk.
func (a *App) reaches(config *awsconfig.Config) (all []doctor.Reach) {
	for _, s := range a.savedCatalogs(config) {
		if !s.Complete || len(s.Failed) > 0 || s.Session == "" {
			continue
		}
		r := doctor.Reach{Session: s.Session, Listed: s.Listed, Roles: map[string]bool{}}
		for _, role := range s.Roles {
			r.Roles[role.AccountID+"/"+role.Name] = true
		}
		all = append(all, r)
	}
	return all
}

// ends are when the sign-ins to sessions end that can be renewed until then.
func (a *App) ends(config *awsconfig.Config) map[string]time.Time {
	w := &wallet.Wallet{Home: a.Home, LockDir: a.lockDir()}
	all := map[string]time.Time{}
	for _, name := range config.Sessions() {
		section, _ := config.Session(name)
		key := wallet.TokenKey(name, "")
		t, err := w.Token(key)
		if err != nil || section.Sealed() || !t.Refreshable(time.Now()) {
			continue
		}
		st := sessionStatus{Since: w.SignedIn(key), Renewable: true, section: section}
		if st.ends(t, time.Now()); !st.Ends.IsZero() {
			all[name] = st.Ends
		}
	}
	return all
}

// lockPatience is how long a lock may be held before it is worth a word.
const lockPatience = 3 * time.Second

// together does tasks side by side, with progress, and then what each left to do in
// their order.
func (a *App) together(tasks []func() func()) {
	progress := a.terminal().Progress("Looking around")
	defer progress.Done()
	results := make([]func(), len(tasks))
	var mu sync.Mutex
	var all sync.WaitGroup
	done := 0
	for i, task := range tasks {
		all.Go(func() {
			results[i] = task()
			mu.Lock()
			done++
			progress.Step(done, len(tasks))
			mu.Unlock()
		})
	}
	all.Wait()
	for _, result := range results {
		result()
	}
}

// busyLocks are those that somebody holds just now.
func (a *App) busyLocks() (busy []doctor.Lock) {
	names, _ := filepath.Glob(filepath.Join(a.lockDir(), "*.lock"))
	for _, name := range names {
		unlock, err := atomicfile.TryLock(name)
		if locked, ok := errors.AsType[*atomicfile.LockedError](err); ok {
			busy = append(busy, doctor.Lock{Path: name, Holder: locked.Holder})
		} else if err == nil {
			unlock()
		}
	}
	return busy
}

func (a *App) executable(name string) error {
	path := name
	if filepath.Base(name) == name {
		_, err := a.lookPath(name)
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fs.ErrPermission
	}
	_, err = exec.LookPath(path)
	return err
}

func (a *App) namedProxies() (all []doctor.Proxy) {
	p := newProxies(a.Lookup)
	for _, s := range []proxySetting{p.secure, p.plain} {
		problem := ""
		if s.problem != nil {
			problem = s.problem.Error()
		}
		if s.url != nil || problem != "" {
			all = append(all, doctor.Proxy{Variable: s.variable, Address: s.shown(), Problem: problem})
		}
	}
	return all
}

// bundles are the files of certificates that the environment and profiles name.
func (a *App) bundles(config *awsconfig.Config) (all []doctor.Bundle) {
	add := func(path, setting, where string) {
		if path == "" || slices.ContainsFunc(all, func(b doctor.Bundle) bool { return b.Path == path && b.Where == where }) {
			return
		}
		b := doctor.Bundle{Path: path, Setting: setting, Where: where}
		if _, err := readBundle(path); err != nil {
			b.Problem = "holds no PEM certificate"
			if _, missing := os.Stat(path); missing != nil {
				b.Problem = "does not exist"
				if !errors.Is(missing, fs.ErrNotExist) {
					b.Problem = "cannot be read"
				}
			}
		}
		all = append(all, b)
	}
	for _, name := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"} {
		add(a.getenv(name), name, "")
	}
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		path, _ := p.Get("ca_bundle")
		add(path, "ca_bundle", "profile "+name)
	}
	return all
}

// tools are the AWS CLI that commands are handed on to, and the botocore of
// python3.
func (a *App) tools(ctx context.Context) []doctor.Tool {
	var all []doctor.Tool
	if programs := a.awsPrograms(); len(programs) > 0 {
		path := programs[0]
		out, err := a.output(ctx, path, "--version")
		t := doctor.Tool{Name: "aws", Path: path, Version: first(regexp.MustCompile(`aws-cli/(\d[\w.]*)`), out)}
		if err != nil && ctx.Err() == nil {
			t.Problem = err.Error()
		}
		all = append(all, t)
	}
	if path, err := a.lookPath("python3"); err == nil {
		out, err := a.output(ctx, path, "-c", "import botocore; print('botocore', botocore.__version__)")
		if version := first(regexp.MustCompile(`botocore (\d[\w.]*)`), out); err == nil && version != "" {
			all = append(all, doctor.Tool{Name: "botocore", Path: path, Version: version})
		}
	}
	return all
}

func first(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// output runs a program that is asked for its version, for as long as ctx lasts. The
// AWS CLI reads the config before it says it, and that may be what is broken.
func (a *App) output(ctx context.Context, path string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = with(a.Env, []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	cmd.WaitDelay = 100 * time.Millisecond
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	text := out.String()
	return text[:min(len(text), 64<<10)], err
}

// keyrings tells of the sealed sessions whose keys cannot be had. A key that waits
// for its passphrase is where it should be.
func (a *App) keyrings(ctx context.Context, config *awsconfig.Config) (all []doctor.Keyring) {
	vault := a.vault(config, nil)
	vault.Attended, vault.Passphrase, vault.Waiting, vault.Ended = false, nil, nil, ctx.Done()
	w := &wallet.Wallet{Home: a.Home, LockDir: a.lockDir(), SealedDir: a.sealedDir(), Vault: vault}
	for _, name := range sealedSessions(config) {
		_, err := w.Token(wallet.TokenKey(name, ""))
		e, ok := errors.AsType[*seal.KeyError](err)
		if !ok || e.Reason == seal.NeedsPassphrase || e.Reason == seal.Interrupted && ctx.Err() == nil {
			continue
		}
		why := e.Why()
		if e.Reason == seal.Interrupted {
			why = "the keyring does not answer"
		}
		hint, _, _ := strings.Cut(sealedCure(a.Name, e), "\n")
		all = append(all, doctor.Keyring{Session: name, Problem: why, Cure: hint})
	}
	return all
}
