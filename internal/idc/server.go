package idc

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/portal"
	"github.com/portico-sso/portico/internal/idc/seed"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// Server is an Identity Center. It serves as an http.Handler, or by Serve with
// the limits a listener needs.
type Server struct {
	address   address
	names     otherNames
	tls       *tls.Config // nil: plain
	directory *directory.Service
	grant     *grant.Service
	db        *sqlstore.DB
	now       func() time.Time
	log       *slog.Logger

	events *events.Recorder
	place  events.Place
	faults fault.Plan
	// What answers: AWS calls, pages, vanity start URLs.
	onAPI, onPages, onVanity surface

	api     *awsapi.Handler
	pages   *portal.Handler
	control http.Handler // nil when off
	// exposed is set once a listener turns out to be open to other machines.
	exposed atomic.Bool

	skew atomic.Int64 // nanoseconds

	stopping chan struct{} // closed when Serve drains: nothing is delayed any more
	stopOnce sync.Once

	collected atomic.Int64  // unix nanoseconds of package time
	collect   chan struct{} // asks Serve's goroutine to collect
	closeOnce sync.Once
	closeErr  error
}

// keptInMemory is how many events are kept where they cost memory: at some 4 kB
// each at most, and 1 kB as a rule.
const keptInMemory = 20_000

// New opens the database and puts the organisation into it. Close must be
// called at the end.
func New(ctx context.Context, c Config) (*Server, error) {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	a, err := parseAddress(c.BaseURL)
	if err != nil {
		return nil, err
	}
	names, err := parseHosts(c.Hosts)
	if err != nil {
		return nil, err
	}
	s := &Server{address: a, names: names, tls: c.TLS, now: c.Now, log: c.Log, collect: make(chan struct{}, 1), stopping: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.db, err = sqlstore.Open(ctx, c.DataDir); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, c); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context, c Config) error {
	key, err := s.db.ServerKey(ctx)
	if err != nil {
		return err
	}
	peopleOnly := func() bool { return !s.address.loopback() || s.exposed.Load() }
	s.directory = &directory.Service{Store: s.db.Directory(), Key: key, PeopleOnly: peopleOnly}
	s.grant = &grant.Service{Store: s.db.Grant(), Policy: c.Policy, Key: key, UserActive: s.directory.Active, PeopleOnly: peopleOnly}
	if err := s.seed(ctx, c.Organisation); err != nil {
		return err
	}
	instance, err := s.directory.Instance(ctx)
	if err != nil {
		return err
	}
	s.place = events.Place{Region: instance.Region, ManagementAccount: instance.ManagementAccount,
		IdentityStoreARN: instance.IdentityStoreARN()}
	s.events = &events.Recorder{Log: s.log, Store: s.db.Events()}
	if c.DataDir == "" {
		s.events.Keep = keptInMemory
	}
	// Hashing passwords took some 80 MB, which the runtime would keep for more of
	// the same. There is no more of it until somebody signs in.
	debug.FreeOSMemory()
	s.api = &awsapi.Handler{Grant: s.grant, Directory: s.directory, BaseURL: s.address.url, OwnHost: s.allows,
		StartURLs: func(i directory.Instance) []string { return startURLs(i, s.address.url) },
		Now:       s.now, SignatureNow: s.signatureNow, Log: s.log}
	s.pages = &portal.Handler{Grant: s.grant, Directory: s.directory, BaseURL: s.address.url, Now: s.now, Log: s.log}
	s.onAPI, s.onPages = s.apiSurface(), s.pageSurface()
	s.onVanity = s.onPages
	s.onVanity.Handler = vanityHandler(s.directory.Instance)
	s.faults.Known = known

	if !s.address.loopback() {
		s.warnExposed("address", s.address.url)
	}
	if c.ControlKey != "" && s.address.loopback() {
		s.control = &control.Handler{Key: c.ControlKey, Address: s.address.url, CookieName: portal.CookieName(s.address.url),
			Grant: s.grant, Directory: s.directory, Events: s.events, Faults: &s.faults, Clock: s, Now: s.now, Log: s.log}
	}
	s.collected.Store(s.now().UnixNano())
	return s.dropExpired(ctx)
}

// seed puts an organisation into the database, if there is one to put.
func (s *Server) seed(ctx context.Context, org *directory.Organisation) error {
	if org == nil {
		switch _, err := s.directory.Instance(ctx); {
		case err == nil:
			return nil
		case !errors.Is(err, directory.ErrNotFound):
			return err
		}
		builtIn := seed.BuiltIn()
		org = &builtIn
	}
	return s.directory.Seed(ctx, *org)
}

func (s *Server) warnExposed(attribute, value string) {
	s.log.Warn("THIS IDENTITY CENTER CAN BE REACHED FROM OTHER MACHINES. It is meant for one machine: "+
		"whoever reaches it may try passwords, and its traffic can be read. Control is off, and decisions answer nothing.", attribute, value)
}

// Describe says which Identity Center this is, and who is in it, in the
// organisation's order.
func (s *Server) Describe(ctx context.Context) (directory.Instance, []string, error) {
	instance, err := s.directory.Instance(ctx)
	if err != nil {
		return directory.Instance{}, nil, err
	}
	users, err := s.directory.Users(ctx)
	if err != nil {
		return directory.Instance{}, nil, err
	}
	var names []string
	for _, u := range users {
		names = append(names, u.Name)
	}
	return instance, names, nil
}

// Close keeps the last events and closes the database. Serve must have returned.
func (s *Server) Close() error {
	s.closeOnce.Do(func() { s.closeErr = errors.Join(s.events.Close(), s.db.Close()) })
	return s.closeErr
}

// allows says whether a Host header names this Identity Center.
func (s *Server) allows(hostHeader string) bool {
	return s.address.allows(hostHeader) || s.names.allow(hostHeader, s.address.standardPort())
}

// route hands a request on. The order is the package comment's.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.allows(r.Host):
		e := events.Of(r.Context())
		e.Source, e.Name = awsapi.EventOf(s.api.Identify(r))
		e.ErrorCode, e.ErrorMessage = "MisdirectedRequest", "The request came for a host that this Identity Center is not"
		s.misdirected(w)
	case strings.HasPrefix(r.URL.Path, "/.portico/"):
		if s.control == nil || s.exposed.Load() || !s.address.allows(r.Host) {
			http.NotFound(w, r)
			return
		}
		s.control.ServeHTTP(w, r)
	case servesVanity(r.URL.Path) && !s.api.Handles(r):
		s.injected(w, r, &s.onVanity)
	case s.api.Handles(r), !portal.Serves(r.URL.Path) && !awsapi.FromBrowser(r):
		s.injected(w, r, &s.onAPI)
	default:
		s.injected(w, r, &s.onPages)
	}
}

// routeAWS is route for AWSHandler.
func (s *Server) routeAWS(w http.ResponseWriter, r *http.Request) {
	page := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case s.api.Handles(r):
		s.injected(w, r, &s.onAPI)
	case page && r.URL.Path == "/authorize":
		target := s.address.url + r.URL.Path
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	case page && awsapi.FromBrowser(r):
		w.Header().Set("Location", s.address.url+"/")
		w.WriteHeader(http.StatusFound)
	default:
		s.injected(w, r, &s.onAPI)
	}
}
