package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	host   = "127.0.0.1:40000"
	token  = "7406b1c74d642a1867b52ef995fe02357624d0c6751540a9b93a2c87c8e1c243"
	secret = "wJalrXUtnFEMI-the-secret"
)

// giving is an endpoint that has credentials for an hour.
func giving() *Endpoint {
	return &Endpoint{Credentials: func(context.Context) (Credentials, error) {
		return Credentials{AccessKeyID: "ASIAGIVEN", SecretAccessKey: secret, SessionToken: "session-" + secret, Expiration: time.Now().Add(time.Hour), AccountID: "111111111111"}, nil
	}}
}

// good is a request as the SDKs send it.
func good() *http.Request {
	r := httptest.NewRequest(http.MethodGet, Path, nil)
	r.Host = host
	r.Header = http.Header{"Authorization": {token}, "Accept": {"application/json"}, "User-Agent": {"Boto3/1.43"}}
	return r
}

func send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// code is the code of a refusal; "" is an answer with credentials.
func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var d struct {
		Code, Message, SecretAccessKey, Token, AccessKeyID, Expiration string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	for name, value := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") || name == "Location" || name == "Set-Cookie" {
			t.Errorf("the answer has %s: %s", name, value)
		}
	}
	if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
		t.Errorf("got the header %v", h)
	}
	switch {
	case w.Code == http.StatusOK && d.SecretAccessKey == secret && d.Token != "" && d.AccessKeyID != "":
		if _, err := time.Parse("2006-01-02T15:04:05Z", d.Expiration); err != nil {
			t.Errorf("got Expiration %q", d.Expiration)
		}
		return ""
	case w.Code >= 400 && d.Code != "" && d.Message != "" && !strings.Contains(w.Body.String(), secret):
		return d.Code
	}
	t.Fatalf("got %d: %s", w.Code, w.Body)
	return ""
}

