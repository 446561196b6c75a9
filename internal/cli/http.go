package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/pace"
)

// httpClient is the one way out: the environment's proxies, trust from the
// settings, timeouts from the flags. Redirects are never followed; no AWS
// service that portico speaks to sends one it should obey.
func (a *App) httpClient(g *globals, s *awsconfig.Settings) (*http.Client, error) {
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if !s.VerifySSL() {
		tlsConfig.InsecureSkipVerify = true
		warn := sync.OnceFunc(func() {
			fmt.Fprintf(a.Stderr, "%s: [WARNING]: TLS certificates are not verified: anyone on the way can read what is sent.\n", a.Name)
		})
		tlsConfig.VerifyConnection = func(tls.ConnectionState) error { warn(); return nil } // where there is one to verify
	} else {
		var err error
		if tlsConfig.RootCAs, err = a.authorities(s.CABundle()); err != nil {
			return nil, err
		}
	}
	proxies := newProxies(a.Lookup)
	var way http.RoundTripper = &proxied{
		proxies:  proxies,
		patience: seconds(g.ConnectTimeout),
		next: &http.Transport{
			Proxy:                  proxies.choose,
			OnProxyConnectResponse: proxies.answered,
			DialContext:            (&net.Dialer{Timeout: seconds(g.ConnectTimeout), KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:        tlsConfig,
			TLSHandshakeTimeout:    seconds(g.ConnectTimeout),
			ResponseHeaderTimeout:  seconds(g.ReadTimeout),
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    pace.Window, // a listing has no call wait for a handshake
			IdleConnTimeout:        30 * time.Second,
		},
	}
	if g.ReadTimeout > 0 {
		way = &unstalled{next: way, patience: seconds(g.ReadTimeout)}
	}
	if g.Debug {
		way = &requestLog{next: way, log: slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	}
	return &http.Client{
		Transport:     way,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func seconds(n int) time.Duration { return time.Duration(max(n, 0)) * time.Second }

// unstalled does not wait for ever for the rest of an answer that stops in the
// middle: every part of it has the time that its head had.
type unstalled struct {
	next     http.RoundTripper
	patience time.Duration
}

func (u *unstalled) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	resp, err := u.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &unstalledBody{ReadCloser: resp.Body, request: r, patience: u.patience, cancel: cancel}
	return resp, nil
}

type unstalledBody struct {
	io.ReadCloser
	request  *http.Request
	patience time.Duration
	cancel   context.CancelFunc
}

func (b *unstalledBody) Read(p []byte) (int, error) {
	late := time.AfterFunc(b.patience, b.cancel)
	n, err := b.ReadCloser.Read(p)
	if !late.Stop() && errors.Is(err, context.Canceled) && b.request.Context().Err() == nil {
		err = &url.Error{Op: "Read", URL: b.request.URL.String(), Err: os.ErrDeadlineExceeded}
	}
	return n, err
}

func (b *unstalledBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// requestLog tells what went where and how it ended. Queries, headers and
// bodies carry secrets and are left out.
type requestLog struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (l *requestLog) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := l.next.RoundTrip(r)
	where := []any{"method", r.Method, "host", r.URL.Host, "path", r.URL.Path, "took", time.Since(start).Round(time.Millisecond)}
	if err != nil {
		l.log.Debug("request failed", append(where, "error", err)...)
		return resp, err
	}
	l.log.Debug("request", append(where, "status", resp.StatusCode, "request_id", resp.Header.Get("X-Amzn-Requestid"))...)
	return resp, nil
}
