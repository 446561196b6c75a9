package sigv4_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/portico-sso/portico/internal/idc/sigv4"
	"pgregory.net/rapid"
)

const (
	keyID  = "ASIAQ3EXAMPLEEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	token  = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
)

var (
	signedAt    = time.Date(2026, 11, 21, 23, 58, 0, 0, time.UTC)
	credentials = aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}
)

func verifier() *sigv4.Verifier {
	return &sigv4.Verifier{Lookup: func(_ context.Context, id string) (sigv4.Secret, error) {
		if id != keyID {
			return sigv4.Secret{}, sigv4.ErrUnknownKey
		}
		return sigv4.Secret{
			Key:        secret,
			CheckToken: func(got string) bool { return got == token },
			Expires:    signedAt.Add(time.Hour),
		}, nil
	}}
}

// wire is a request as bytes, so that a test can change any of them and a
// server's parser reads the result.
type wire struct {
	method, target, host string
	header               http.Header
	body                 []byte
}

func (w wire) clone() wire {
	w.header = w.header.Clone()
	w.body = bytes.Clone(w.body)
	return w
}

func (w wire) verify(now time.Time) (sigv4.Result, error) { return w.verifyBy(verifier(), now) }

func (w wire) verifyBy(v *sigv4.Verifier, now time.Time) (sigv4.Result, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", w.method, w.target, w.host, len(w.body))
	h := w.header.Clone()
	h.Del("Content-Length")
	if err := h.Write(&b); err != nil {
		return sigv4.Result{}, err
	}
	b.WriteString("\r\n")
	b.Write(w.body)
	r, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		return sigv4.Result{}, fmt.Errorf("not a request: %w", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return sigv4.Result{}, err
	}
	return v.Verify(r, body, now)
}

// draft is a request before signing.
type draft struct {
	method, path, query, host, service, region string
	header                                     http.Header
	body                                       []byte
}

