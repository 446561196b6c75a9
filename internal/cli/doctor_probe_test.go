package cli

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/doctor"
)

// aProber goes out as portico does in an environment.
func aProber(t *testing.T, env ...string) prober {
	t.Helper()
	a := &App{Name: "portico", Env: env, Home: t.TempDir()}
	settings := awsconfig.ResolveLoose(awsconfig.NewConfig(nil, nil), awsconfig.Flags{}, a.Lookup)
	client, err := a.httpClient(&globals{ConnectTimeout: 3, ReadTimeout: 3}, settings)
	if err != nil {
		t.Fatal(err)
	}
	return prober{client: client, bundle: settings.CABundle()}
}

// Each way in which an address can fail is told from the others.
func TestProbes(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if strings.HasPrefix(r.URL.Path, "/late") {
			w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusNotFound)
		}
		if r.URL.Path == "/start" {
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
		}
		if r.URL.Path == "/signin" {
			_, _ = w.Write([]byte(`<html><head><meta name="region" content="eu-west-3"></head>`))
		}
	})
	plain, secure := httptest.NewServer(page), httptest.NewUnstartedServer(page)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String()
	l.Close()

	p := aProber(t)
	for _, c := range []struct {
		name, address, step, problem string
		prober                       prober
	}{
		{"nothing listens", gone, doctor.StepConnect, "refused", p},
		{"a certificate of nobody's", secure.URL, doctor.StepTrust, "not trusted", p},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), doctor.StepTLS, "does not speak TLS", p},
		{"a page in its place", plain.URL, doctor.StepAnswer, "a page answers", p},
		{"a proxy that is off", "https://oidc.eu-west-1.amazonaws.com/", doctor.StepProxy, "nothing listens", aProber(t, "HTTPS_PROXY="+gone)},
	} {
		if got := c.prober.service(t.Context(), doctor.Probe{Host: "x"}, c.address); got.Step != c.step || !strings.Contains(got.Problem, c.problem) {
			t.Errorf("%s: got %q, %q", c.name, got.Step, got.Problem)
		}
	}
	got := p.service(t.Context(), doctor.Probe{}, plain.URL+"/late")
	if got.Step != "" || !got.Dated || (got.Ahead-time.Hour).Abs() > 2*time.Second {
		t.Errorf("a clock that is behind: got %+v", got)
	}
	if got := p.portal(t.Context(), doctor.Probe{}, plain.URL+"/start"); got.Portal != "eu-west-3" {
		t.Errorf("the region of a portal: got %+v", got)
	}
	if got := p.failure(doctor.Probe{}, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}); got.Step != doctor.StepName {
		t.Errorf("a name that is none: got %+v", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("over"))
	if got := p.service(ctx, doctor.Probe{}, plain.URL); got.Step != doctor.StepConnect {
		t.Errorf("cut off: got %+v", got)
	}
}

func TestPageRegion(t *testing.T) {
	for page, want := range map[string]string{
		`<meta name="region" content="us-east-1"/>`:                                   "us-east-1",
		`<script id="env" type="application/json">{"region":"eu-central-1"}</script>`: "eu-central-1",
		`<meta name="region" content="evil.example">`:                                 "",
		`<meta name="viewport" content="width=device-width">`:                         "",
	} {
		if got := pageRegion(page); got != want {
			t.Errorf("%s: got %q, want %q", page, got, want)
		}
	}
}