func TestRequests(t *testing.T) {
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Add(name, value) }
	}
	at := func(uri string) func(*http.Request) {
		return func(r *http.Request) { r.RequestURI = uri }
	}
	by := func(method string) func(*http.Request) {
		return func(r *http.Request) { r.Method = method }
	}
	to := func(host string) func(*http.Request) {
		return func(r *http.Request) { r.Host = host }
	}
	type row struct {
		name   string
		change func(*http.Request)
		code   string
	}
	rows := []row{
		{"as it should be", func(*http.Request) {}, ""},
		{"headers of no account", with("X-Amz-Security-Token", "x"), ""},

		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, "InvalidToken"},
		{"an empty token", func(r *http.Request) { r.Header.Set("Authorization", "") }, "InvalidToken"},
		{"half a token", func(r *http.Request) { r.Header.Set("Authorization", token[:32]) }, "InvalidToken"},
		{"a longer token", func(r *http.Request) { r.Header.Set("Authorization", token+"0") }, "InvalidToken"},
		{"another token", func(r *http.Request) { r.Header.Set("Authorization", NewToken()) }, "InvalidToken"},
		{"a bearer's token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }, "InvalidToken"},
		{"two tokens", with("Authorization", token), "InvalidToken"},
		{"the token elsewhere", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.RequestURI += "?token=" + token
			r.Header.Set("Cookie", "token="+token)
		}, "InvalidToken"},

		{"a rebound name", to("evil.test:40000"), "WrongHost"},
		{"localhost", to("localhost:40000"), "WrongHost"},
		{"no port", to("127.0.0.1"), "WrongHost"},
		{"another port", to("127.0.0.1:40001"), "WrongHost"},
		{"a dot too much", to("127.0.0.1.:40000"), "WrongHost"},
		{"no host", to(""), "WrongHost"},
		{"the socket's host", to(socketHost), "WrongHost"},

		{"Origin", with("Origin", "http://127.0.0.1:40000"), "ForwardedRequest"},
		{"Origin null", with("Origin", "null"), "ForwardedRequest"},
		{"Sec-Fetch-Site", with("Sec-Fetch-Site", "same-origin"), "ForwardedRequest"},
		{"Sec-Fetch-Mode", with("Sec-Fetch-Mode", "no-cors"), "ForwardedRequest"},
		{"X-Forwarded-For", with("X-Forwarded-For", "127.0.0.1"), "ForwardedRequest"},
		{"X-Forwarded-Host", with("X-Forwarded-Host", host), "ForwardedRequest"},
		{"Forwarded", with("Forwarded", "for=127.0.0.1"), "ForwardedRequest"},
		{"Via", with("Via", "1.1 proxy"), "ForwardedRequest"},

		{"the root", at("/"), "NotFound"},
		{"a longer path", at(Path + "/"), "NotFound"},
		{"a path below", at(Path + "/admin"), "NotFound"},
		{"a query", at(Path + "?role=admin"), "NotFound"},
		{"an empty query", at(Path + "?"), "NotFound"},
		{"a fragment", at(Path + "#x"), "NotFound"},
		{"two slashes", at("/" + Path), "NotFound"},
		{"dots", at("/x/.." + Path), "NotFound"},
		{"an escape", at("/%63redentials"), "NotFound"},
		{"capitals", at("/Credentials"), "NotFound"},
		{"as to a proxy", at("http://" + host + Path), "NotFound"},
		{"the metadata service's", at("/latest/meta-data/iam/security-credentials/"), "NotFound"},

		{"a body", func(r *http.Request) { r.ContentLength = 2 }, "InvalidRequest"},
		{"a body without a length", func(r *http.Request) { r.ContentLength = -1 }, "InvalidRequest"},
	}
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "FOO"} {
		rows = append(rows, row{"method " + method, by(method), "MethodNotAllowed"})
	}
	h := giving().Handler(host, token)
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			r := good()
			tt.change(r)
			if got := code(t, send(h, r)); got != tt.code {
				t.Errorf("got the code %q, want %q", got, tt.code)
			}
			// Without the token nothing more is learned than that it is missing.
			r.Header.Del("Authorization")
			if got := code(t, send(h, r)); got != "InvalidToken" && got != "WrongHost" {
				t.Errorf("without the token: got the code %q", got)
			}
		})
	}
	if got := code(t, send(giving().Handler(host, ""), good())); got != "InvalidToken" {
		t.Errorf("an endpoint without a token: got the code %q", got)
	}
}

