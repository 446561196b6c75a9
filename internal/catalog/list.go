package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sso"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// Fresh is for how long a listing is taken for what is.
const Fresh = 24 * time.Hour

// Options say how a snapshot is had.
type Options struct {
	// Refresh lists everything anew, whatever is kept.
	Refresh bool

	// Progress is told how many accounts are done, of how many that are known of so
	// far. It is called by several goroutines. Nil drops it.
	Progress func(done, total int)

	// Idle gives up, with a [*wallet.LockedError], where another process lists
	// already. Others wait for its result.
	Idle bool
}

// waitLimit is how long to wait for another process that lists: a thousand accounts
// take a minute, or ten where others take most of the quota.
const waitLimit = 15 * time.Minute

func (c *Catalog) key() string { return wallet.TokenKey(c.Session.Name, c.Session.StartURL) }

// Saved returns what is kept of the session, from disk alone: the last listing,
// however old, or what there is of the first. known says whether anything is.
func (c *Catalog) Saved() (s Snapshot, known bool, err error) {
	r, err := c.saved()
	if r == nil {
		return Snapshot{}, false, err
	}
	return r.snapshot(), true, nil
}

// saved leaves out what is kept of another Identity Center, at which the session
// of that name pointed before.
func (c *Catalog) saved() (*record, error) {
	if c.Dir == "" {
		return nil, nil
	}
	r, err := saved(c.Dir, c.key())
	if r != nil && !c.owns(r) {
		return nil, nil
	}
	return r, err
}

func (c *Catalog) owns(r *record) bool {
	return r.session == c.Session.Name && r.startURL == c.Session.StartURL && r.region == c.Session.Region
}

// current reports whether a record needs no call: it is complete, not a day old,
// and nobody has signed in since.
func (c *Catalog) current(r *record, signIn string) bool {
	return r != nil && r.whole && r.all && len(r.failed) == 0 && r.signIn == signIn && recent(r)
}

func recent(r *record) bool {
	age := time.Since(r.began)
	return age >= 0 && age < Fresh
}

// Snapshot returns what the person reaches now, asking the service for what is
// needed to know it: nothing, where the whole was listed less than a day ago under
// the same sign-in. Where a listing was interrupted it goes on. An account whose
// roles the service does not tell is among [Snapshot.Failed] and costs nothing else.
func (c *Catalog) Snapshot(ctx context.Context, o Options) (Snapshot, error) {
	if !o.Refresh {
		if r, _ := c.saved(); c.current(r, c.SignIn.SignInMark(c.Session)) {
			return r.snapshot(), nil
		}
	}
	unlock, err := c.lock(ctx, o.Idle)
	if err != nil {
		return Snapshot{}, err
	}
	defer unlock()
	began := time.Now()
	signIn := c.SignIn.SignInMark(c.Session)
	r, err := c.saved()
	if err != nil {
		c.warn("the catalog cannot be read: " + err.Error())
	}
	if c.current(r, signIn) && (!o.Refresh || r.began.After(began)) {
		return r.snapshot(), nil
	}
	l := &listing{catalog: c, options: o, record: c.begin(signIn, began, o.Refresh)}
	if err := l.run(ctx); err != nil {
		return Snapshot{}, err
	}
	return l.record.snapshot(), nil
}

// lock makes one process list at a time. Where nothing can be locked, none does.
func (c *Catalog) lock(ctx context.Context, idle bool) (unlock func(), err error) {
	name := "catalog-" + c.key()
	if c.Dir == "" {
		return func() {}, nil
	}
	if idle {
		unlock, err = c.SignIn.Wallet.TryLock(name)
	} else {
		unlock, err = c.SignIn.Hold(ctx, name, "lists the accounts of "+c.Session.String(), waitLimit)
	}
	if _, locked := errors.AsType[*wallet.LockedError](err); err == nil || locked || ctx.Err() != nil {
		return unlock, err
	}
	return func() {}, nil
}

func (c *Catalog) warn(problem string) {
	if c.Warn != nil {
		c.Warn(problem)
	}
}

// begin is what a listing starts from: what an interrupted one found, or nothing.
func (c *Catalog) begin(signIn string, now time.Time, anew bool) *record {
	if c.Dir != "" && !anew {
		if r, _ := read(filepath.Join(c.Dir, c.key()+journalSuffix)); r != nil && c.owns(r) && r.signIn == signIn && recent(r) {
			r.whole, r.failed = false, map[string]string{}
			return r
		}
	}
	r := newRecord()
	r.session, r.startURL, r.region = c.Session.Name, c.Session.StartURL, c.Session.Region
	r.signIn, r.began = signIn, now
	return r
}

// A listing is one under way.
type listing struct {
	catalog *Catalog
	options Options
	portal  *sso.Client

	mu      sync.Mutex
	record  *record
	journal *os.File // nil: nothing is kept
}

// workers are as many as the pace lets call at once, and some that wait for it.
const workers = pace.Window + 8

