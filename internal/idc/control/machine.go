package control

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Loopback says whether a host, without port, is this machine and nothing but.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// Port is the port of a web address, the scheme's own when it names none.
func Port(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

// direct reaches this machine only, so proxies have no part in it. It keeps no
// connection: most callers ask once and end.
var direct = &http.Transport{DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, DisableKeepAlives: true}

// HTTPClient is c, or what speaks to the Identity Center past any proxy and not
// for ever when c is nil. Either answers with a redirect instead of following it:
// what is sent there is meant for one address.
func (r Record) HTTPClient(c *http.Client) *http.Client {
	own := http.Client{Transport: direct, Timeout: 30 * time.Second}
	switch {
	case c != nil:
		own = *c
	case r.CAFile != "":
		// Of this authority alone; a file that cannot be read vouches for nobody.
		trusted := direct.Clone()
		trusted.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		if pem, err := os.ReadFile(r.CAFile); err == nil {
			trusted.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
		}
		own.Transport = trusted
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Cause drops the address from an error of an HTTP client: it is of no use to
// people, and may hold a code or a nonce.
func Cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// NothingListens tells a refused connection from a slow or foreign answer.
func NothingListens(err error) bool {
	const windowsRefused = syscall.Errno(10061) // WSAECONNREFUSED
	return errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "windows" && errors.Is(err, windowsRefused)
}