// What a holder of a handle might try, with every handle there is, and many
// thousand things more: it gets the one role that it is for, or nothing, and each
// answer is on record.
func TestNoEscalation(t *testing.T) {
	var record bytes.Buffer
	begun := time.Now()
	running, over := giving(), giving()
	running.Log = &Log{Out: &record, Role: Role{Profile: "agent", AccountID: "111111111111", Name: "ReadOnly"}}
	running.Grant = NewGrant(time.Hour)
	over.Log, over.Grant = running.Log, Grant{begun: begun.Add(-time.Hour), length: time.Hour}
	handlers := []http.Handler{running.Handler(host, token), over.Handler(host, token), running.SocketHandler()}

	pick := func(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }
	requests, granted := 0, 0
	ask := func(which int, r *http.Request) {
		t.Helper()
		requests++
		got := code(t, send(handlers[which], r))
		// A socket of which nobody knows who is at the other end is no way in.
		may := which == 0 && r.Method == "GET" && r.RequestURI == Path && r.Host == host && r.ContentLength == 0 &&
			len(r.Header["Authorization"]) == 1 && r.Header.Get("Authorization") == token && len(r.Header["Origin"])+len(r.Header["Via"]) == 0
		if got == "" {
			granted++
		}
		if may != (got == "") {
			t.Fatalf("%s %s at %q with %v of handle %d: got the code %q", r.Method, r.RequestURI, r.Host, r.Header, which, got)
		}
	}
	operations := []struct{ method, uri string }{
		{"GET", Path}, {"GET", "/"}, {"GET", "/roles"}, {"GET", "/profiles"}, {"GET", "/accounts"}, // list
		{"POST", Path}, {"PUT", Path + "/admin"}, {"POST", "/grants"}, // add
		{"PATCH", Path}, {"POST", "/policy"}, {"GET", Path + "?profile=admin"}, {"GET", Path + "?for=12h"}, // widen
		{"POST", "/token"}, {"GET", "/token"}, {"GET", "/sso/cache"}, {"GET", "/../.aws/sso/cache"}, // mint, read tokens
		{"POST", "/login"}, {"GET", "/login"}, {"POST", "/shutdown"}, {"DELETE", "/audit"}, // sign in, steer
	}
	for which := range handlers {
		for _, op := range operations {
			for _, key := range []string{token, "", NewToken()} {
				r := good()
				r.Method, r.RequestURI = op.method, op.uri
				r.Header.Set("Authorization", key)
				if which == 2 {
					r.Host = socketHost
				}
				ask(which, r)
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range RandomRequests {
		r := good()
		op := operations[rng.IntN(len(operations))]
		if rng.IntN(2) == 0 {
			op = operations[0]
		}
		r.Method, r.RequestURI = op.method, op.uri
		r.Host = pick(rng, host, host, host, "evil.test", socketHost)
		if rng.IntN(3) == 0 {
			r.Header.Set("Authorization", pick(rng, "", token[1:], strings.ToUpper(token), token+token, "Bearer "+token))
		}
		if rng.IntN(6) == 0 {
			r.Header.Add(pick(rng, "Authorization", "Origin", "Via", "X-Role", "X-Profile"), pick(rng, token, "admin", "null"))
		}
		if rng.IntN(8) == 0 {
			r.ContentLength = int64(rng.IntN(3) - 1)
		}
		ask(rng.IntN(len(handlers)), r)
	}
	lines, onRecord := 0, 0
	for s := bufio.NewScanner(&record); s.Scan(); lines++ {
		var ln line
		if err := json.Unmarshal(s.Bytes(), &ln); err != nil || ln.Name != "ReadOnly" || strings.Contains(s.Text(), secret) || strings.Contains(s.Text(), "admin") {
			t.Fatalf("%v in the line %s", err, s.Text())
		}
		if ln.Outcome == "granted" {
			onRecord++
		}
	}
	if lines != requests || onRecord != granted || granted < RandomRequests/100 {
		t.Errorf("%d of %d requests were granted; %d of %d are on record", granted, requests, onRecord, lines)
	}
}

// FuzzRequest has raw requests parsed as a server does: whatever they are, there is
// no secret in the answer to one without the token.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:40000\r\nAuthorization: " + token + "\r\n\r\n"))
	f.Add([]byte("GET /credentials HTTP/1.1\r\nHost: 127.0.0.1:40000\r\nAuthorization: \r\n\r\n"))
	f.Add([]byte("GET http://127.0.0.1:40000/credentials HTTP/1.0\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n"))
	f.Add([]byte("POST /credentials HTTP/1.1\r\nHost: portico\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	e := giving()
	handlers := []http.Handler{e.Handler(host, token), e.SocketHandler()}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		for _, h := range handlers {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), secret) && !bytes.Contains(raw, []byte(token)) {
				t.Errorf("%q gave the secret away", raw)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("got %q", w.Body)
			}
		}
	})
}

// Everybody who asks at the same time is on one flight, which goes on when they
// give up.
func TestOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e := giving()
		give := e.Credentials
		e.Credentials = func(ctx context.Context) (Credentials, error) {
			calls.Add(1)
			time.Sleep(5 * time.Second)
			return give(ctx)
		}
		h := e.Handler(host, token)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		var impatient, patient sync.WaitGroup
		for range 20 {
			impatient.Go(func() {
				if got := code(t, send(h, good().WithContext(ctx))); got == "" {
					t.Error("got an answer before there was one")
				}
			})
		}
		impatient.Wait()
		for range 50 {
			patient.Go(func() {
				if got := code(t, send(h, good())); got != "" {
					t.Errorf("got the code %q", got)
				}
			})
		}
		patient.Wait()
		if got := calls.Load(); got != 1 {
			t.Errorf("got %d attempts, want 1", got)
		}
		if got := code(t, send(h, good())); got != "" || calls.Load() != 2 {
			t.Errorf("later: got the code %q after %d attempts, want a new one", got, calls.Load())
		}
	})
}

