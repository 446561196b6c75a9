package signin

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A callback is the listener a browser comes back to. It answers strangers
// without being misled by them, and is gone after one sign-in.
type callback struct {
	redirectURI string
	host        string // the only Host it answers as
	state       string
	issued      func(iss string) bool // whether the server that was asked is called that
	result      chan callbackResult
	server      *http.Server
}

type callbackResult struct {
	code string
	err  error
}

const (
	callbackPath = "/oauth/callback"
	anyPort      = "127.0.0.1:0"
)

// listen opens the listener. Wherever it listens, the browser is to come back to
// 127.0.0.1: what lies between (ssh -L, a container's published port) leads here.
func listen(address, state string, issued func(string) bool) (*callback, error) {
	l, err := net.Listen("tcp4", address)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	host := net.JoinHostPort("127.0.0.1", port)
	if port == "80" {
		host = "127.0.0.1" // as browsers say it, which leave out http's own port
	}
	cb := &callback{host: host, state: state, issued: issued, result: make(chan callbackResult, 1)}
	cb.redirectURI = "http://" + host + callbackPath
	cb.server = &http.Server{
		Handler:           cb,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // it is strangers' doing
	}
	cb.server.SetKeepAlivesEnabled(false)
	go cb.server.Serve(&crowd{Listener: l}) // ends with close
	return cb, nil
}

// A crowd keeps a flood of connections from using up the files that a process
// may open: when there are too many, the oldest has to go. A redirect takes no
// time; who stays that long is no browser that brings one.
type crowd struct {
	net.Listener
	conns []net.Conn // in the order in which they came; only Accept sees them
}

const crowdLimit = 512

func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if len(c.conns) == crowdLimit {
		_ = c.conns[0].Close() // if it is not closed already
		c.conns = append(c.conns[:0], c.conns[1:]...)
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

// wait returns the code once the right browser has come back.
func (cb *callback) wait(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-cb.result:
		return r.code, r.err
	}
}

// close lets the answer that ended the wait reach the browser, briefly:
// browsers also open connections that they never use.
func (cb *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if cb.server.Shutdown(ctx) != nil {
		cb.server.Close()
	}
}

// ServeHTTP ends the wait for one kind of request only: a GET of the callback's
// path that knows the state. Port scanners, favicons and forged redirects get
// an answer and change nothing.
func (cb *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != callbackPath || r.Host != cb.host {
		answer(w, http.StatusNotFound, notThis)
		return
	}
	result, ours := cb.read(r.URL.Query())
	if !ours {
		answer(w, http.StatusNotFound, notThis)
		return
	}
	cb.finish(result)
	denied, _ := errors.AsType[*DeniedError](result.err)
	switch {
	case denied == nil:
		answer(w, http.StatusOK, page{"Back to your terminal", "The sign-in continues there; you can close this window."})
	case denied.Code == "access_denied":
		answer(w, http.StatusOK, page{"Not signed in", "You did not allow access. Nothing was handed out; you can close this window."})
	default:
		answer(w, http.StatusOK, page{"Not signed in", "The sign-in ended with the error " + denied.Code + ". The terminal says more."})
	}
}

// read takes a redirect's parameters. Only one that knows the state, and has an
// outcome, is ours.
func (cb *callback) read(q url.Values) (result callbackResult, ours bool) {
	code, failure, issuer := q.Get("code"), q.Get("error"), q.Get("iss")
	switch {
	case subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(cb.state)) != 1:
		return callbackResult{}, false
	case issuer != "" && !cb.issued(issuer): // RFC 9207, 2.4
		return callbackResult{err: &DeniedError{Code: "invalid_issuer",
			Description: "the browser was sent back by " + shorten(issuer) + ", which was not asked"}}, true
	case failure != "":
		return callbackResult{err: &DeniedError{Code: shorten(failure), Description: shorten(q.Get("error_description"))}}, true
	}
	return callbackResult{code: code}, code != ""
}

// What is wrong with an address that a person pasted. It holds a code that may
// be good, so it is never quoted.
var (
	errNoRedirect   = errors.New("that is not the address the browser ended at, which begins with http://127.0.0.1 and has a code and a state")
	errOtherSignIn  = errors.New("that address belongs to another sign-in")
	errOtherMachine = errors.New("that address is not one this sign-in comes back to")
)

// pasted takes the address at which a browser ended that could not come back.
func (cb *callback) pasted(text string) error {
	// Terminals break long lines, and people take quotation marks along.
	text = strings.Trim(strings.Join(strings.Fields(text), ""), `"'<>`)
	if !strings.Contains(text, "://") {
		text = "http://" + text // as browsers show it
	}
	u, err := url.Parse(text)
	if err != nil || u.RawQuery == "" {
		return errNoRedirect
	}
	q := u.Query()
	if q.Get("state") == "" || (q.Get("code") == "" && q.Get("error") == "") {
		return errNoRedirect
	}
	if u.Host != cb.host || u.Path != callbackPath {
		return errOtherMachine
	}
	result, ours := cb.read(q)
	if !ours {
		return errOtherSignIn
	}
	cb.finish(result)
	return nil
}

// finish keeps the first result; a repeated redirect is answered and ignored.
func (cb *callback) finish(r callbackResult) {
	select {
	case cb.result <- r:
	default:
	}
}

// shorten keeps a stranger's text from filling the screen, and on its line: what
// comes after a line end would pass for ours.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

type page struct{ Title, Text string }

var notThis = page{"Not the page you are looking for", "This address waits for one sign-in to come back, and this was not it."}

//go:embed callback.html
var callbackHTML string

var callbackPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("callback").Parse(callbackHTML))
})

func answer(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_ = callbackPage().Execute(w, p) // a browser that is gone needs no page
}
