package cli

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
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
			MaxIdleConnsPerHost:    20,
			IdleConnTimeout:        30 * time.Second,
		},
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