// While the service is out of reach, clients are told so before they give up; and
// the first one after it is back gets credentials.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := giving()
		give := e.Credentials
		takes, failure := 30*time.Second, errors.New("could not connect")
		e.Credentials = func(ctx context.Context) (Credentials, error) {
			time.Sleep(takes)
			if failure != nil {
				return Credentials{}, failure
			}
			return give(ctx)
		}
		h := e.Handler(host, token)
		ask := func(what, want string, within time.Duration) {
			t.Helper()
			start := time.Now()
			if got := code(t, send(h, good())); got != want || time.Since(start) > within {
				t.Errorf("%s: got the code %q after %v, want %q within %v", what, got, time.Since(start), want, within)
			}
		}
		ask("the first", "ServiceUnavailable", 30*time.Second)
		ask("the next", "ServiceUnavailable", 2*time.Second)
		ask("one more", "ServiceUnavailable", 2*time.Second)
		time.Sleep(30 * time.Second)
		synctest.Wait() // for the attempt that went on
		takes, failure = time.Second, nil
		ask("it is back", "", 2*time.Second)
		takes = 5 * time.Second
		ask("it is slow", "", 5*time.Second)
	})
}

// What an SDK is told about credentials and about errors.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := giving()
		h := e.Handler(host, token)
		expiration := func() time.Duration {
			t.Helper()
			var d document
			if w := send(h, good()); json.Unmarshal(w.Body.Bytes(), &d) != nil {
				t.Fatal(w.Body)
			}
			at, err := time.Parse(time.RFC3339, d.Expiration)
			if err != nil {
				t.Fatal(err)
			}
			return time.Until(at)
		}
		if got := expiration(); got != time.Hour {
			t.Errorf("got %v, want the credentials' own hour", got)
		}
		e.Grant = NewGrant(30 * time.Minute)
		if got := expiration(); got != 30*time.Minute {
			t.Errorf("got %v, want the grant's half an hour", got)
		}
		e.Grant = Grant{}
		keys := Credentials{AccessKeyID: "AKIAKEYS", SecretAccessKey: secret}
		e.Credentials = func(context.Context) (Credentials, error) { return keys, nil }
		if got := expiration(); got != time.Hour {
			t.Errorf("keys that do not expire: got %v, want an hour", got)
		}
		keys.Expiration = time.Now()
		if got := code(t, send(h, good())); got != "ExpiredCredentials" {
			t.Errorf("expired ones: got the code %q", got)
		}
		failure := error(&Refusal{http.StatusUnauthorized, "SignInRequired", "Sign in with: portico sso login"})
		e.Credentials = func(context.Context) (Credentials, error) { return Credentials{}, failure }
		if w := send(h, good()); w.Code != 401 || code(t, w) != "SignInRequired" || !strings.Contains(w.Body.String(), "portico sso login") {
			t.Errorf("got %d: %s", w.Code, w.Body)
		}
		failure = errors.New("out of order")
		if w := send(h, good()); w.Code != 503 || code(t, w) != "ServiceUnavailable" {
			t.Errorf("got %d: %s", w.Code, w.Body)
		}
	})
}

