package conformance

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// Open returns an empty Store that lives as long as the test.
type Open func(t testing.TB) grant.Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for name, f := range map[string]func(*testing.T, *fixture){
		"clients":                 clients,
		"client limit":            clientLimit,
		"clients with requests":   clientsWithRequests,
		"requests":                requests,
		"request limit":           requestLimit,
		"request hoarding":        requestHoarding,
		"user codes":              userCodes,
		"user codes of each":      userCodesOfEach,
		"user codes bind":         userCodesBind,
		"binding":                 binding,
		"rebinding":               rebinding,
		"deciding":                deciding,
		"polling":                 polling,
		"redeeming":               redeeming,
		"redeeming is atomic":     redeemingIsAtomic,
		"redeeming concurrently":  redeemingConcurrently,
		"deciding concurrently":   decidingConcurrently,
		"sessions":                sessions,
		"listing sessions":        listingSessions,
		"ending sessions":         endingSessions,
		"scripts":                 scripts,
		"scripts are atomic":      scriptsAreAtomic,
		"settling concurrently":   settlingConcurrently,
		"ageing":                  ageing,
		"tokens":                  tokens,
		"rotating":                rotating,
		"rotating concurrently":   rotatingConcurrently,
		"credentials":             credentials,
		"console sessions":        consoleSessions,
		"opening concurrently":    openingConcurrently,
		"collecting":              collecting,
		"ended contexts":          endedContexts,
		"nothing is there at all": nothing,
	} {
		t.Run(name, func(t *testing.T) { f(t, &fixture{T: t, Store: open(t)}) })
	}
}

// start is when every test begins.
var start = time.Date(2026, 11, 20, 9, 30, 0, 123_000_000, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func hash(s string) grant.Hash { return sha256.Sum256([]byte(s)) }

type fixture struct {
	*testing.T
	grant.Store
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("got error %v, want none", err)
	}
}

func (f *fixture) is(got, want error) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Fatalf("got error %v, want %v", got, want)
	}
}

func (f *fixture) same(got, want any) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Fatalf("got other than want (-want +got):\n%s", diff)
	}
}

func clientRecord(id string) grant.ClientRecord {
	return grant.ClientRecord{
		Client: grant.Client{
			ID: id, Name: "botocore-client-" + id, Type: "public",
			Scopes: []string{"sso:account:access", `odd"scope`}, RedirectURIs: []string{"http://127.0.0.1/oauth/callback"},
			GrantTypes: []string{grant.GrantAuthorizationCode, grant.GrantRefreshToken},
			IssuerURL:  "https://d-1234567890.awsapps.com/start", IssuedAt: start, ExpiresAt: at(90 * 24 * time.Hour),
		},
		Secret: hash("secret of " + id),
	}
}

func (f *fixture) client(id string) grant.ClientRecord {
	f.Helper()
	c := clientRecord(id)
	f.ok(f.InsertClient(f.Context(), c, start, start, 1000))
	return c
}

func (f *fixture) session(id, userID string) grant.Session {
	f.Helper()
	s := grant.Session{ID: id, UserID: userID, CreatedAt: start, ExpiresAt: at(8 * time.Hour)}
	f.ok(f.InsertSession(f.Context(), s, hash("cookie of "+id)))
	return s
}

// end ends a session.
func (f *fixture) end(id string, now time.Time) (ended bool) {
	f.Helper()
	ended, err := f.EndSession(f.Context(), id, now)
	f.ok(err)
	return ended
}

func deviceRequest(name, clientID string) grant.RequestRecord {
	return grant.RequestRecord{
		ID: hash("id of " + name), Flow: grant.FlowDevice, ClientID: clientID, Scopes: []string{"sso:account:access"},
		DeviceCode: hash("device code of " + name), UserCode: hash("user code of " + name),
		Origin: grant.Origin{Address: "2001:db8::1", UserAgent: "aws-cli/2.31 md/command#sso.login"},
		Status: grant.StatusPending, CreatedAt: start, ExpiresAt: at(10 * time.Minute),
	}
}

func codeRequest(name, clientID string) grant.RequestRecord {
	return grant.RequestRecord{
		ID: hash("id of " + name), Flow: grant.FlowAuthorizationCode, ClientID: clientID,
		RedirectURI: "http://127.0.0.1:4711/oauth/callback", State: "état", CodeChallenge: "challenge",
		Status: grant.StatusPending, CreatedAt: start, ExpiresAt: at(10 * time.Minute),
	}
}

func (f *fixture) insert(r grant.RequestRecord) grant.RequestRecord {
	f.Helper()
	f.ok(f.InsertRequest(f.Context(), r, start, at(-time.Hour), 1000))
	return r
}

// read returns a request without what is joined to it.
func (f *fixture) read(id grant.Hash) grant.RequestRecord {
	f.Helper()
	r, err := f.Request(f.Context(), id)
	f.ok(err)
	return bare(r)
}

func bare(r grant.RequestRecord) grant.RequestRecord {
	r.ClientName, r.ClientCreated, r.SessionExpiresAt = "", time.Time{}, time.Time{}
	return r
}

// allowed makes a request that alice allowed in session s.
func (f *fixture) allowed(r grant.RequestRecord) grant.RequestRecord {
	f.Helper()
	f.insert(r)
	_, err := f.BindRequest(f.Context(), r.ID, "s")
	f.ok(err)
	got, err := f.Decide(f.Context(), verdict(r, "s"))
	f.ok(err)
	return got
}

func verdict(r grant.RequestRecord, sessionID string) grant.Verdict {
	return grant.Verdict{
		ID: r.ID, SessionID: sessionID, UserID: "alice", Allow: true,
		Code: hash("code of " + string(r.ID[:])), CodeExpiresAt: at(5 * time.Minute), Now: at(time.Second),
	}
}

func redemption(r grant.RequestRecord, name string) grant.Redemption {
	return grant.Redemption{
		ID: r.ID, Now: at(2 * time.Second),
		Family: grant.Family{
			ID: "family of " + name, SessionID: "s", UserID: "alice", ClientID: r.ClientID, ClientName: "client",
			Scopes: []string{"sso:account:access"}, CreatedAt: at(2 * time.Second), ExpiresAt: at(8 * time.Hour),
		},
		Access:  grant.NewAccess{Token: hash("access of " + name), ExpiresAt: at(time.Hour)},
		Refresh: hash("refresh of " + name),
	}
}

// family makes a client, a session s and a redeemed device request.
func (f *fixture) family(name string) grant.Redemption {
	f.Helper()
	f.client("c")
	f.session("s", "alice")
	r := redemption(f.allowed(deviceRequest(name, "c")), name)
	f.ok(f.Redeem(f.Context(), r))
	return r
}

// crowd runs n calls at once and returns how many succeeded; all others must
// have met a conflict.
func (f *fixture) crowd(n int, call func(i int) error) (won int) {
	f.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = call(i)
		})
	}
	close(begin)
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, grant.ErrConflict):
			f.Errorf("got error %v, want none or %v", err, grant.ErrConflict)
		}
	}
	return won
}

func number(prefix string, i int) string { return fmt.Sprintf("%s %d", prefix, i) }
