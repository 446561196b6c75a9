package grant

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const maxRedirectURI = 512

// hostPattern is a DNS name in its plain form. An internationalised name must
// come as xn--, so that equal bytes mean equal hosts.
var hostPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
})

// parseRedirect accepts what may be registered or asked for: https to a named
// host, http only to a literal loopback host (RFC 8252 section 7.3), and nothing
// that two parsers could read differently.
func parseRedirect(raw string) (*url.URL, *Error) {
	bad := func(problem string) (*url.URL, *Error) {
		return nil, refuse(CodeInvalidRedirectURI, "Invalid redirect URI: %s", problem)
	}
	if raw == "" {
		return bad("it is empty")
	}
	if len(raw) > maxRedirectURI {
		return bad("it is too long")
	}
	for _, c := range []byte(raw) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return bad("it holds a character that is not allowed")
		}
	}
	if strings.Contains(raw, "#") {
		return bad("it has a fragment")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return bad("it is no absolute URI")
	}
	if !strings.HasPrefix(raw, u.Scheme+"://") {
		return bad("its scheme is not in lower case")
	}
	if u.User != nil {
		return bad("it has user information")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return bad("its port is out of range")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return bad("its port is empty")
	}
	switch u.Scheme {
	case "http":
		if !isLoopback(u) {
			return bad("http is only for 127.0.0.1, [::1] and localhost")
		}
	case "https":
		if !isLoopback(u) && !hostPattern().MatchString(u.Hostname()) {
			return bad("its host is no name")
		}
	default:
		return bad("its scheme is neither https nor http")
	}
	return u, nil
}

// isLoopback takes the host as it is written: no other spelling of a loopback
// address counts.
func isLoopback(u *url.URL) bool {
	switch strings.TrimSuffix(u.Host, ":"+u.Port()) {
	case "127.0.0.1", "[::1]", "localhost":
		return true
	}
	return false
}

// sameRedirect says whether the asked URI is the registered one. Native clients
// take any free port, so the port of a loopback host is not compared.
func sameRedirect(registered, asked *url.URL) bool {
	if registered.Scheme != asked.Scheme || rootPath(registered) != rootPath(asked) ||
		registered.RawQuery != asked.RawQuery || registered.ForceQuery != asked.ForceQuery {
		return false
	}
	if isLoopback(registered) {
		return isLoopback(asked) && registered.Hostname() == asked.Hostname()
	}
	return registered.Host == asked.Host
}

func rootPath(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// callback adds the outcome to the client's redirect URI and keeps every byte
// of the query that is there (RFC 6749 section 3.1.2).
func callback(redirectURI string, outcome url.Values) string {
	base, query, found := strings.Cut(redirectURI, "?")
	if u, err := url.Parse(base); err == nil && u.Path == "" {
		base += "/"
	}
	if found && query != "" {
		query += "&"
	}
	return base + "?" + query + outcome.Encode()
}
