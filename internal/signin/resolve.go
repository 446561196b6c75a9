package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// Resolved is what a start URL stands for.
type Resolved struct {
	URL    string // what the service knows the instance by
	Region string // the region in its name; "" where it has none
}

// A ResolveError reports a start URL that leads to no access portal.
type ResolveError struct {
	StartURL string
	Problem  string // in the AWS CLI's words
	Cause    error  // why it could not be asked, if it could not
}

func (e *ResolveError) Error() string { return e.Problem }
func (e *ResolveError) Unwrap() error { return e.Cause }

// Resolve finds what a start URL stands for. A company may have one of its own,
// such as https://sso.example.com, which redirects to AWS's; only such a host is
// contacted, and never the one it leads to. It returns a [*ResolveError] for one
// that leads elsewhere or nowhere, also when ctx's time runs out.
func (c *Client) Resolve(ctx context.Context, startURL string) (Resolved, error) {
	u, err := url.Parse(startURL)
	if err != nil || u.Hostname() == "" {
		return Resolved{}, &ResolveError{StartURL: startURL, Problem: fmt.Sprintf("Invalid sso_start_url: '%s'", startURL)}
	}
	if !strings.EqualFold(u.Scheme, "https") {
		return Resolved{}, &ResolveError{StartURL: startURL, Problem: "The sso_start_url must use the https scheme."}
	}
	if awsOwned(u.Hostname()) {
		return Resolved{URL: startURL, Region: regionOf(u.Hostname())}, nil
	}
	target, err := c.redirect(ctx, u)
	if err != nil {
		return Resolved{}, err
	}
	final := normalised(target)
	problem := ""
	switch {
	case !strings.EqualFold(target.Scheme, "https"):
		problem = fmt.Sprintf("Resolved URL must use https. Got: '%s'", final)
	case !awsOwned(target.Hostname()):
		problem = fmt.Sprintf("Could not resolve start URL '%s' to an AWS-owned endpoint. Final URL: '%s'", startURL, final)
	}
	if problem != "" {
		return Resolved{}, &ResolveError{StartURL: startURL, Problem: problem}
	}
	return Resolved{URL: final, Region: regionOf(target.Hostname())}, nil
}

// RegionOf is the region in the text of an AWS-owned start URL, "" where it has
// none.
func RegionOf(startURL string) string {
	u, err := url.Parse(startURL)
	if err != nil {
		return ""
	}
	return regionOf(u.Hostname())
}

// redirect asks a vanity host where it leads. Its own address is the answer of
// one that leads nowhere.
func (c *Client) redirect(ctx context.Context, u *url.URL) (*url.URL, error) {
	failed := func(reason string, cause error) error {
		return &ResolveError{StartURL: u.String(), Problem: "Failed to resolve start URL: " + reason, Cause: cause}
	}
	resp, err := c.ask(ctx, http.MethodHead, u)
	if err == nil && (resp.StatusCode == http.StatusMethodNotAllowed || resp.StatusCode == http.StatusNotImplemented) {
		resp, err = c.ask(ctx, http.MethodGet, u)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	if err != nil {
		e := &ConnectionError{Operation: "the start URL", Cause: err}
		return nil, failed(e.reason(), e)
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		if resp.StatusCode >= http.StatusBadRequest {
			return nil, failed(fmt.Sprintf("HTTP %d", resp.StatusCode), nil)
		}
		return u, nil
	}
	if resp.Header.Get("Location") == "" {
		return nil, &ResolveError{StartURL: u.String(), Problem: "Redirect response missing Location header."}
	}
	target, err := resp.Location() // relative to what was asked
	if err != nil {
		return nil, failed(err.Error(), nil)
	}
	return target, nil
}

// ask sends a request of which only the answer's head matters.
func (c *Client) ask(ctx context.Context, method string, u *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.httpClient().Do(req)
	if err != nil {
		return nil, err
	}
	return resp, resp.Body.Close()
}

// normalised is a start URL without what the service does not know it by.
func normalised(u *url.URL) string {
	n := *u
	n.Scheme, n.User, n.RawQuery, n.ForceQuery, n.Fragment, n.RawFragment = strings.ToLower(u.Scheme), nil, "", false, "", ""
	n.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "" || (n.Scheme == "https" && port == "443") || (n.Scheme == "http" && port == "80") {
		n.Host = strings.TrimSuffix(strings.TrimSuffix(n.Host, port), ":")
	}
	path := u.EscapedPath()
	last := strings.LastIndexByte(path, '/') + 1
	segment, _, _ := strings.Cut(path[last:], ";")
	path = strings.TrimRight(path[:last]+segment, "/")
	n.Path, n.RawPath = "", ""
	return n.String() + path
}

// What AWS's own access portals are called: a name ends in one of the first, or
// is one of the others.
var (
	awsSuffixes = []string{
		"app.aws", "portal.amazonaws.com", "portal.amazonaws.com.cn", "app.amazonwebservices.com.cn",
		"portal.amazonaws.eu", "api.amazonwebservices.eu", "awsapps.com", "awsapps.cn",
	}
	awsHosts = []string{
		"identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu", "identitycenter.us-gov.amazonaws.com",
	}
)

func plainHost(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

func awsOwned(host string) bool {
	host = plainHost(host)
	for _, s := range awsSuffixes {
		if host == s || strings.HasSuffix(host, "."+s) {
			return true
		}
	}
	for _, h := range awsHosts {
		if host == h {
			return true
		}
	}
	return false
}

// regionOf reads the region in the forms of name that have one: ID is the
// instance's name, R the region.
func regionOf(host string) string {
	for _, form := range []string{
		"ID.portal.R.app.aws", "ID.R.portal.amazonaws.com", "ID.R.portal.amazonaws.com.cn", "ID.R.portal.amazonaws.eu",
		"ID.portal.R.app.amazonwebservices.com.cn", "ID.portal.R.api.amazonwebservices.eu",
	} {
		if region := matchRegion(strings.Split(form, "."), strings.Split(plainHost(host), ".")); region != "" {
			return region
		}
	}
	return ""
}

func matchRegion(form, labels []string) (region string) {
	if len(form) != len(labels) {
		return ""
	}
	for i, word := range form {
		switch {
		case word == "ID" && labels[i] != "":
		case word == "R" && awsconfig.ValidRegion(labels[i]):
			region = labels[i]
		case word != labels[i]:
			return ""
		}
	}
	return region
}
