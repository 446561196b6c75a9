package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signature is what a request says about how it was signed.
type signature struct {
	accessKeyID string
	scopeDate   string // YYYYMMDD
	region      string
	service     string
	headers     []string // lower case, sorted, each once
	signature   string
	amzDate     string // as sent
	date        time.Time
	token       string
	presigned   bool
	life        time.Duration // presigned only
}

func (s *signature) scope() string {
	return strings.Join([]string{s.scopeDate, s.region, s.service, terminator}, "/")
}

func (s *signature) signs(header string) bool {
	_, found := slices.BinarySearch(s.headers, header)
	return found
}

// Service is the service that r claims to be signed for, read before anything
// is verified so that a refusal can be worded in that service's protocol. It is
// empty when r carries no readable credential scope.
func Service(r *http.Request) string { return claimed(r).service }

// AccessKeyID is the access key that r claims to be signed with, "" when r
// carries no readable credential. Nothing is verified.
func AccessKeyID(r *http.Request) string { return claimed(r).accessKeyID }

func claimed(r *http.Request) signature {
	var s signature
	credential := ""
	if fields, err := authorizationFields(r.Header.Get("Authorization")); err == nil {
		credential = fields["Credential"]
	} else {
		credential, _, _ = splitTarget(r).parameter("X-Amz-Credential")
	}
	if s.parseCredential(credential) != nil {
		return signature{}
	}
	return s
}

// Signed says whether r carries something that means to be a Signature
// Version 4.
func Signed(r *http.Request) bool {
	for _, v := range r.Header.Values("Authorization") {
		if isAuthorization(v) {
			return true
		}
	}
	return splitTarget(r).presigned()
}

// Readable says whether r carries a whole signature, well enough formed to be
// verified. Nothing is verified yet: anybody can write one.
func Readable(r *http.Request) bool {
	_, err := parseSignature(r, splitTarget(r))
	return err == nil
}

func isAuthorization(value string) bool { return strings.HasPrefix(value, "AWS4-") }

// singletons have one value or none; two would let the signer and the server
// read different ones.
var singletons = []string{
	"Authorization", "Content-Length", "Content-Type", "Date", "X-Amz-Content-Sha256",
	"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Target",
}

func parseSignature(r *http.Request, target target) (*signature, error) {
	inHeader := isAuthorization(r.Header.Get("Authorization"))
	inQuery := target.presigned()
	if !inHeader && !inQuery {
		return nil, refuse(Missing, "the request carries no AWS Signature Version 4")
	}
	if inHeader && inQuery {
		return nil, refuse(Incomplete, "the request is signed both in the Authorization header and in the query")
	}
	if target.malformed {
		return nil, refuse(Incomplete, "the query string has a malformed percent-encoding")
	}
	for _, name := range singletons {
		if len(r.Header[name]) > 1 {
			return nil, refuse(Incomplete, "the header %s was sent more than once", name)
		}
	}
	// net/http moves Host out of the map; one left in it is a second one.
	if len(r.Header["Host"]) > 0 {
		return nil, refuse(Incomplete, "the header Host was sent more than once")
	}

	parse := (*signature).parseHeader
	if inQuery {
		parse = (*signature).parseQuery
	}
	s := &signature{presigned: inQuery}
	if err := parse(s, r, target); err != nil {
		return nil, err
	}
	if !s.signs("host") {
		return nil, refuse(Incomplete, "the header host is not signed")
	}
	// Nothing else in the canonical request names the operation.
	if len(r.Header["X-Amz-Target"]) > 0 && !s.signs("x-amz-target") {
		return nil, refuse(Incomplete, "the header x-amz-target is not signed")
	}
	return s, nil
}

func (s *signature) parseHeader(r *http.Request, _ target) error {
	fields, err := authorizationFields(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return refuse(Incomplete, "the Authorization header lacks %s", name)
		}
	}
	s.signature = fields["Signature"]
	s.token = r.Header.Get("X-Amz-Security-Token")
	if err := s.parseCredential(fields["Credential"]); err != nil {
		return err
	}
	if err := s.parseSignedHeaders(fields["SignedHeaders"]); err != nil {
		return err
	}
	return s.parseDate(r.Header.Get("X-Amz-Date"))
}