// A grant ends by either clock, whatever is done to the other one.
func TestGrantEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGrant(30 * time.Minute)
		at := func(wall, passed time.Duration) bool { return g.over(g.begun.Round(0).Add(wall), passed) }
		const day = 24 * time.Hour
		for _, tt := range []struct {
			name         string
			wall, passed time.Duration
			over         bool
		}{
			{"at once", 0, 0, false},
			{"just before", 30*time.Minute - 1, 30*time.Minute - 1, false},
			{"at the end", 30 * time.Minute, 30 * time.Minute, true},
			{"the clock set back a day", -day, 29 * time.Minute, false},
			{"the clock set back a day, later", -day, 30 * time.Minute, true},
			{"the clock set forward a day", day, time.Second, true},
			{"the machine slept", 30 * time.Minute, time.Minute, true},
		} {
			if got := at(tt.wall, tt.passed); got != tt.over {
				t.Errorf("%s: got over %v", tt.name, got)
			}
		}
		e := giving()
		give := e.Credentials
		e.Grant = g
		h := e.Handler(host, token)
		time.Sleep(30*time.Minute - time.Second)
		if got := code(t, send(h, good())); got != "" {
			t.Errorf("before the end: got the code %q", got)
		}
		e.Credentials = func(ctx context.Context) (Credentials, error) {
			time.Sleep(time.Second)
			return give(ctx)
		}
		if got := code(t, send(h, good())); got != "GrantEnded" {
			t.Errorf("ended while the service took its time: got the code %q", got)
		}
		if got := code(t, send(h, good())); got != "GrantEnded" {
			t.Errorf("after the end: got the code %q", got)
		}
		if (Grant{}).Over() || !(Grant{}).End().IsZero() {
			t.Error("a grant without an end has ended")
		}
	})
}

// failing is a file on a disk that is full, or that keeps nothing.
type failing struct {
	bytes.Buffer
	write, sync error
	synced      int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.write != nil {
		n, _ := f.Buffer.Write(p[:len(p)/2])
		return n, f.write
	}
	return f.Buffer.Write(p)
}

func (f *failing) Sync() error {
	f.synced = f.Len()
	return f.sync
}

// Without a line in the log there is no answer; and the line is on the disk first.
func TestNothingOffTheRecord(t *testing.T) {
	f := &failing{}
	e := giving()
	e.Log = &Log{Out: f}
	h := e.Handler(host, token)
	w := httptest.NewRecorder()
	h.ServeHTTP(&recorded{ResponseWriter: w, check: func() {
		if f.synced == 0 || f.synced != f.Len() {
			t.Error("the answer came before the record")
		}
	}}, good())
	if code(t, w) != "" {
		t.Fatal(w.Body)
	}
	for _, broken := range []failing{{write: io.ErrShortWrite}, {sync: io.ErrUnexpectedEOF}} {
		f.write, f.sync = broken.write, broken.sync
		if got := code(t, send(h, good())); got != "AuditFailed" {
			t.Errorf("got the code %q, want AuditFailed", got)
		}
	}
	f.write, f.sync = nil, nil
	if got := code(t, send(h, good())); got != "" {
		t.Errorf("once there is room: got the code %q", got)
	}
	lines := strings.Split(strings.TrimSuffix(f.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	if !json.Valid([]byte(last)) || !strings.Contains(last, `"outcome":"granted"`) {
		t.Errorf("what follows a torn line is %q", last)
	}
}

// recorded looks before anything is answered.
type recorded struct {
	http.ResponseWriter
	check func()
}

func (r *recorded) Write(p []byte) (int, error) {
	r.check()
	return r.ResponseWriter.Write(p)
}

func (r *recorded) WriteHeader(status int) {
	r.check()
	r.ResponseWriter.WriteHeader(status)
}

func TestTokens(t *testing.T) {
	one, other := NewToken(), NewToken()
	if one == other || !IsToken(one) || len(one) != 64 {
		t.Errorf("got %q and %q", one, other)
	}
	for _, text := range []string{"", one + "\n", one[1:], strings.Repeat("x", 64), fmt.Sprint(one, one)} {
		if IsToken(text) {
			t.Errorf("%q is taken for a token", text)
		}
	}
}
