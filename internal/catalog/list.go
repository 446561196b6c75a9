package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
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
	// Refresh lists everything anew, whatever is kept. It, too, goes on where it was
	// interrupted less than an hour ago.
	Refresh bool

	// Progress is told how many accounts are done, of how many that are known of so
	// far. It is called by several goroutines. Nil drops it.
	Progress func(done, total int)

	// Idle gives up, with a [*wallet.LockedError], where another process lists
	// already. Others wait for its result.
	Idle bool
}

// resumable is how old an interrupted listing may be for one that is to list everything
// anew to go on with it.
const resumable = time.Hour

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
	if r != nil && (!c.owns(r) || (!r.all && len(r.accounts) == 0)) {
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
	for tries := 3; ; tries-- {
		l := c.begin(o, signIn, began)
		err := l.run(ctx)
		if err == nil {
			return l.record.snapshot(), nil
		}
		if !errors.Is(err, errOtherSignIn) || tries == 1 {
			return Snapshot{}, err
		}
		signIn = c.SignIn.SignInMark(c.Session)
	}
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

// begin is where a listing starts from: where an interrupted one ended, where one
// of today left accounts out, or nowhere. What was found under another sign-in may
// be somebody else's.
func (c *Catalog) begin(o Options, signIn string, now time.Time) *listing {
	l := &listing{catalog: c, options: o, now: now, listed: make(chan struct{}), trouble: map[string]error{}}
	if c.Dir != "" {
		for _, suffix := range []string{journalSuffix, keptSuffix} {
			r, _ := read(filepath.Join(c.Dir, c.key()+suffix))
			if r == nil || !c.owns(r) || !recent(r) {
				continue
			}
			if o.Refresh && (suffix == keptSuffix || now.Sub(r.began) > resumable) {
				continue
			}
			l.doubt = r.signIn != signIn
			r.signIn, r.whole, r.failed = signIn, false, map[string]string{}
			l.record = r
			return l
		}
	}
	l.record = newRecord()
	l.record.session, l.record.startURL, l.record.region = c.Session.Name, c.Session.StartURL, c.Session.Region
	l.record.signIn, l.record.began = signIn, now
	return l
}

// A listing is one under way.
type listing struct {
	catalog *Catalog
	options Options
	portal  *sso.Client
	bearer  *bearer
	now     time.Time     // when it began
	listed  chan struct{} // closed when the accounts are known
	doubt   bool          // the record may be of another person

	mu      sync.Mutex
	record  *record
	journal *os.File         // nil: nothing is kept
	trouble map[string]error // accounts that are to be asked for once more
	streak  int              // how many answers failed since one came
}

const (
	// workers are as many as the pace lets call at once, and some that wait for it.
	workers = pace.Window + 8
	// hopeless is how many calls may fail in a row before the service, or the way to
	// it, is taken to be down.
	hopeless = 10
)

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
	l.bearer = &bearer{client: &client, session: c.Session, signIn: l.record.signIn}
	if _, err := l.bearer.get(ctx, "", nil); err != nil {
		return err
	}
	defer l.close()
	if l.doubt {
		if err := l.verify(ctx); err != nil {
			return err
		}
	}
	l.open()
	if err := l.each(ctx, func(ctx context.Context, hand func([]Account)) error {
		if l.record.all {
			l.arrived()
			hand(l.record.accounts)
			return nil
		}
		return l.accounts(ctx, hand)
	}); err != nil {
		return err
	}
	if err := l.again(ctx); err != nil {
		return err
	}
	if signedIn, _ := c.SignIn.Standing(c.Session); !signedIn && c.Dir != "" {
		// Signing out removed what was kept, and this is not to come after it.
		l.close()
		_ = os.Remove(l.path(journalSuffix))
		return &signin.RequiredError{Session: c.Session, Reason: signin.Missing}
	}
	l.record.end()
	l.keep()
	return nil
}

