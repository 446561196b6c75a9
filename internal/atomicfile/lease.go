package atomicfile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A lease keeps other computers from what a lock guards, by renames alone, which
// every file server does atomically. It is a directory beside the lock, called
// <lock>.lease, with one empty file in it whose name says who holds it:
//
//	<last sign of life, unix seconds>-<host tag>-<pid>-<random>-<host name>
//
// To take it, a directory that already holds such a file is made elsewhere and
// renamed to <lock>.lease, which fails where somebody else's is. The holder
// renames the file to a newer time every few seconds. A file that keeps its name
// for longer, or is of a dead process of this computer, is stale: whoever
// manages to rename it to a name of their own holds the lease. As the old name
// is unique only one can, and a holder who comes back to life finds the name
// gone. To release it, the file is removed and then the directory, which the
// system refuses if it is in use again.
const (
	leaseSuffix = ".lease"
	leaseBeat   = 5 * time.Second
	// leaseBeats without a sign of life, by the clock of whoever watches, make a
	// lease stale.
	leaseBeats = 4
	// clockSkew is by how much the clocks of two computers may differ. A lease
	// that looks older than that is stale at first sight.
	clockSkew = 10 * time.Minute
)

// A claim is the name of the file in a lease.
type claim struct {
	at    int64
	tag   string
	pid   int
	nonce string
	host  string
}

func (c claim) String() string {
	return fmt.Sprintf("%d-%s-%d-%s-%s", c.at, c.tag, c.pid, c.nonce, c.host)
}

func parseClaim(name string) (claim, bool) {
	parts := strings.SplitN(name, "-", 5)
	if len(parts) != 5 {
		return claim{}, false
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	pid, err2 := strconv.Atoi(parts[2])
	if err != nil || err2 != nil || pid <= 0 {
		return claim{}, false
	}
	return claim{at: at, tag: parts[1], pid: pid, nonce: parts[3], host: parts[4]}, true
}

func (h *host) claim() claim {
	name := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') {
			return r
		}
		return '_'
	}, h.name)
	return claim{at: time.Now().Unix(), tag: h.tag, pid: os.Getpid(), nonce: rand.Text()[:10], host: name[:min(len(name), 64)]}
}

// lease takes the lease beside path. Its results are those of lockFile.
func (h *host) lease(ctx context.Context, path string, wait bool) (release func(), err error) {
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	h.sweepLeases(path)
	l := &lease{dir: path + leaseSuffix, claim: h.claim()}
	// The claim keeps what is prepared apart from everybody else's.
	l.prepared = l.dir + "-" + l.claim.String()
	if err := os.Mkdir(l.prepared, 0o700); err != nil {
		return nil, fmt.Errorf("lease %s: %w", path, err)
	}
	defer func() { removeAll(l.prepared) }() // gone when it became the lease
	f, err := os.OpenFile(filepath.Join(l.prepared, l.claim.String()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lease %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("lease %s: %w", path, err)
	}
	w := &watch{host: h, dir: l.dir}
	err = poll(ctx, wait, leasePoll, func() (bool, error) { return l.take(w) })
	switch {
	case err == nil:
		return l.keep(h.beat), nil
	case errors.Is(err, errBusy):
		locked := &LockedError{Path: path, Holder: w.seen.pid, Cause: ctx.Err()}
		if w.seen.tag != h.tag {
			locked.Host = w.seen.host
		}
		return nil, locked
	default:
		return nil, fmt.Errorf("lease %s: %w", path, err)
	}
}

// A lease is one that we try to hold.
type lease struct {
	dir      string
	prepared string // what becomes dir
	claim    claim  // as it is called now
}

func (l *lease) entry(c claim) string { return filepath.Join(l.dir, c.String()) }

// take tries once.
func (l *lease) take(w *watch) (bool, error) {
	// Whoever waited for long must not look as if they had held it for long.
	if time.Now().Unix() != l.claim.at {
		l.renew(l.prepared)
	}
	err := os.Rename(l.prepared, l.dir)
	if err == nil || l.ours() {
		return true, nil
	}
	names, listErr := entries(l.dir)
	switch {
	case errors.Is(listErr, fs.ErrNotExist):
		if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
			return false, nil // released a moment ago
		}
		return false, err
	case listErr != nil:
		return false, listErr
	case len(names) == 0:
		// Released, but for the directory, by somebody who was interrupted.
		_ = os.Remove(l.dir)
		return false, nil
	}
	if !w.stale(names[0]) {
		return false, nil
	}
	if err := os.Rename(filepath.Join(l.dir, names[0]), l.entry(l.claim)); err == nil || l.ours() {
		return true, nil
	}
	return false, nil // somebody else was quicker, or the holder lives
}

// ours tells whether the lease is held under our name. A file server's answer
// can be lost, and its second one be an error though the first try succeeded.
func (l *lease) ours() bool {
	_, err := os.Lstat(l.entry(l.claim))
	return err == nil
}

// keep shows signs of life until the lease is released.
func (l *lease) keep(beat time.Duration) (release func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				l.renew(l.dir)
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
		if os.Remove(l.entry(l.claim)) == nil {
			_ = os.Remove(l.dir)
		}
	})
}

// renew gives our file in dir a name of now.
func (l *lease) renew(dir string) {
	next := l.claim
	next.at = time.Now().Unix()
	to := filepath.Join(dir, next.String())
	err := os.Rename(filepath.Join(dir, l.claim.String()), to)
	if err != nil {
		_, err = os.Lstat(to) // an answer that was lost, see ours
	}
	if err == nil {
		l.claim = next
	}
}

// A memory is since when a process has seen leases as they are. It outlives a
// wait: callers wait a moment at a time, and look in between.
type memory struct {
	mu   sync.Mutex
	seen map[string]sighting // by the directory of the lease
}

type sighting struct {
	name  string
	since time.Time
}

// since tells since when the lease in dir has borne that name.
func (m *memory) since(dir, name string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen[dir].name != name {
		if m.seen == nil {
			m.seen = map[string]sighting{}
		}
		m.seen[dir] = sighting{name, time.Now()}
	}
	return m.seen[dir].since
}

// leases is this process's memory of them.
var leases memory

// A watch is one wait for a lease.
type watch struct {
	host *host
	dir  string
	seen claim
}

func (w *watch) stale(name string) bool {
	w.seen, _ = parseClaim(name)
	now := time.Now()
	switch {
	case w.seen.pid != 0 && w.seen.tag == w.host.tag && w.seen.pid != os.Getpid() && !processAlive(w.seen.pid):
		return true
	case w.seen.pid != 0 && now.Sub(time.Unix(w.seen.at, 0)) > clockSkew:
		return true
	}
	return now.Sub(w.host.memory.since(w.dir, name)) > leaseBeats*w.host.beat
}

// entries lists the names in a directory.
func entries(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// sweepLeases removes what those who died while they prepared a lease left.
func (h *host) sweepLeases(path string) {
	dir, prefix := filepath.Dir(path), filepath.Base(path)+leaseSuffix+"-"
	names, err := entries(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		c, ok := parseClaim(rest)
		old := time.Since(time.Unix(c.at, 0)) > staleAfter
		if ok && (old || (c.tag == h.tag && c.pid != os.Getpid() && !processAlive(c.pid))) {
			removeAll(filepath.Join(dir, name))
		}
	}
}

// removeAll removes a directory of a lease and the file in it.
func removeAll(dir string) {
	names, _ := entries(dir)
	for _, name := range names {
		_ = os.Remove(filepath.Join(dir, name))
	}
	_ = os.Remove(dir)
}