func (l *listing) run(ctx context.Context) error {
	c := l.catalog
	client := *c.SignIn
	if client.Pace == nil {
		client.Pace = pace.New(signin.Throttled)
	}
	var err error
	if l.portal, err = client.Portal(c.Session.Region); err != nil {
		return err
	}
	l.open()
	defer l.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	bearer := &bearer{client: &client, session: c.Session}
	jobs := make(chan string)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for id := range jobs {
				if err := l.roles(ctx, bearer, id); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	err = l.accounts(ctx, bearer, jobs)
	close(jobs)
	all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	l.record.whole = true
	return l.keep()
}

// accounts asks for the accounts, where they are not known, and hands out those
// whose roles are not.
func (l *listing) accounts(ctx context.Context, b *bearer, jobs chan<- string) error {
	hand := func(accounts []Account) {
		for _, a := range accounts {
			l.mu.Lock()
			_, known := l.record.roles[a.ID]
			l.mu.Unlock()
			if known {
				continue
			}
			select {
			case jobs <- a.ID:
			case <-ctx.Done():
				return
			}
		}
	}
	if l.record.all {
		hand(l.record.accounts)
		return nil
	}
	l.record.accounts = nil
	return b.use(ctx, func(token string) error {
		seen := map[string]bool{}
		l.mu.Lock()
		l.record.accounts = nil
		l.mu.Unlock()
		err := accountPages(ctx, l.portal, token, func(page []Account) {
			var lines []byte
			l.mu.Lock()
			fresh := page[:0]
			for _, a := range page {
				if !seen[a.ID] {
					seen[a.ID] = true
					fresh = append(fresh, a)
					lines = accountLine(lines, a)
				}
			}
			l.record.accounts = append(l.record.accounts, fresh...)
			l.note(lines)
			l.mu.Unlock()
			l.tell()
			hand(fresh)
		})
		l.mu.Lock()
		l.record.all = err == nil
		l.mu.Unlock()
		return signin.Failure(err)
	})
}

// roles asks for those in an account. An error is one that ends the listing.
func (l *listing) roles(ctx context.Context, b *bearer, id string) error {
	var roles []Role
	err := b.use(ctx, func(token string) (err error) {
		roles, err = rolePages(ctx, l.portal, token, id)
		return signin.Failure(err)
	})
	if _, refused := errors.AsType[*signin.ServiceError](err); err != nil && (!refused || ctx.Err() != nil) {
		return err
	}
	l.mu.Lock()
	if err != nil {
		l.record.failed[id] = err.Error()
	} else {
		l.record.roles[id] = roles
		l.note(rolesLine(nil, id, roles))
	}
	l.mu.Unlock()
	l.tell()
	return nil
}

func (l *listing) tell() {
	if l.options.Progress == nil {
		return
	}
	l.mu.Lock()
	done, total := len(l.record.roles)+len(l.record.failed), len(l.record.accounts)
	l.mu.Unlock()
	l.options.Progress(done, total)
}

func (l *listing) path(suffix string) string {
	return filepath.Join(l.catalog.Dir, l.catalog.key()+suffix)
}

// open begins the journal with what is known already.
func (l *listing) open() {
	if l.catalog.Dir == "" {
		return
	}
	path := l.path(journalSuffix)
	err := atomicfile.Write(path, l.record.lines(), 0o600)
	if err == nil {
		l.journal, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	}
	if err != nil {
		l.catalog.warn("the catalog cannot be kept: " + err.Error())
	}
}

// note appends lines to the journal. What an interrupted listing leaves there is
// as good as the system's own memory; of a computer that fails, the end may be
// lost.
func (l *listing) note(lines []byte) {
	if l.journal == nil || len(lines) == 0 {
		return
	}
	if _, err := l.journal.Write(lines); err != nil {
		l.catalog.warn("the catalog cannot be kept: " + err.Error())
		l.close()
	}
}

func (l *listing) close() {
	if l.journal != nil {
		l.journal.Close()
		l.journal = nil
	}
}

// keep puts the listing in the place of the one before.
func (l *listing) keep() error {
	if l.catalog.Dir == "" {
		return nil
	}
	l.close()
	if err := atomicfile.Write(l.path(keptSuffix), l.record.lines(), 0o600); err != nil {
		l.catalog.warn("the catalog cannot be kept: " + err.Error())
		return nil
	}
	_ = os.Remove(l.path(journalSuffix))
	return nil
}

// A bearer has the access token for many calls: what is read from the wallet may
// have to be decrypted.
type bearer struct {
	client  *signin.Client
	session signin.Session

	mu    sync.Mutex
	token string
	until time.Time
}

// bearerLasts is for how long a token is used before the wallet is asked again,
// which renews it in time.
const bearerLasts = time.Minute

func (b *bearer) use(ctx context.Context, call func(token string) error) error {
	token, err := b.get(ctx, "", nil)
	if err != nil {
		return err
	}
	if err = call(token); !signin.Unauthorized(err) {
		return err
	}
	if token, err = b.get(ctx, token, err); err != nil {
		return err
	}
	if err = call(token); signin.Unauthorized(err) {
		return &signin.RequiredError{Session: b.session, Reason: signin.Ended}
	}
	return err
}

// get returns a token other than the one that was not accepted, "" for none; why
// says how.
func (b *bearer) get(ctx context.Context, disowned string, why error) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token != disowned && time.Now().Before(b.until) {
		return b.token, nil
	}
	err := b.client.WithToken(ctx, b.session, func(token string) error {
		if token == disowned {
			return why
		}
		b.token, b.until = token, time.Now().Add(bearerLasts)
		return nil
	})
	return b.token, err
}
