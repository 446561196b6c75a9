package signin

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"
)

// A callback is the listener a browser comes back to. It serves loopback only,
// answers strangers without being misled by them, and is gone after one sign-in.
type callback struct {
	redirectURI string
	host        string // the only Host it answers as
	state       string
	result      chan callbackResult
	server      *http.Server
}

type callbackResult struct {
	code string
	err  error
}

const callbackPath = "/oauth/callback"

func listen(state string) (*callback, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	cb := &callback{host: l.Addr().String(), state: state, result: make(chan callbackResult, 1)}
	cb.redirectURI = "http://" + cb.host + callbackPath
	cb.server = &http.Server{
		Handler:           cb,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          nil,
	}
	cb.server.SetKeepAlivesEnabled(false)
	go cb.server.Serve(l) // ends with close
	return cb, nil
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
	q := r.URL.Query()
	ours := r.Method == http.MethodGet && r.URL.Path == callbackPath && r.Host == cb.host &&
		subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(cb.state)) == 1
	code, failure := q.Get("code"), q.Get("error")
	switch {
	case !ours || (code == "" && failure == ""):
		answer(w, http.StatusNotFound, page{"Not the page you are looking for", "This address waits for one sign-in to come back, and this was not it."})
	case failure != "":
		err := &DeniedError{Code: shorten(failure), Description: shorten(q.Get("error_description"))}
		cb.finish(callbackResult{err: err})
		text := "The sign-in ended with the error " + err.Code + ". The terminal says more."
		if err.Code == "access_denied" {
			text = "You did not allow access. Nothing was handed out; you can close this window."
		}
		answer(w, http.StatusOK, page{"Not signed in", text})
	default:
		cb.finish(callbackResult{code: code})
		answer(w, http.StatusOK, page{"Back to your terminal", "The sign-in continues there; you can close this window."})
	}
}

// finish keeps the first result; a repeated redirect is answered and ignored.
func (cb *callback) finish(r callbackResult) {
	select {
	case cb.result <- r:
	default:
	}
}

// shorten keeps a stranger's text from filling the screen.
func shorten(s string) string {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

type page struct{ Title, Text string }

//go:embed callback.html
var callbackHTML string

func answer(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	template.Must(template.New("callback").Parse(callbackHTML)).Execute(w, p)
}
