package console

import (
	"net/url"
	"slices"
	"strings"
)

// A Place is where in AWS a console is.
type Place struct {
	Partition string // aws, aws-cn, aws-us-gov, aws-eusc
	Region    string
}

// partitions are those with a console that the public reaches. The console of the
// home region is at the bare domain as well.
var partitions = []struct{ name, prefix, domain, home string }{
	{"aws-cn", "cn-", "amazonaws.cn", "cn-north-1"},
	{"aws-us-gov", "us-gov-", "amazonaws-us-gov.com", "us-gov-west-1"},
	{"aws-eusc", "eusc-", "amazonaws-eusc.eu", "eusc-de-east-1"},
	{"aws", "", "aws.amazon.com", "us-east-1"},
}

// At is the place of a region; "" is AWS's first. ok is false for the regions of the
// isolated partitions, of whose consoles nothing is published, and for what cannot
// be part of a host name.
func At(region string) (p Place, ok bool) {
	if strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return Place{}, false
	}
	for _, isolated := range []string{"us-iso", "eu-iso"} {
		if strings.HasPrefix(region, isolated) {
			return Place{}, false
		}
	}
	for _, of := range partitions {
		if strings.HasPrefix(region, of.prefix) {
			if region == "" {
				region = of.home
			}
			return Place{Partition: of.name, Region: region}, true
		}
	}
	return Place{}, false
}

func (p Place) facts() (domain, home string) {
	i := slices.IndexFunc(partitions, func(of struct{ name, prefix, domain, home string }) bool { return of.name == p.Partition })
	return partitions[i].domain, partitions[i].home
}

// signinHost has the federation endpoint. Where sessions are told apart by region
// at sign-in, as when one logs out on the way, the home region's own name is used.
func (p Place) signinHost(regional bool) string {
	domain, home := p.facts()
	switch {
	case p.Partition == "aws-eusc": // it has no other
		return p.Region + ".signin." + domain
	case regional && p.Partition == "aws":
		return home + ".signin." + domain
	}
	return "signin." + domain
}

// host has the console of the region.
func (p Place) host() string {
	domain, home := p.facts()
	if p.Region == home && p.Partition != "aws" && p.Partition != "aws-eusc" {
		return "console." + domain // which has no other
	}
	return p.Region + ".console." + domain
}

// ours tells whether a host is one of the partition's consoles.
func (p Place) ours(host string) bool {
	domain, _ := p.facts()
	return host == "console."+domain || strings.HasSuffix(host, ".console."+domain) || host == "health."+domain
}

// page is the address of a path, which may have a query and a part behind #, in
// the region or, for what is global, in none.
func (p Place) page(path string, global bool) string {
	path, fragment, hasFragment := strings.Cut(path, "#")
	path, query, _ := strings.Cut(path, "?")
	host := p.host()
	if global {
		domain, _ := p.facts()
		host = "console." + domain
	} else if !strings.Contains("&"+query, "&region=") {
		query = strings.TrimPrefix(query+"&region="+url.QueryEscape(p.Region), "&")
	}
	address := "https://" + host + "/" + path
	if query != "" {
		address += "?" + query
	}
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// Region writes out a region's short name, as use1 for us-east-1 and apse2 for
// ap-southeast-2. What is none stays as it is.
func Region(short string) string {
	name := strings.ToLower(short)
	area := ""
	for _, a := range []struct{ short, long string }{
		{"usg", "us-gov"}, {"eusc", "eusc-de"}, {"us", "us"}, {"eu", "eu"}, {"ap", "ap"}, {"ca", "ca"}, {"sa", "sa"}, {"af", "af"}, {"me", "me"}, {"il", "il"}, {"mx", "mx"}, {"cn", "cn"},
	} {
		if rest, ok := strings.CutPrefix(name, a.short); ok {
			area, name = a.long, rest
			break
		}
	}
	if area == "" || len(name) < 2 {
		return short
	}
	number := name[len(name)-1:]
	for _, d := range []struct{ short, long string }{
		{"n", "north"}, {"ne", "northeast"}, {"e", "east"}, {"se", "southeast"}, {"s", "south"}, {"sw", "southwest"}, {"w", "west"}, {"nw", "northwest"}, {"c", "central"},
	} {
		if name[:len(name)-1] == d.short && number >= "1" && number <= "9" {
			return area + "-" + d.long + "-" + number
		}
	}
	return short
}
