package idc

import (
	"net/url"
	"slices"
	"strings"
)

// Environment is what points AWS clients at the Identity Center at address,
// NAME=value each. Clients differ in whether they honour the variable of each
// service or the one for all, so both are there. noProxy is the value that
// NO_PROXY has, which is extended; it must be "" for clients that a proxy leads
// here, or what it names would go past the proxy.
func Environment(address, noProxy string) []string {
	env := []string{"AWS_ENDPOINT_URL=" + address}
	for _, service := range []string{"SSO", "SSO_OIDC", "SSO_ADMIN", "IDENTITYSTORE", "ORGANIZATIONS", "STS", "S3"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+address)
	}
	// A client without credentials would otherwise look for a machine's.
	env = append(env, "AWS_EC2_METADATA_DISABLED=true")
	hosts := []string{"127.0.0.1", "localhost", "::1"}
	own := ""
	if u, err := url.Parse(address); err == nil {
		own = u.Hostname()
	}
	for h := range strings.SplitSeq(own+","+noProxy, ",") {
		if h = strings.TrimSpace(h); h != "" && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	list := strings.Join(hosts, ",")
	return append(env, "NO_PROXY="+list, "no_proxy="+list)
}

// TrustEnvironment makes clients trust the certificates of the authority whose
// own is in the file, and many of them no other: Python's and curl take a bundle
// in place of the system's.
func TrustEnvironment(caFile string) []string {
	var env []string
	for _, name := range []string{"AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		env = append(env, name+"="+caFile)
	}
	return env
}

// ProxyEnvironment sends clients that ignore endpoint variables through the
// proxy at a URL.
func ProxyEnvironment(proxyURL string) []string {
	return []string{"HTTPS_PROXY=" + proxyURL, "https_proxy=" + proxyURL}
}
