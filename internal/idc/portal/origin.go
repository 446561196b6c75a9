package portal

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// remoteAddress is the address that a request came from, without its port.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// originView says who began a request.
type originView struct {
	Place   string // this computer, or an address; "" when nothing is known
	Program string // by its own word
	Same    bool   // this very browser, as far as can be seen
}

const maxShownProgram = 60

func (v *visit) origin(r grant.Request) originView {
	here, there := remoteAddress(v.r), r.Origin.Address
	o := originView{
		Program: programOf(r.Origin.UserAgent),
		Same: r.Flow == grant.FlowAuthorizationCode && there == here && r.Origin.UserAgent != "" &&
			r.Origin.UserAgent == grantedUserAgent(v.r.UserAgent()),
	}
	switch {
	case there == "":
	case !isLoopback(there):
		o.Place = plain(there, maxShownProgram)
	case isLoopback(here):
		o.Place = "this computer"
	default:
		o.Place = "the computer on which this Identity Center runs"
	}
	return o
}

// grantedUserAgent cuts a user agent to what may be kept of one, for comparing.
func grantedUserAgent(s string) string { return s[:min(len(s), 512)] }

func isLoopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.Unmap().IsLoopback()
}

// programOf names the program of a user agent in a few words; "" when it says
// nothing. Whatever it says is the program's own claim.
func programOf(userAgent string) string {
	products := map[string]string{} // to versions
	first := ""
	for field := range strings.FieldsSeq(userAgent) {
		name, version, ok := strings.Cut(field, "/")
		if !ok {
			continue
		}
		name = strings.ToLower(name)
		if _, seen := products[name]; !seen {
			products[name] = strings.Trim(version, "(),;")
		}
		if first == "" {
			first = field
		}
	}
	with := func(words, product string) string {
		if v := products[product]; v != "" {
			words += " " + v
		}
		return plain(words, maxShownProgram)
	}
	major := func(words, product string) string {
		v, _, _ := strings.Cut(products[product], ".")
		return plain(strings.TrimSpace(words+" "+v), maxShownProgram)
	}
	has := func(product string) bool { _, ok := products[product]; return ok }
	switch {
	case strings.TrimSpace(userAgent) == "":
		return ""
	case has("terraform"):
		return with("Terraform", "terraform")
	case has("aws-cli"):
		return with("AWS CLI", "aws-cli")
	case has("app"): // the name that a program with an AWS SDK gives itself
		return with("", "app")
	case has("boto3"):
		return with("a Python program with boto3", "boto3")
	case has("botocore"):
		return with("a Python program with botocore", "botocore")
	case has("aws-sdk-go-v2"):
		return with("a Go program with the AWS SDK", "aws-sdk-go-v2")
	case has("aws-sdk-js"):
		return with("a JavaScript program with the AWS SDK", "aws-sdk-js")
	case has("aws-sdk-java"):
		return with("a Java program with the AWS SDK", "aws-sdk-java")
	case has("aws-sdk-rust"):
		return with("a Rust program with the AWS SDK", "aws-sdk-rust")
	case has("mozilla"):
		switch {
		case has("edg"):
			return major("Edge", "edg")
		case has("opr"):
			return major("Opera", "opr")
		case has("firefox"):
			return major("Firefox", "firefox")
		case has("headlesschrome"):
			return major("Chromium without a window", "headlesschrome")
		case has("chrome"):
			return major("Chrome", "chrome")
		case has("safari"):
			return major("Safari", "version")
		}
		return "a browser"
	case first != "":
		return plain(strings.Replace(first, "/", " ", 1), maxShownProgram)
	}
	return plain(userAgent, maxShownProgram)
}
