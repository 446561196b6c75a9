package proxy

import (
	"slices"
	"strings"
	"sync"
)

// partition is what of AWS shares one end of its host names.
type partition struct {
	suffix        string // host names end in it
	dual          string // host names of dual-stack endpoints end in it, S3's apart
	organizations string // the region that has Organizations
	regions       []string
}

// partitions are those of the SDKs' partitions.json.
var partitions = []partition{
	{"amazonaws.com", "api.aws", "us-east-1", []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
		"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	}},
	{"amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1", []string{"cn-north-1", "cn-northwest-1"}},
	{"amazonaws.com", "api.aws", "us-gov-west-1", []string{"us-gov-east-1", "us-gov-west-1"}},
	{"amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", []string{"eusc-de-east-1"}},
	{"c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", []string{"us-iso-east-1", "us-iso-west-1"}},
	{"sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", []string{"us-isob-east-1", "us-isob-west-1"}},
	{"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1", []string{"eu-isoe-west-1"}},
	{"csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1", []string{"us-isof-east-1", "us-isof-south-1"}},
}

// services are those that have an endpoint in every region, by the first labels
// of their host names.
var services = []string{"oidc", "portal.sso", "sso", "sts", "identitystore"}

// globalHosts have no region, or name it in the old way, with a dash.
var globalHosts = []string{"sts.amazonaws.com"}

var globalS3Hosts = []string{
	"s3.amazonaws.com", "s3-external-1.amazonaws.com",
	"s3-ap-northeast-1.amazonaws.com", "s3-ap-northeast-2.amazonaws.com", "s3-ap-south-1.amazonaws.com", "s3-ap-southeast-1.amazonaws.com",
	"s3-ap-southeast-2.amazonaws.com", "s3-ca-central-1.amazonaws.com", "s3-eu-central-1.amazonaws.com", "s3-eu-west-1.amazonaws.com",
	"s3-sa-east-1.amazonaws.com", "s3-us-east-2.amazonaws.com", "s3-us-west-1.amazonaws.com", "s3-us-west-2.amazonaws.com",
	"s3-us-gov-west-1.amazonaws.com",
}

// hasFIPS says whether AWS has FIPS endpoints in a region. The SDKs make up
// their names for all, and most lead nowhere.
func hasFIPS(region string) bool {
	return strings.HasPrefix(region, "us-") || strings.HasPrefix(region, "ca-")
}

// awsHosts are the exact names that are served, true for those of S3, under
// which each bucket has a name of its own.
var awsHosts = sync.OnceValue(func() map[string]bool {
	hosts := map[string]bool{}
	for _, p := range partitions {
		for _, region := range p.regions {
			variants := []string{""}
			if hasFIPS(region) {
				variants = append(variants, "-fips")
			}
			for _, fips := range variants {
				for _, service := range services {
					hosts[service+fips+"."+region+"."+p.suffix] = false
					hosts[service+fips+"."+region+"."+p.dual] = false
				}
				if region == p.organizations {
					hosts["organizations"+fips+"."+region+"."+p.suffix] = false
				}
				hosts["organizations"+fips+"."+region+"."+p.dual] = false
				hosts["s3"+fips+"."+region+"."+p.suffix] = true
				hosts["s3"+fips+".dualstack."+region+"."+p.suffix] = true
			}
		}
	}
	for _, h := range globalHosts {
		hosts[h] = false
	}
	for _, h := range globalS3Hosts {
		hosts[h] = true
	}
	return hosts
})

// awsSubtrees are the names of awsHosts that are under no other of them, which
// is what a certificate's constraints must list: a name there stands for all
// that is under it.
func awsSubtrees() []string {
	hosts := awsHosts()
	var roots []string
names:
	for h := range hosts {
		for _, rest, more := strings.Cut(h, "."); more; _, rest, more = strings.Cut(rest, ".") {
			if _, ok := hosts[rest]; ok {
				continue names
			}
		}
		roots = append(roots, h)
	}
	slices.Sort(roots)
	return roots
}

// Served says whether host is an AWS host name of a service that the Identity
// Center serves, in any partition. The case does not matter, nor does a dot at
// the end; a bucket's own name under one of S3's counts.
func Served(host string) bool { return served(normalHost(host)) }

func served(host string) bool {
	if !isHostName(host) {
		return false
	}
	hosts := awsHosts()
	if _, ok := hosts[host]; ok {
		return true
	}
	for _, rest, more := strings.Cut(host, "."); more; _, rest, more = strings.Cut(rest, ".") {
		if hosts[rest] {
			return true
		}
	}
	return false
}

// normalHost is host in lower case, without the dot that ends a full name.
func normalHost(host string) string {
	b := []byte(strings.TrimSuffix(host, "."))
	for i, c := range b { // ASCII alone: U+212A KELVIN SIGN is no k in a name
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// isHostName says whether a normal host can stand in a certificate: labels of
// letters, digits and inner hyphens (RFC 1123 section 2.1).
func isHostName(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if ('a' > c || c > 'z') && ('0' > c || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// parseTarget takes apart what a CONNECT asks for: a host and a port, and
// nothing else. An address keeps no brackets.
func parseTarget(target string) (host, port string, ok bool) {
	i := strings.LastIndexByte(target, ':')
	if i < 0 {
		return "", "", false
	}
	host, port = target[:i], target[i+1:]
	if port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return "", "", false
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		if host, bracketed = strings.CutSuffix(inner, "]"); !bracketed || strings.Trim(host, "0123456789abcdefABCDEF:.") != "" || !strings.Contains(host, ":") {
			return "", "", false
		}
		return host, port, true
	}
	host = normalHost(host)
	return host, port, isHostName(host)
}
