package cli

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// httpClient is the one way out: proxies from the environment, trust from the
// settings, timeouts from the flags. Redirects are never followed; no AWS
// service that portico speaks to sends one it should obey.
func (a *App) httpClient(g *globals, s *awsconfig.Settings) (*http.Client, error) {
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	switch bundle := s.CABundle(); {
	case !s.VerifySSL():
		tlsConfig.InsecureSkipVerify = true
		fmt.Fprintf(a.Stderr, "%s: [WARNING]: TLS certificates are not verified: anyone on the way can read what is sent.\n", a.Name)
	case bundle != "":
		var err error
		if tlsConfig.RootCAs, err = readBundle(bundle); err != nil {
			return nil, err
		}
	}
	transport := &http.Transport{
		// Reads the process's environment, which is the app's wherever there is
		// anything but loopback to reach; loopback is never proxied.
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: seconds(g.ConnectTimeout), KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   seconds(g.ConnectTimeout),
		ResponseHeaderTimeout: seconds(g.ReadTimeout),
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   20,
		IdleConnTimeout:       30 * time.Second,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if g.Debug {
		client.Transport = &requestLog{next: transport, log: slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	}
	return client, nil
}

func readBundle(file string) (*x509.CertPool, error) {
	const hint = "It is set by --ca-bundle, AWS_CA_BUNDLE, ca_bundle in the profile, or REQUESTS_CA_BUNDLE."
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &configError{Kind: "Configuration", Problem: fmt.Sprintf("the CA bundle cannot be read: %v", err), Hint: hint}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &configError{Kind: "Configuration", Problem: fmt.Sprintf("the CA bundle %s holds no PEM certificate", file), Hint: hint}
	}
	return pool, nil
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
