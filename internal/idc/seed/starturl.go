package seed

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Where the AWS CLI takes a start URL for AWS's own and never looks it up. Any
// other must redirect to one of these before "aws sso login" goes on.
var (
	startDomains = []string{
		"awsapps.com", "awsapps.cn", "app.aws", "portal.amazonaws.com", "portal.amazonaws.com.cn", "portal.amazonaws.eu",
		"app.amazonwebservices.com.cn", "api.amazonwebservices.eu",
	}
	startHosts = []string{
		"identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu", "identitycenter.us-gov.amazonaws.com",
	}
)

// startURL reads a start URL that clients can sign in with. What else a URL must
// be is checked by package directory.
func (d *decoder) startURL(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		d.text(into)(n, field)
		if d.err != nil {
			return
		}
		if u, err := url.Parse(*into); err == nil && u.Scheme == "https" && u.Host != "" && !startHost(u.Hostname()) {
			d.fail(n, field, quote(*into)+" is at a host where the AWS CLI would look for AWS and not go on",
				"write it like "+defaultStartURL+", which nobody looks up; people's browsers go to the address of the Identity Center")
		}
	}
}

func startHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return true // whoever serves TLS there can redirect as the AWS CLI demands
	}
	return slices.Contains(startHosts, host) || slices.ContainsFunc(startDomains, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}