// again asks once more for what there was trouble with, and notes what there still
// is trouble with.
func (l *listing) again(ctx context.Context) error {
	var accounts []Account
	for _, a := range l.record.accounts {
		if l.trouble[a.ID] != nil {
			accounts = append(accounts, a)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	clear(l.trouble)
	if err := l.each(ctx, func(_ context.Context, hand func([]Account)) error { hand(accounts); return nil }); err != nil {
		return err
	}
	for id, err := range l.trouble {
		if len(l.record.roles) == 0 {
			return err
		}
		l.record.failed[id] = err.Error()
	}
	return nil
}

// each asks for the roles in the accounts that feed hands out and whose roles are
// not known, side by side.
func (l *listing) each(ctx context.Context, feed func(ctx context.Context, hand func([]Account)) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Who feeds does not wait for who works: the accounts are known long before
	// their roles, and with them how much there is to do.
	pages := make(chan []Account, 1<<12)
	go func() {
		defer close(pages)
		if err := feed(ctx, func(accounts []Account) { pages <- accounts }); err != nil {
			cancel(err)
		}
	}()
	jobs := make(chan string)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for id := range jobs {
				if err := l.roles(ctx, id); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for accounts := range pages {
		for _, a := range accounts {
			if l.known(a.ID) {
				continue
			}
			select {
			case jobs <- a.ID:
			case <-ctx.Done():
			}
		}
	}
	close(jobs)
	all.Wait()
	return context.Cause(ctx)
}

// arrived tells that the accounts are known.
func (l *listing) arrived() {
	select {
	case <-l.listed:
	default:
		close(l.listed)
	}
}

func (l *listing) known(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.record.roles[id]
	return known
}

// accounts asks for the accounts, and hands them out by the page.
func (l *listing) accounts(ctx context.Context, hand func([]Account)) error {
	err := l.bearer.use(ctx, func(token string) error {
		seen := map[string]bool{}
		l.mu.Lock()
		l.record.accounts = nil
		l.note(line(nil, lineAnew, ""))
		l.mu.Unlock()
		return signin.Failure(accountPages(ctx, l.portal, token, func(page []Account) {
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
		}))
	})
	if err == nil {
		l.mu.Lock()
		l.record.all = true
		l.arrived()
		l.note(line(nil, lineAccounts, strconv.Itoa(len(l.record.accounts))))
		l.mu.Unlock()
	}
	return err
}

// roles asks for those in an account. An error is one that ends the listing.
func (l *listing) roles(ctx context.Context, id string) error {
	if l.bearer.client.Pace.Limited() {
		// The accounts first: a person waits to hear how much there is to do.
		select {
		case <-l.listed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var roles []Role
	err := l.bearer.use(ctx, func(token string) (err error) {
		roles, err = rolePages(ctx, l.portal, token, id)
		return signin.Failure(err)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	defer l.tell()
	l.mu.Lock()
	defer l.mu.Unlock()
	refusal, refused := errors.AsType[*signin.ServiceError](err)
	_, lost := errors.AsType[*signin.ConnectionError](err)
	switch {
	case err == nil:
		l.streak = 0
		l.record.roles[id] = roles
		l.note(rolesLine(nil, id, roles))
	case refused && refusal.Final():
		l.record.failed[id] = err.Error()
	case !refused && !lost:
		return err
	default:
		l.trouble[id] = err
		if l.streak++; l.streak >= hopeless {
			return err
		}
	}
	return nil
}

func (l *listing) tell() {
	if l.options.Progress == nil {
		return
	}
	l.mu.Lock()
	done, total := len(l.record.roles)+len(l.record.failed), max(len(l.record.accounts), len(l.record.roles))
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
func (l *listing) keep() {
	if l.catalog.Dir == "" {
		return
	}
	l.close()
	if err := atomicfile.Write(l.path(keptSuffix), l.record.lines(), 0o600); err != nil {
		l.catalog.warn("the catalog cannot be kept: " + err.Error())
		return
	}
	_ = os.Remove(l.path(journalSuffix))
}
