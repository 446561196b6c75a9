package idc

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// DefaultBaseURL is where an Identity Center is unless told otherwise.
const DefaultBaseURL = "http://127.0.0.1:8642"

// Config says what an Identity Center is to be. The zero value is the built-in
// organisation in memory at DefaultBaseURL.
type Config struct {
	// Organisation replaces what the database holds; people who stay, with their
	// password, stay signed in. nil means what the database holds, or the built-in one.
	Organisation *directory.Organisation
	// DataDir is where the database is; "" keeps it in memory.
	DataDir string
	// BaseURL is the address that browsers and clients use, without a path.
	BaseURL string
	// Hosts are other names under which browsers and clients come, as where the
	// listener is published by another machine's name: "idc.test" at any port, or
	// "idc.test:8642" at that one alone. This machine's own names need not be
	// there. Control does not answer to Hosts.
	Hosts []string
	// ControlKey opens package control; "" means nobody steers this one. It is
	// ignored where other machines reach the listener.
	ControlKey string
	// TLS, if it is not nil, is what Serve puts on the listener; BaseURL is https then.
	TLS *tls.Config
	// Policy holds lifetimes and limits of sign-ins.
	Policy grant.Policy
	Log    *slog.Logger     // nil: slog.Default()
	Now    func() time.Time // nil: time.Now
}

// SetLifetime sets by name how long something lasts.
func (c *Config) SetLifetime(name string, d time.Duration) error {
	lifetimes := map[string]*time.Duration{
		"registration":       &c.Policy.Registration,
		"device-code":        &c.Policy.DeviceCode,
		"authorization-code": &c.Policy.AuthorizationCode,
		"access-token":       &c.Policy.AccessToken,
		"session":            &c.Policy.Session,
		"refresh-grace":      &c.Policy.RefreshGrace,
	}
	// A grace of next to nothing makes refresh tokens good for one use and no more.
	least := time.Second
	if name == "refresh-grace" {
		least = time.Nanosecond
	}
	field, ok := lifetimes[name]
	switch {
	case !ok:
		return fmt.Errorf("%q lasts as it does: what has a lifetime is %s", name, strings.Join(slices.Sorted(maps.Keys(lifetimes)), ", "))
	case d < least:
		return fmt.Errorf("a %s must last at least %s, not %s", name, least, d)
	}
	*field = d
	if name == "device-code" {
		c.Policy.Request = d // what a browser is asked lasts as long
	}
	return nil
}

// AddressError says that a BaseURL, or one of Hosts, cannot be one.
type AddressError struct {
	BaseURL string // as it was given
	Problem string
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("address %q: %s", e.BaseURL, e.Problem)
}

// address is a BaseURL taken apart.
type address struct {
	url  string // normal form: lower case, no default port, no slash at the end
	host string // without port and brackets
	port string
}

func parseAddress(baseURL string) (address, error) {
	fail := func(problem string) (address, error) {
		return address{}, &AddressError{BaseURL: baseURL, Problem: problem}
	}
	u, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return fail("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fail("it does not begin with http:// or https://")
	case u.Hostname() == "":
		return fail("it names no host")
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fail("it must be scheme, host and port alone")
	}
	a := address{host: strings.ToLower(u.Hostname()), port: u.Port()}
	if ip := net.ParseIP(a.host); ip != nil && ip.IsUnspecified() {
		return fail("no client can go there; name the address it listens on")
	}
	host := a.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	standard := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if a.port == "" || a.port == standard {
		a.port = standard
		a.url = u.Scheme + "://" + host
	} else {
		a.url = u.Scheme + "://" + host + ":" + a.port
	}
	return a, nil
}

func (a address) loopback() bool { return control.Loopback(a.host) }

// allows says whether a Host header names this Identity Center: by the address
// itself, or by one of the names of this machine that nobody can give to
// another, with the same port.
func (a address) allows(hostHeader string) bool {
	host, port := splitHost(hostHeader)
	if cmp.Or(port, a.standardPort()) != a.port {
		return false
	}
	switch host {
	case "127.0.0.1", "localhost", "[::1]":
		return true
	}
	return host == a.host || host == "["+a.host+"]"
}

// splitHost takes a Host header apart. The host is in lower case and keeps its
// brackets; port is "" when there is none.
func splitHost(hostHeader string) (host, port string) {
	host = strings.ToLower(hostHeader)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
		if port == "" { // "host:", which is no host of anybody's
			host = ""
		}
	}
	return host, port
}

// otherNames are what Config.Hosts says, by host: the ports at which it is
// allowed, "" for all.
type otherNames map[string][]string

func parseHosts(hosts []string) (otherNames, error) {
	names := otherNames{}
	for _, given := range hosts {
		u, err := url.Parse("http://" + given)
		host, port := splitHost(given)
		if err != nil || u.Host != given || u.Hostname() == "" || host == "" || strings.ContainsAny(given, "*, ") {
			return nil, &AddressError{BaseURL: given, Problem: "write a host name, with or without a port, like idc.test or idc.test:8642"}
		}
		if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
			return nil, &AddressError{BaseURL: given, Problem: "no client can go there; name the address clients use"}
		}
		names[host] = append(names[host], port)
	}
	return names, nil
}

func (n otherNames) allow(hostHeader, standardPort string) bool {
	host, port := splitHost(hostHeader)
	ports := n[host]
	return slices.Contains(ports, "") || slices.Contains(ports, cmp.Or(port, standardPort))
}

// standardPort is what a Host header without a port means.
func (a address) standardPort() string {
	if strings.HasPrefix(a.url, "https:") {
		return "443"
	}
	return "80"
}