func (d draft) request() *http.Request {
	u := &url.URL{Scheme: "http", Host: d.host, Opaque: "//" + d.host + d.path, RawQuery: d.query}
	return &http.Request{
		Method: d.method, URL: u, Host: d.host, Header: d.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(d.body)), ContentLength: int64(len(d.body)),
	}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func s3Options(service string) func(*signer.SignerOptions) {
	return func(o *signer.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
}

func (d draft) sign(t tester, creds aws.Credentials, payload string) wire {
	t.Helper()
	r := d.request()
	err := signer.NewSigner().SignHTTP(context.Background(), creds, r, payload, d.service, d.region, signedAt, s3Options(d.service))
	if err != nil {
		t.Fatal(err)
	}
	return wire{method: d.method, target: target(d.path, r.URL.RawQuery), host: r.Host, header: r.Header, body: d.body}
}

func (d draft) presign(t tester, creds aws.Credentials, payload string, expires int) wire {
	t.Helper()
	r := d.request()
	if expires > 0 {
		q := r.URL.Query()
		q.Set("X-Amz-Expires", strconv.Itoa(expires))
		r.URL.RawQuery = q.Encode()
	}
	uri, header, err := signer.NewSigner().PresignHTTP(context.Background(), creds, r, payload, d.service, d.region, signedAt, s3Options(d.service))
	if err != nil {
		t.Fatal(err)
	}
	_, rawQuery, _ := strings.Cut(uri, "?")
	header.Del("Host")
	return wire{method: d.method, target: target(d.path, rawQuery), host: d.host, header: header, body: d.body}
}

func target(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

type tester interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

func kindOf(err error) sigv4.Kind {
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return e.Kind
	}
	return 0
}

func wantKind(t tester, err error, want sigv4.Kind) {
	t.Helper()
	if got := kindOf(err); got != want {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

func stsDraft() draft {
	return draft{
		method: "POST", path: "/", host: "127.0.0.1:8642", service: "sts", region: "eu-west-1",
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		body:   []byte("Action=GetCallerIdentity&Version=2011-06-15"),
	}
}

func s3Draft() draft {
	return draft{
		method: "GET", path: "/bucket/a%20b//c", query: "prefix=x%2Fy&list-type=2", host: "localhost:8642",
		service: "s3", region: "us-east-1", header: http.Header{},
	}
}

func TestVerify(t *testing.T) {
	d := stsDraft()
	got, err := d.sign(t, credentials, hash(d.body)).verify(signedAt)
	if err != nil {
		t.Fatal(err)
	}
	if want := (sigv4.Result{AccessKeyID: keyID, Region: "eu-west-1", Service: "sts"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	d = stsDraft()
	d.method, d.query, d.body = "GET", string(d.body), nil
	d.header = http.Header{"X-K8s-Aws-Id": {"cluster"}} // as aws eks get-token
	got, err = d.presign(t, credentials, hash(nil), 60).verify(signedAt)
	if err != nil {
		t.Fatal(err)
	}
	if want := (sigv4.Result{AccessKeyID: keyID, Region: "eu-west-1", Service: "sts", Presigned: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPayloadOfS3(t *testing.T) {
	d := s3Draft()
	d.method, d.body = "PUT", []byte("hello")
	for _, payload := range []string{"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", hash(d.body)} {
		d.header.Set("X-Amz-Content-Sha256", payload)
		if _, err := d.sign(t, credentials, payload).verify(signedAt); err != nil {
			t.Errorf("%s: got %v, want a valid signature", payload, err)
		}
	}
	d.header.Set("X-Amz-Content-Sha256", hash([]byte("other")))
	_, err := d.sign(t, credentials, hash([]byte("other"))).verify(signedAt)
	wantKind(t, err, sigv4.Mismatch)

	d = s3Draft()
	if _, err := d.presign(t, credentials, "UNSIGNED-PAYLOAD", 900).verify(signedAt); err != nil {
		t.Errorf("presigned: got %v, want a valid signature", err)
	}
	d.query += "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD" // as the JavaScript SDK does
	if _, err := d.presign(t, credentials, "UNSIGNED-PAYLOAD", 900).verify(signedAt); err != nil {
		t.Errorf("presigned, payload in the query: got %v, want a valid signature", err)
	}

	// Only S3 may leave its payload unsigned.
	d = stsDraft()
	d.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	_, err = d.sign(t, credentials, "UNSIGNED-PAYLOAD").verify(signedAt)
	wantKind(t, err, sigv4.Mismatch)
	d = stsDraft()
	d.method, d.body = "GET", nil
	_, err = d.presign(t, credentials, "UNSIGNED-PAYLOAD", 60).verify(signedAt)
	wantKind(t, err, sigv4.Mismatch)
}

func TestPresignedPayloadIsTheEmptyBody(t *testing.T) {
	d := stsDraft()
	d.method, d.query, d.body = "GET", string(d.body), nil
	w := d.presign(t, credentials, hash(nil), 60)
	w.body = []byte("Action=AssumeRole")
	_, err := w.verify(signedAt)
	wantKind(t, err, sigv4.Mismatch)
}

func TestOrderOfJudgement(t *testing.T) {
	d := stsDraft()
	creds := func(id, key, tok string) wire {
		return d.sign(t, aws.Credentials{AccessKeyID: id, SecretAccessKey: key, SessionToken: tok}, hash(d.body))
	}
	late := signedAt.Add(2 * time.Hour)
	tests := []struct {
		name string
		w    wire
		now  time.Time
		want sigv4.Kind
	}{
		{"unknown key before all", creds("ASIAQ3EXAMPLEUNKNOWN", "x", "y"), late, sigv4.UnknownKey},
		{"wrong token before expiry", creds(keyID, "x", token+"="), late, sigv4.BadToken},
		{"no token", creds(keyID, secret, ""), signedAt, sigv4.BadToken},
		{"expired before the signature", creds(keyID, "x", token), late, sigv4.Expired},
		{"expired at its instant", creds(keyID, secret, token), signedAt.Add(time.Hour), sigv4.Expired},
		{"signature before the clock", creds(keyID, "x", token), signedAt.Add(30 * time.Minute), sigv4.Mismatch},
		{"clock last", creds(keyID, secret, token), signedAt.Add(30 * time.Minute), sigv4.Skewed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.w.verify(tt.now)
			wantKind(t, err, tt.want)
		})
	}
}

func TestClock(t *testing.T) {
	sts, s3, s3Get := stsDraft(), s3Draft(), s3Draft()
	s3.header.Set("X-Amz-Content-Sha256", hash(nil))
	get := stsDraft()
	get.method, get.body = "GET", nil
	tests := []struct {
		name string
		w    wire
		off  time.Duration
		want sigv4.Kind
	}{
		{"sts late", sts.sign(t, credentials, hash(sts.body)), 5 * time.Minute, 0},
		{"sts too late", sts.sign(t, credentials, hash(sts.body)), 5*time.Minute + time.Second, sigv4.Skewed},
		{"sts early", sts.sign(t, credentials, hash(sts.body)), -5 * time.Minute, 0},
		{"sts too early", sts.sign(t, credentials, hash(sts.body)), -5*time.Minute - time.Second, sigv4.Skewed},
		{"s3 late", s3.sign(t, credentials, hash(nil)), 15 * time.Minute, 0},
		{"s3 too late", s3.sign(t, credentials, hash(nil)), 15*time.Minute + time.Second, sigv4.Skewed},
		{"presigned for longer than STS lets live", get.presign(t, credentials, hash(nil), 1800), 15 * time.Minute, sigv4.PresignExpired},
		{"presigned by aws eks get-token", get.presign(t, credentials, hash(nil), 60), 15*time.Minute - time.Second, 0},
		{"presigned by aws eks get-token, over", get.presign(t, credentials, hash(nil), 60), 15 * time.Minute, sigv4.PresignExpired},
		{"s3 presigned in time", s3Get.presign(t, credentials, "UNSIGNED-PAYLOAD", 1800), 30*time.Minute - time.Second, 0},
		{"s3 presigned over", s3Get.presign(t, credentials, "UNSIGNED-PAYLOAD", 1800), 30 * time.Minute, sigv4.PresignExpired},
		{"presigned too early", get.presign(t, credentials, hash(nil), 60), -6 * time.Minute, sigv4.Skewed},
		{"presigned without a life", get.presign(t, credentials, hash(nil), 0), 15*time.Minute - time.Second, 0},
		{"presigned without a life, over", get.presign(t, credentials, hash(nil), 0), 15 * time.Minute, sigv4.PresignExpired},
		{"presigned for ever", get.presign(t, credentials, hash(nil), 604801), 0, 0},
		{"s3 presigned for a week", s3Get.presign(t, credentials, "UNSIGNED-PAYLOAD", 604800), 0, 0},
		{"s3 presigned for longer", s3Get.presign(t, credentials, "UNSIGNED-PAYLOAD", 604801), 0, sigv4.Incomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.w.verify(signedAt.Add(tt.off))
			wantKind(t, err, tt.want)
			// The same when it is the clock of requests alone that is off.
			v := verifier()
			v.RequestClock = func() time.Time { return signedAt.Add(tt.off) }
			_, err = tt.w.verifyBy(v, signedAt)
			wantKind(t, err, tt.want)
			// Credentials expire by the other one.
			if tt.want != sigv4.Incomplete {
				_, err = tt.w.verifyBy(v, signedAt.Add(time.Hour))
				wantKind(t, err, sigv4.Expired)
			}
		})
	}
	// Nothing but expiry goes by the other one.
	v := verifier()
	v.RequestClock = func() time.Time { return signedAt }
	_, err := sts.sign(t, credentials, hash(sts.body)).verifyBy(v, signedAt.Add(-48*time.Hour))
	wantKind(t, err, 0)
	// S3 demands the life.
	d := s3Draft()
	_, err = d.presign(t, credentials, "UNSIGNED-PAYLOAD", 0).verify(signedAt)
	wantKind(t, err, sigv4.Incomplete)
}

func TestMalformed(t *testing.T) {
	d := stsDraft()
	d.header.Set("X-Amz-Target", "X.Y")
	good := d.sign(t, credentials, hash(d.body))
	get := stsDraft()
	get.method, get.body, get.header = "GET", nil, http.Header{}
	presigned := get.presign(t, credentials, hash(nil), 60)

	header := func(old, new string) func() wire {
		return func() wire {
			w := good.clone()
			was := w.header.Get("Authorization")
			now := strings.Replace(was, old, new, 1)
			if was == now {
				t.Fatalf("got no %q in %q", old, was)
			}
			w.header.Set("Authorization", now)
			return w
		}
	}
	add := func(name, value string) func() wire {
		return func() wire { w := good.clone(); w.header.Add(name, value); return w }
	}
	queryOf := func(presigned wire, old, new string) func() wire {
		return func() wire {
			w := presigned.clone()
			now := strings.Replace(w.target, old, new, 1)
			if w.target == now {
				t.Fatalf("got no %q in %q", old, w.target)
			}
			w.target = now
			return w
		}
	}
	query := func(old, new string) func() wire { return queryOf(presigned, old, new) }
	ofS3 := s3Draft().presign(t, credentials, "UNSIGNED-PAYLOAD", 60)
	queryOfS3 := func(old, new string) func() wire { return queryOf(ofS3, old, new) }
	tests := []struct {
		name string
		make func() wire
		want sigv4.Kind
	}{
		{"unsigned", func() wire { w := good.clone(); w.header.Del("Authorization"); return w }, sigv4.Missing},
		{"bearer", func() wire { w := good.clone(); w.header.Set("Authorization", "Bearer x"); return w }, sigv4.Missing},
		{"another algorithm", header("HMAC-SHA256", "ECDSA-P256-SHA256"), sigv4.Incomplete},
		{"no signature", header("Signature=", "Signatur="), sigv4.Incomplete},
		{"credential twice", header("Signature=", "Credential="), sigv4.Incomplete},
		{"short scope", header("/aws4_request", ""), sigv4.Incomplete},
		{"long scope", header("/aws4_request", "/x/aws4_request"), sigv4.Incomplete},
		{"another terminator", header("/aws4_request", "/aws5_request"), sigv4.Incomplete},
		{"scope of another day", header("/20261121/", "/20261122/"), sigv4.Mismatch},
		{"host unsigned", header("host;", ""), sigv4.Incomplete},
		{"target unsigned", header(";x-amz-target", ""), sigv4.Incomplete},
		{"header listed twice", header("host;", "host;host;"), sigv4.Incomplete},
		{"headers unsorted", header("content-type;host;", "host;content-type;"), sigv4.Incomplete},
		{"header in capitals", header("host;", "Host;"), sigv4.Incomplete},
		{"empty header name", header("host;", "host;;"), sigv4.Incomplete},
		{"absent header listed", header("host;", "host;if-match;"), sigv4.Mismatch},
		{"signature in capitals", func() wire {
			w := good.clone()
			head, sig, _ := strings.Cut(w.header.Get("Authorization"), "Signature=")
			w.header.Set("Authorization", head+"Signature="+strings.ToUpper(sig))
			return w
		}, sigv4.Mismatch},
		{"signature cut short", func() wire {
			w := good.clone()
			whole := w.header.Get("Authorization")
			w.header.Set("Authorization", whole[:len(whole)-1])
			return w
		}, sigv4.Mismatch},
		{"no space after commas", func() wire {
			w := good.clone()
			w.header.Set("Authorization", strings.ReplaceAll(w.header.Get("Authorization"), ", ", ","))
			return w
		}, 0},
		{"date twice", add("X-Amz-Date", "20261121T235800Z"), sigv4.Incomplete},
		{"token twice", add("X-Amz-Security-Token", token), sigv4.Incomplete},
		{"target twice", add("X-Amz-Target", "X.Y"), sigv4.Incomplete},
		{"authorization twice", add("Authorization", "AWS4-HMAC-SHA256 x"), sigv4.Incomplete},
		{"no date", func() wire { w := good.clone(); w.header.Del("X-Amz-Date"); return w }, sigv4.Incomplete},
		{"date with a fraction", func() wire { w := good.clone(); w.header.Set("X-Amz-Date", "20261121T235800.1Z"); return w }, sigv4.Incomplete},
		{"date of another form", func() wire { w := good.clone(); w.header.Set("X-Amz-Date", "2026-11-21T23:58"); return w }, sigv4.Incomplete},
		{"signed twice", func() wire { w := good.clone(); w.target = presigned.target; return w }, sigv4.Incomplete},
		{"malformed query", func() wire { w := good.clone(); w.target = "/?a=%zz"; return w }, sigv4.Incomplete},

		{"presigned with an empty pair", query("X-Amz-Expires=60&", "X-Amz-Expires=60&&"), 0},
		{"presigned by S3, zero life", queryOfS3("X-Amz-Expires=60", "X-Amz-Expires=0"), sigv4.Incomplete},
		{"presigned by S3, signed life", queryOfS3("X-Amz-Expires=60", "X-Amz-Expires=%2B60"), sigv4.Incomplete},
		{"presigned life twice", query("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=60"), sigv4.Incomplete},
		{"presigned without credential", query("X-Amz-Credential", "X-Amz-Credentia"), sigv4.Incomplete},
		{"presigned without signature", query("X-Amz-Signature", "X-Amz-Signatur"), sigv4.Incomplete},
		{"presigned with another algorithm", query("AWS4-HMAC", "AWS4-XMAC"), sigv4.Incomplete},
		{"presigned with a date header", func() wire {
			w := presigned.clone()
			w.header.Set("X-Amz-Date", "20261121T235800Z")
			return w
		}, sigv4.Incomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.make().verify(signedAt)
			wantKind(t, err, tt.want)
		})
	}
}

func TestRepeatedHost(t *testing.T) {
	d := stsDraft()
	r := d.request()
	if err := signer.NewSigner().SignHTTP(t.Context(), credentials, r, hash(d.body), d.service, d.region, signedAt); err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/"
	r.Header.Set("Host", d.host)
	_, err := verifier().Verify(r, d.body, signedAt)
	wantKind(t, err, sigv4.Incomplete)
}

func TestLongLivedKey(t *testing.T) {
	v := &sigv4.Verifier{Lookup: func(context.Context, string) (sigv4.Secret, error) { return sigv4.Secret{Key: secret}, nil }}
	for tok, want := range map[string]sigv4.Kind{"": 0, token: sigv4.BadToken} {
		d := stsDraft()
		r := d.request()
		creds := credentials
		creds.SessionToken = tok
		if err := signer.NewSigner().SignHTTP(t.Context(), creds, r, hash(d.body), d.service, d.region, signedAt); err != nil {
			t.Fatal(err)
		}
		r.RequestURI = "/"
		_, err := v.Verify(r, d.body, signedAt)
		wantKind(t, err, want)
	}
}

func TestLookupFailureIsPassedOn(t *testing.T) {
	cause := errors.New("no database")
	v := &sigv4.Verifier{Lookup: func(context.Context, string) (sigv4.Secret, error) { return sigv4.Secret{}, cause }}
	d := stsDraft()
	r := d.request()
	if err := signer.NewSigner().SignHTTP(t.Context(), credentials, r, hash(d.body), d.service, d.region, signedAt); err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/"
	if _, err := v.Verify(r, d.body, signedAt); !errors.Is(err, cause) || kindOf(err) != 0 {
		t.Errorf("got %v, want the lookup's error", err)
	}
}

// TestChunkedBody covers a signed content-length whose header the transfer
// coding has replaced.
func TestChunkedBody(t *testing.T) {
	d := stsDraft()
	w := d.sign(t, credentials, hash(d.body))
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST / HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n", d.host)
	if err := w.header.Write(&b); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\r\n%x\r\n%s\r\n0\r\n\r\n", len(d.body), d.body)
	r, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier().Verify(r, body, signedAt); err != nil {
		t.Errorf("got %v, want a valid signature", err)
	}
}

func TestService(t *testing.T) {
	sts, s3 := stsDraft(), s3Draft()
	tests := []struct {
		r                *http.Request
		want             string
		signed, readable bool
	}{
		{&http.Request{RequestURI: "/", Header: sts.sign(t, credentials, "").header}, "sts", true, true},
		{&http.Request{RequestURI: s3.presign(t, credentials, "UNSIGNED-PAYLOAD", 60).target}, "s3", true, true},
		{&http.Request{RequestURI: "/"}, "", false, false},
		{&http.Request{RequestURI: "/", Header: http.Header{"Authorization": {"Bearer x"}}}, "", false, false},
		{&http.Request{RequestURI: "/", Header: http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=x"}}}, "", true, false},
		{&http.Request{RequestURI: "/", Header: http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=a/20261121/r/sts/aws4_request"}}}, "sts", true, false},
	}
	for _, tt := range tests {
		if got := sigv4.Service(tt.r); got != tt.want {
			t.Errorf("service: got %q, want %q", got, tt.want)
		}
		if got := sigv4.AccessKeyID(tt.r); tt.want == "" && got != "" || tt.readable && got != keyID {
			t.Errorf("access key: got %q", got)
		}
		if got := sigv4.Signed(tt.r); got != tt.signed {
			t.Errorf("signed: got %v, want %v", got, tt.signed)
		}
		if got := sigv4.Readable(tt.r); got != tt.readable {
			t.Errorf("readable: got %v, want %v", got, tt.readable)
		}
	}
}

// drafts generates requests whose path the SDK signs as it stands: the SDK
// leaves normalising to its caller.
func drafts() *rapid.Generator[draft] {
	text := rapid.StringMatching(`[ -~]{0,12}`)
	segment := rapid.StringMatching(`([A-Za-z0-9_~$!'()*,:;=@+&-]|\.[a-z]|%[2-7][0-9A-F]){1,8}`)
	return rapid.Custom(func(t *rapid.T) draft {
		d := draft{
			method:  rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "HEAD"}).Draw(t, "method"),
			host:    rapid.SampledFrom([]string{"127.0.0.1:8642", "localhost:9", "sts.eu-west-1.amazonaws.com"}).Draw(t, "host"),
			service: rapid.SampledFrom([]string{"sts", "s3", "organizations", "sso"}).Draw(t, "service"),
			region:  rapid.SampledFrom([]string{"us-east-1", "eu-west-1", "cn-north-1"}).Draw(t, "region"),
			header:  http.Header{},
			body:    []byte(rapid.String().Draw(t, "body")),
		}
		d.path = "/" + strings.Join(rapid.SliceOfN(segment, 0, 4).Draw(t, "segments"), "/")
		query := url.Values{}
		for range rapid.IntRange(0, 4).Draw(t, "parameters") {
			// A handful of names, so that some repeat and some are prefixes of others.
			name := rapid.SampledFrom([]string{"a", "a-b", "A", "é", "x y", "list-type"}).Draw(t, "name")
			query.Add(name, text.Draw(t, "value"))
		}
		d.query = query.Encode()
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			name := rapid.SampledFrom([]string{"Content-Type", "X-Amz-Target", "Amz-Sdk-Request", "X-Other"}).Draw(t, "header")
			d.header.Set(name, strings.TrimSpace(text.Draw(t, "header value")))
		}
		for range rapid.IntRange(0, 2).Draw(t, "repeats") {
			d.header.Add("X-Many", strings.TrimSpace(text.Draw(t, "one of many")))
		}
		return d
	})
}

// TestDifferential is verify ⇔ SDK sign: what the SDK signs verifies, and no
// longer does after one byte of it changed.
func TestDifferential(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drafts().Draw(t, "request")
		presigned := rapid.Bool().Draw(t, "presigned")
		var w wire
		switch {
		case presigned && d.service == "s3":
			w = d.presign(t, credentials, "UNSIGNED-PAYLOAD", 300)
		case presigned:
			w = d.presign(t, credentials, hash(d.body), 300)
		default:
			if d.service == "s3" || rapid.Bool().Draw(t, "payload header") {
				d.header.Set("X-Amz-Content-Sha256", hash(d.body))
			}
			w = d.sign(t, credentials, hash(d.body))
		}
		got, err := w.verify(signedAt)
		if err != nil {
			t.Fatalf("got %v, want a valid signature of %s %s", err, w.method, w.target)
		}
		want := sigv4.Result{AccessKeyID: keyID, Region: d.region, Service: d.service, Presigned: presigned}
		if got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}

		if !presigned { // a secret that differs in one byte
			i := rapid.IntRange(0, len(secret)-1).Draw(t, "secret byte")
			creds := credentials
			creds.SecretAccessKey = secret[:i] + string(secret[i]^1) + secret[i+1:]
			_, err = d.sign(t, creds, hash(d.body)).verify(signedAt)
			wantKind(t, err, sigv4.Mismatch)
		}

		changed, what := w.clone(), rapid.SampledFrom([]string{"method", "path", "query", "header", "host", "body"}).Draw(t, "change")
		switch what {
		case "method":
			changed.method = "PATCH"
		case "path":
			// Appending in the last segment changes the path for every service.
			path, query, has := strings.Cut(w.target, "?")
			changed.target = path + "x"
			if has {
				changed.target += "?" + query
			}
		case "query":
			if !strings.Contains(w.target, "?") {
				changed.target += "?"
			}
			changed.target += "&z=1"
		case "header":
			// Any signed header but those that are judged before the signature.
			name := rapid.SampledFrom([]string{"Content-Type", "X-Amz-Target", "Amz-Sdk-Request", "X-Other", "X-Many"}).Draw(t, "changed header")
			if len(w.header[name]) == 0 {
				return
			}
			changed.header[name][0] += "x"
		case "host":
			changed.host = "evil." + changed.host
		case "body":
			if presigned && d.service == "s3" && len(d.body) == 0 {
				return // the body is not signed, and no content-length is either
			}
			if presigned && d.service == "s3" {
				changed.body = append(changed.body, 'x') // the length still is
			} else if len(d.body) == 0 {
				changed.body = []byte("x")
			} else {
				i := rapid.IntRange(0, len(d.body)-1).Draw(t, "body byte")
				changed.body[i] ^= 1
			}
		}
		_, err = changed.verify(signedAt)
		if err == nil || (kindOf(err) != sigv4.Mismatch && kindOf(err) != 0) {
			t.Errorf("%s changed: got %v, want %v", what, err, sigv4.Mismatch)
		}
	})
}

// TestEveryByte changes each byte of two whole requests in turn.
func TestEveryByte(t *testing.T) {
	post := stsDraft()
	get := stsDraft()
	get.method, get.query, get.body, get.header = "GET", string(get.body), nil, http.Header{"X-K8s-Aws-Id": {"cluster"}}
	for name, w := range map[string]wire{
		"header form":    post.sign(t, credentials, hash(post.body)),
		"presigned form": get.presign(t, credentials, hash(nil), 60),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.verify(signedAt); err != nil {
				t.Fatal(err)
			}
			reject := func(what string, i int, w wire) {
				t.Helper()
				if got, err := w.verify(signedAt); err == nil {
					t.Errorf("byte %d of %s changed: got %+v, want a refusal", i, what, got)
				}
			}
			for i := 1; i < len(w.target); i++ {
				c := w.clone()
				c.target = flip(w.target, i)
				reject("the target", i, c)
			}
			for i := range w.body {
				c := w.clone()
				c.body[i] ^= 1
				reject("the body", i, c)
			}
			for header := range w.header {
				for i := range w.header.Get(header) {
					c := w.clone()
					c.header.Set(header, flip(w.header.Get(header), i))
					// Blanks around the parts of Authorization carry no meaning.
					if header == "Authorization" && w.header.Get(header)[i] == ' ' {
						continue
					}
					reject(header, i, c)
				}
			}
		})
	}
}

func flip(s string, i int) string {
	c := s[i] ^ 1
	if c <= ' ' || c == 0x7f {
		c = 'x'
	}
	return s[:i] + string(c) + s[i+1:]
}

func FuzzVerify(f *testing.F) {
	d := stsDraft()
	header := d.sign(f, credentials, hash(d.body))
	get := stsDraft()
	get.method, get.query, get.body = "GET", string(get.body), nil
	presigned := get.presign(f, credentials, hash(nil), 60)
	f.Add(header.method, header.target, header.host, header.header.Get("Authorization"), header.header.Get("X-Amz-Date"), token, header.body)
	f.Add(presigned.method, presigned.target, presigned.host, "", "", "", []byte(nil))
	f.Add("GET", "//h/..?X-Amz-Signature=%zz&;", "h", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,,", "2", "", []byte("x"))
	f.Fuzz(func(t *testing.T, method, target, host, authorization, date, token string, body []byte) {
		r := &http.Request{
			Method: method, RequestURI: target, Host: host, URL: &url.URL{Path: "/"},
			Header: http.Header{}, ContentLength: int64(len(body)),
		}
		for name, value := range map[string]string{
			"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Security-Token": token,
			"Content-Type": "application/x-www-form-urlencoded",
		} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		got, err := verifier().Verify(r.WithContext(t.Context()), body, signedAt)
		if err != nil {
			if kindOf(err) == 0 {
				t.Fatalf("got an untyped error %v", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Fatal("got the secret in an error")
			}
			return
		}
		// Nobody but the seeds' signer can sign, so whatever verifies says what
		// a seed says.
		if got.AccessKeyID != keyID || got.Service != "sts" || got.Region != "eu-west-1" {
			t.Fatalf("got %+v for a signature nobody made", got)
		}
		if !got.Presigned && (method != header.method || !bytes.Equal(body, header.body)) {
			t.Fatalf("got a valid signature for %s %q, which nobody signed", method, body)
		}
	})
}
