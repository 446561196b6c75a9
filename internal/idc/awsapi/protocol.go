package awsapi

import (
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// protocol is how a call is encoded, and so how its errors must be.
type protocol int

const (
	restJSON   protocol = iota // errors by x-amzn-ErrorType
	oidcJSON                   // rest-json with OAuth bodies
	portalJSON                 // rest-json of the access portal
	targetJSON                 // JSON 1.0 and 1.1, operation in X-Amz-Target
	rpcCBOR                    // Smithy RPC v2
	queryXML                   // operation in Action
	ec2XML                     // the same with EC2's own errors
	s3XML
	restXML // Route 53 and CloudFront
)

// call is what a request asks for, as far as its request line and headers say.
type call struct {
	protocol  protocol
	service   string // as people know it, or the signing name
	operation string // AWS operation, or method and path
	method    string // the only one the operation takes; "" when there is no such rule
	jsonType  string // media type of targetJSON
}

// pathOperation finds the operations that are told by their path alone.
func pathOperation(r *http.Request) (call, bool) {
	oidc := func(operation string) (call, bool) {
		return call{oidcJSON, "sso-oidc", operation, http.MethodPost, ""}, true
	}
	portal := func(operation, method string) (call, bool) {
		return call{portalJSON, "sso", operation, method, ""}, true
	}
	switch path := r.URL.Path; path {
	case "/client/register":
		return oidc("RegisterClient")
	case "/device_authorization":
		return oidc("StartDeviceAuthorization")
	case "/token":
		if r.URL.Query().Has("aws_iam") {
			return oidc("CreateTokenWithIAM")
		}
		return oidc("CreateToken")
	case "/assignment/accounts":
		return portal("ListAccounts", http.MethodGet)
	case "/assignment/roles":
		return portal("ListAccountRoles", http.MethodGet)
	case "/federation/credentials":
		return portal("GetRoleCredentials", http.MethodGet)
	case "/logout":
		return portal("Logout", http.MethodPost)
	default:
		if strings.HasPrefix(path, "/assignment/") || strings.HasPrefix(path, "/federation/") {
			return portal(r.Method+" "+path, "")
		}
	}
	return call{}, false
}

// targetServices are the services whose X-Amz-Target people would not recognise.
var targetServices = map[string]string{
	"SWBExternalService":        "sso-admin",
	"AWSIdentityStore":          "identitystore",
	"AWSOrganizationsV20161128": "organizations",
}

// classify finds out what a request asks for, in the order in which the signals
// are certain.
func classify(r *http.Request) call {
	signed := sigv4.Service(r)
	unnamed := r.Method + " " + r.URL.Path
	if signed == "s3" { // whose first path segment is a bucket, whatever its name
		return s3Call(r)
	}
	if c, ok := pathOperation(r); ok {
		return c
	}
	if len(r.Header[bearerHeader]) > 0 {
		return call{protocol: portalJSON, service: "sso", operation: unnamed}
	}
	if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		c := call{protocol: rpcCBOR, service: signed, operation: unnamed}
		if _, operation, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
			c.operation = operation
		}
		return c
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c := call{protocol: targetJSON, service: signed, operation: target, jsonType: "application/x-amz-json-1.1"}
		if mediaType(r) == "application/x-amz-json-1.0" {
			c.jsonType = "application/x-amz-json-1.0"
		}
		if prefix, operation, ok := strings.Cut(target, "."); ok && targetServices[prefix] != "" {
			c.service, c.operation = targetServices[prefix], operation
		}
		return c
	}
	switch {
	case signed == "ec2":
		return call{protocol: ec2XML, service: signed, operation: unnamed}
	case signed == "sts", mediaType(r) == formType, r.URL.Query().Has("Action"):
		return call{protocol: queryXML, service: signed, operation: unnamed}
	case signed == "route53", signed == "cloudfront":
		return call{protocol: restXML, service: signed, operation: unnamed}
	case signed == "" && looksLikeS3(r):
		return s3Call(r)
	}
	return call{protocol: restJSON, service: signed, operation: unnamed}
}

var (
	bucketSegment  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`) })
	versionSegment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(v[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2})$`) })
)

// looksLikeS3 judges a call that nothing else tells about. Calls without a
// signature that name their operation by path alone are S3's, where buckets may
// be open to all, unless they speak JSON or begin with the version of an API
// (v2, Lambda's 2015-03-31) or with what is no bucket name.
func looksLikeS3(r *http.Request) bool {
	if r.URL.Path == "/" {
		return r.Method == http.MethodGet
	}
	if media := mediaType(r); media == "application/json" || strings.HasPrefix(media, "application/x-amz-json-") {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucketSegment().MatchString(first) && !versionSegment().MatchString(first)
}

func s3Call(r *http.Request) call {
	c := call{protocol: s3XML, service: "s3", operation: r.Method + " " + r.URL.Path}
	if id := r.URL.Query().Get("x-id"); id != "" {
		c.operation = id
	} else if listsBuckets(r) {
		c.operation = "ListBuckets"
	}
	return c
}
