package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// proxies are those that an environment names. As in Python, the variable in
// small letters wins, and is set even if it is empty. This machine itself is
// never reached through a proxy, which the AWS CLI would try: to a proxy,
// 127.0.0.1 is the proxy's own.
type proxies struct {
	plain, secure proxySetting // for http:// and https://
	past          []string     // what is reached without them: NO_PROXY
}

// A proxySetting is what one variable names.
type proxySetting struct {
	variable string
	url      *url.URL // nil: none, or none that can be used
	problem  error    // why it cannot be used
}

func newProxies(lookup func(string) (string, bool)) *proxies {
	either := func(name string) (value, variable string) {
		for _, variable := range []string{strings.ToLower(name), name} {
			if v, ok := lookup(variable); ok {
				return v, variable
			}
		}
		return "", name
	}
	p := &proxies{plain: readProxy(either("HTTP_PROXY")), secure: readProxy(either("HTTPS_PROXY"))}
	past, _ := either("NO_PROXY")
	for entry := range strings.FieldsFuncSeq(strings.ToLower(past), func(r rune) bool { return r == ',' || r == ' ' }) {
		p.past = append(p.past, entry)
	}
	return p
}

func readProxy(value, variable string) proxySetting {
	p := proxySetting{variable: variable}
	if value = strings.TrimSpace(value); value == "" {
		return p
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	// A # or / of a password ends the address early, and what is left of the
	// password would be shown as host and port.
	if err != nil || u.Hostname() == "" || strings.Contains(u.Path+u.RawQuery+u.Fragment, "@") {
		p.problem = errors.New("it is no address of the form http://host:port")
		return p
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		p.url = u
	default:
		p.url, p.problem = u, fmt.Errorf("a proxy is spoken to by http://, https:// or socks5://, not by %s://", u.Scheme)
	}
	return p
}

// String tells proxies apart, without users and passwords.
func (p *proxies) String() string {
	return fmt.Sprintf("%q %v %q %v %q", p.plain.shown(), p.plain.problem, p.secure.shown(), p.secure.problem, p.past)
}

// shown is the proxy's address for messages.
func (p *proxySetting) shown() string {
	switch {
	case p.url == nil:
		return ""
	case p.url.User != nil:
		return p.url.Scheme + "://***:***@" + p.url.Host
	}
	return p.url.Scheme + "://" + p.url.Host
}

// by returns the proxy for an address, or nil where there is none.
func (p *proxies) by(u *url.URL) *proxySetting {
	chosen := &p.plain
	if u.Scheme == "https" {
		chosen = &p.secure
	}
	if (chosen.url == nil && chosen.problem == nil) || p.straight(u) {
		return nil
	}
	return chosen
}

// straight reports whether an address is reached without a proxy. NO_PROXY holds
// names, which stand for all below them too, addresses, networks (10.0.0.0/8), each
// perhaps with a port, or * for everything.
func (p *proxies) straight(u *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	ip := net.ParseIP(host)
	if host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return true
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for _, entry := range p.past {
		if entry == "*" {
			return true
		}
		if _, network, err := net.ParseCIDR(entry); err == nil {
			if ip != nil && network.Contains(ip) {
				return true
			}
			continue
		}
		if name, number, err := net.SplitHostPort(entry); err == nil {
			if number != port {
				continue
			}
			entry = name
		}
		if other := net.ParseIP(strings.Trim(entry, "[]")); other != nil {
			if other.Equal(ip) {
				return true
			}
			continue
		}
		entry = strings.TrimLeft(strings.TrimPrefix(entry, "*"), ".")
		if entry != "" && (host == entry || strings.HasSuffix(host, "."+entry)) {
			return true
		}
	}
	return false
}

// choose is for [http.Transport].
func (p *proxies) choose(r *http.Request) (*url.URL, error) {
	chosen := p.by(r.URL)
	if chosen == nil {
		return nil, nil
	}
	if chosen.problem != nil {
		return nil, chosen.failed(r.URL, chosen.problem)
	}
	return chosen.url, nil
}

func (p *proxySetting) failed(to *url.URL, cause error) *signin.ProxyError {
	return &signin.ProxyError{Proxy: p.shown(), Variable: p.variable, Host: to.Hostname(),
		Credentials: p.url != nil && p.url.User != nil, Cause: cause}
}

func (p *proxySetting) refused(to *url.URL, resp *http.Response) *signin.ProxyError {
	e := p.failed(to, errors.New("it refused"))
	e.Status = resp.StatusCode
	_, e.Reason, _ = strings.Cut(terminal.Clean(resp.Status), " ")
	var schemes []string
	for _, challenge := range resp.Header.Values("Proxy-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(challenge), " ")
		schemes = append(schemes, terminal.Clean(scheme))
	}
	e.Schemes = strings.Join(schemes, ", ")
	return e
}

// answered is for [http.Transport]: it hears what a proxy says to CONNECT.
func (p *proxies) answered(_ context.Context, _ *url.URL, connect *http.Request, resp *http.Response) error {
	to := &url.URL{Scheme: "https", Host: connect.Host}
	if chosen := p.by(to); chosen != nil && resp.StatusCode != http.StatusOK {
		return chosen.refused(to, resp)
	}
	return nil
}

// proxied tells the failures of a proxy from those of what is behind it.
type proxied struct {
	proxies  *proxies
	next     http.RoundTripper
	patience time.Duration // with a proxy that does not answer; 0: no end
}

var errSilent = errors.New("it does not answer")

func (p *proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	chosen := p.proxies.by(r.URL)
	if chosen == nil {
		resp, err := p.next.RoundTrip(r)
		return resp, final(err)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	silence := func() bool { return true }
	if p.patience > 0 {
		silence = time.AfterFunc(p.patience, func() { cancel(errSilent) }).Stop
	}
	var through atomic.Bool // the proxy has done what it is there for
	past := func() { silence(); through.Store(true) }
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart: func() {
			if chosen.url == nil || chosen.url.Scheme != "https" {
				past()
			}
		},
		GotConn: func(httptrace.GotConnInfo) { past() },
	})
	resp, err := p.next.RoundTrip(r.WithContext(ctx))
	silence()
	if err != nil {
		defer cancel(nil)
		return nil, final(chosen.cause(ctx, r, err, through.Load()))
	}
	if resp.StatusCode == http.StatusProxyAuthRequired {
		defer cancel(nil)
		resp.Body.Close()
		return nil, chosen.refused(r.URL, resp)
	}
	resp.Body = &endedBody{ReadCloser: resp.Body, end: func() { cancel(nil) }}
	return resp, nil
}

// cause names the proxy where it is what failed.
func (p *proxySetting) cause(ctx context.Context, r *http.Request, err error, through bool) error {
	if _, named := errors.AsType[*signin.ProxyError](err); named || r.Context().Err() != nil {
		return err
	}
	if errors.Is(context.Cause(ctx), errSilent) {
		return p.failed(r.URL, errSilent)
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !through || (ok && op.Op == "proxyconnect") {
		return p.failed(r.URL, err)
	}
	return err
}

type endedBody struct {
	io.ReadCloser
	end func()
}

func (b *endedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
