package sigv4

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	upperHex        = "0123456789ABCDEF"
)

// target is the request target as it stood on the wire: r.URL has already
// decoded what the signer signed.
type target struct {
	path      string
	query     []parameter
	malformed bool
}

type parameter struct{ name, value string }

func splitTarget(r *http.Request) target {
	raw := r.RequestURI
	if raw == "" { // not from a server: a client's request handed straight over
		raw = r.URL.RequestURI()
	}
	// Absolute form, RFC 9112 section 3.2.2.
	if _, rest, ok := strings.Cut(raw, "://"); ok && !strings.HasPrefix(raw, "/") {
		raw = "/"
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			raw = rest[i:]
		}
	}
	path, query, _ := strings.Cut(raw, "?")
	t := target{path: path}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		// A bare key and an empty value are the same.
		name, value, _ := strings.Cut(pair, "=")
		// As net/url reads it, so that what is verified is what handlers see.
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			t.malformed = true
			continue
		}
		t.query = append(t.query, parameter{name, value})
	}
	return t
}

func (t target) presigned() bool {
	return slices.ContainsFunc(t.query, func(p parameter) bool {
		return p.name == "X-Amz-Signature" || p.name == "X-Amz-Algorithm"
	})
}

func (t target) parameter(name string) (value string, present bool, err error) {
	for _, p := range t.query {
		if p.name != name {
			continue
		}
		if present {
			return "", true, refuse(Incomplete, "the query has %s more than once", name)
		}
		value, present = p.value, true
	}
	return value, present, nil
}

func canonicalRequest(r *http.Request, t target, s *signature, body []byte) ([]byte, error) {
	payload, err := payloadHash(r, t, s, body)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(r.Method)
	b.WriteByte('\n')
	b.WriteString(canonicalPath(t.path, s.service))
	b.WriteByte('\n')
	b.WriteString(canonicalQuery(t.query))
	b.WriteByte('\n')
	for _, name := range s.headers {
		values, ok := headerValues(r, name, len(body))
		if !ok {
			return nil, refuse(Mismatch, "a signed header is not in the request")
		}
		b.WriteString(name)
		b.WriteByte(':')
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(collapse(value))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(s.headers, ";"))
	b.WriteByte('\n')
	b.WriteString(payload)
	return b.Bytes(), nil
}

// payloadHash is the last line of the canonical request, checked against the
// body wherever the signer vouched for the body at all.
func payloadHash(r *http.Request, t target, s *signature, body []byte) (string, error) {
	actual := hexSHA256(body)
	claimed := r.Header.Get("X-Amz-Content-Sha256")
	if claimed == "" && s.presigned && s.service == serviceS3 {
		// S3 presigns unsigned payloads; some signers say so in the query.
		claimed, _, _ = t.parameter("X-Amz-Content-Sha256")
		claimed = cmp.Or(claimed, unsignedPayload)
	}
	if claimed == "" {
		return actual, nil
	}
	if s.service == serviceS3 {
		switch claimed {
		case unsignedPayload,
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
			"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
			"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
			return claimed, nil
		}
	}
	if subtle.ConstantTimeCompare([]byte(claimed), []byte(actual)) != 1 {
		return "", refuse(Mismatch, "x-amz-content-sha256 is not the hash of the body")
	}
	return actual, nil
}

// headerValues returns the values of a signed header. net/http keeps three
// headers elsewhere than in the map.
func headerValues(r *http.Request, name string, bodyLength int) ([]string, bool) {
	switch name {
	case "host":
		return []string{r.Host}, true
	case "content-length":
		length := r.ContentLength
		if length < 0 { // chunked on the way; the signer counted the body
			length = int64(bodyLength)
		}
		return []string{strconv.FormatInt(length, 10)}, true
	case "transfer-encoding":
		return r.TransferEncoding, len(r.TransferEncoding) > 0
	}
	values := r.Header[http.CanonicalHeaderKey(name)]
	return values, len(values) > 0
}

// collapse trims a header value and makes runs of spaces one space.
func collapse(value string) string {
	value = strings.Trim(value, " \t")
	if !strings.Contains(value, "  ") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] == ' ' && value[i-1] == ' ' { // i > 0: value starts with no space
			continue
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// canonicalPath is the path as sent for S3, whose keys may hold any bytes. For
// every other service it is normalised and its segments are encoded once more.
func canonicalPath(path, service string) string {
	if service == serviceS3 {
		return cmp.Or(path, "/")
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, encode(segment))
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	clean := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		clean += "/"
	}
	return clean
}

// canonicalQuery sorts after encoding and by name before value: joined pairs
// would sort "Param-3=" before "Param=".
func canonicalQuery(query []parameter) string {
	encoded := make([]parameter, 0, len(query))
	for _, p := range query {
		if p.name != "X-Amz-Signature" {
			encoded = append(encoded, parameter{encode(p.name), encode(p.value)})
		}
	}
	slices.SortFunc(encoded, func(a, b parameter) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var b strings.Builder
	for i, p := range encoded {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// encode keeps the unreserved characters of RFC 3986 and nothing else.
func encode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9',
			c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}