// authorizationFields reads "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…,
// Signature=…". Some clients leave out the space after the comma.
func authorizationFields(value string) (map[string]string, error) {
	name, rest, _ := strings.Cut(value, " ")
	if name != algorithm {
		return nil, refuse(Incomplete, "the signature algorithm is not %s", algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, val, ok := strings.Cut(strings.Trim(part, " "), "=")
		if !ok {
			return nil, refuse(Incomplete, "a part of the Authorization header is not key=value")
		}
		switch key {
		case "Credential", "SignedHeaders", "Signature":
		default:
			return nil, refuse(Incomplete, "the Authorization header has a part that is none of Credential, SignedHeaders, Signature")
		}
		if _, twice := fields[key]; twice {
			return nil, refuse(Incomplete, "the Authorization header has %s more than once", key)
		}
		fields[key] = val
	}
	return fields, nil
}

func (s *signature) parseQuery(r *http.Request, t target) error {
	if len(r.Header["X-Amz-Security-Token"]) > 0 || len(r.Header["X-Amz-Date"]) > 0 {
		return refuse(Incomplete, "a presigned request has its date and session token in the query, not in headers")
	}
	values := map[string]string{}
	for _, name := range []string{
		"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
		"X-Amz-Security-Token", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Content-Sha256",
	} {
		value, present, err := t.parameter(name)
		if err != nil {
			return err
		}
		required := name != "X-Amz-Expires" && name != "X-Amz-Security-Token" && name != "X-Amz-Content-Sha256"
		if required && !present {
			return refuse(Incomplete, "the presigned request lacks %s", name)
		}
		values[name] = value
	}
	if values["X-Amz-Algorithm"] != algorithm {
		return refuse(Incomplete, "the signature algorithm is not %s", algorithm)
	}
	s.signature = values["X-Amz-Signature"]
	s.token = values["X-Amz-Security-Token"]
	if err := s.parseCredential(values["X-Amz-Credential"]); err != nil {
		return err
	}
	if err := s.parseSignedHeaders(values["X-Amz-SignedHeaders"]); err != nil {
		return err
	}
	if err := s.parseDate(values["X-Amz-Date"]); err != nil {
		return err
	}
	return s.parseLife(values["X-Amz-Expires"])
}

// parseLife reads X-Amz-Expires, which is S3's. STS pays no heed to it:
// "aws eks get-token" always says 60 there, the Go SDK says nothing, and what
// either presigns is good for fifteen minutes.
func (s *signature) parseLife(text string) error {
	if s.service != serviceS3 {
		s.life = presignLife
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	s.life = time.Duration(seconds) * time.Second
	if err != nil || s.life == 0 || s.life > maxPresign {
		return refuse(Incomplete, "X-Amz-Expires must be 1 to 604800 seconds")
	}
	return nil
}

func (s *signature) parseCredential(text string) error {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || slices.Contains(parts, "") || len(parts[1]) != 8 || parts[4] != terminator {
		return refuse(Incomplete, "the credential is not KEY/YYYYMMDD/REGION/SERVICE/%s", terminator)
	}
	s.accessKeyID, s.scopeDate, s.region, s.service = parts[0], parts[1], parts[2], parts[3]
	return nil
}

func (s *signature) parseSignedHeaders(text string) error {
	s.headers = strings.Split(text, ";")
	for i, name := range s.headers {
		if name == "" || name != strings.ToLower(name) {
			return refuse(Incomplete, "the signed headers are not lower-case names separated by semicolons")
		}
		if i > 0 && s.headers[i-1] >= name {
			return refuse(Incomplete, "the signed headers are not sorted, or one is listed twice")
		}
	}
	return nil
}

func (s *signature) parseDate(text string) error {
	// time.Parse would also take fractions of a second.
	if len(text) != len(timeLayout) {
		return refuse(Incomplete, "X-Amz-Date is missing or not of the form YYYYMMDDTHHMMSSZ")
	}
	date, err := time.Parse(timeLayout, text)
	if err != nil {
		return refuse(Incomplete, "X-Amz-Date is not of the form YYYYMMDDTHHMMSSZ")
	}
	s.amzDate, s.date = text, date
	return nil
}
