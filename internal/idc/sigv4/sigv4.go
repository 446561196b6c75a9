package sigv4

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrUnknownKey is what a Lookup returns for an access key nobody holds.
var ErrUnknownKey = errors.New("unknown access key")

// Kind says why a signature was refused. Each AWS protocol has its own word
// for each kind.
type Kind int

const (
	Missing        Kind = iota + 1 // no Signature Version 4 at all
	Incomplete                     // a signature that cannot be read, or lacks a part
	UnknownKey                     // nobody holds the access key
	BadToken                       // the session token is not the one issued with the key
	Expired                        // the credential is over
	Mismatch                       // the signature is not the one this request and this key make
	Skewed                         // signed too far from now
	PresignExpired                 // a presigned request used after its life
)

func (k Kind) String() string {
	switch k {
	case Missing:
		return "missing"
	case Incomplete:
		return "incomplete"
	case UnknownKey:
		return "unknown key"
	case BadToken:
		return "bad token"
	case Expired:
		return "expired"
	case Mismatch:
		return "mismatch"
	case Skewed:
		return "skewed"
	case PresignExpired:
		return "presign expired"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Error is a refusal. Detail is fit for the caller: it holds nothing secret.
type Error struct {
	Kind   Kind
	Detail string
}

func (e *Error) Error() string { return "signature refused: " + e.Detail }

func refuse(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// Secret is what stands behind an access key.
type Secret struct {
	Key        string                  // the secret access key
	CheckToken func(token string) bool // nil: the key has no session token, and none may be sent
	Expires    time.Time               // zero: never
}

// Result says what a valid signature vouches for.
type Result struct {
	AccessKeyID string
	Region      string // the signer's, not checked
	Service     string // signing name: sts, s3, sso, identitystore, …
	Presigned   bool
}

// Verifier verifies requests.
type Verifier struct {
	// Lookup finds the secret of an access key, or returns ErrUnknownKey. Any
	// other error is passed through Verify, wrapped.
	Lookup func(ctx context.Context, accessKeyID string) (Secret, error)
	// RequestClock is the clock that the dates of requests are judged by, and so
	// the life of presigned ones, which counts from their date. nil means the
	// time that Verify is given, by which credentials expire.
	RequestClock func() time.Time
}

const (
	algorithm   = "AWS4-HMAC-SHA256"
	terminator  = "aws4_request"
	timeLayout  = "20060102T150405Z"
	maxSkew     = 5 * time.Minute
	maxSkewS3   = 15 * time.Minute
	maxPresign  = 7 * 24 * time.Hour
	serviceS3   = "s3"
	presignLife = 15 * time.Minute // of a presigned request of any service but S3
)

// Verify judges the signature of r, whose body has been read into body. The
// error is an *Error, or what Lookup returned.
//
// The order is: the signature must be readable; then the key, the session
// token and the credential's expiry are judged; then the signature itself; and
// the clock last, so that only the true signer is told about clocks.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) (Result, error) {
	target := splitTarget(r)
	s, err := parseSignature(r, target)
	if err != nil {
		return Result{}, err
	}

	secret, err := v.Lookup(r.Context(), s.accessKeyID)
	if errors.Is(err, ErrUnknownKey) {
		return Result{}, refuse(UnknownKey, "the access key is not known here")
	}
	if err != nil {
		return Result{}, fmt.Errorf("look up the access key: %w", err)
	}
	if secret.CheckToken == nil {
		if s.token != "" {
			return Result{}, refuse(BadToken, "the access key has no session token, but one was sent")
		}
	} else if !secret.CheckToken(s.token) {
		return Result{}, refuse(BadToken, "the session token is not the one issued with the access key")
	}
	if !secret.Expires.IsZero() && !now.Before(secret.Expires) {
		return Result{}, refuse(Expired, "the credential expired at %s", secret.Expires.UTC().Format(time.RFC3339))
	}

	if s.amzDate[:len("20060102")] != s.scopeDate {
		return Result{}, refuse(Mismatch, "the date of the credential scope is not that of X-Amz-Date")
	}
	canonical, err := canonicalRequest(r, target, s, body)
	if err != nil {
		return Result{}, err
	}
	want := hex.EncodeToString(sign(signingKey(secret.Key, s), stringToSign(s, canonical)))
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return Result{}, refuse(Mismatch, "the signature does not match the request and the secret access key")
	}

	if v.RequestClock != nil {
		now = v.RequestClock()
	}
	if err := checkClock(s, now); err != nil {
		return Result{}, err
	}
	return Result{AccessKeyID: s.accessKeyID, Region: s.region, Service: s.service, Presigned: s.presigned}, nil
}

func checkClock(s *signature, now time.Time) error {
	skew := maxSkew
	if s.service == serviceS3 {
		skew = maxSkewS3
	}
	signed, current := s.date.Format(timeLayout), now.UTC().Format(timeLayout)
	if s.date.After(now.Add(skew)) {
		return refuse(Skewed, "signature not yet current: %s is more than %s after %s", signed, skew, current)
	}
	if s.presigned {
		if !now.Before(s.date.Add(s.life)) {
			return refuse(PresignExpired, "signature expired: %s and %s of validity are before %s", signed, s.life, current)
		}
		return nil
	}
	if s.date.Before(now.Add(-skew)) {
		return refuse(Skewed, "signature expired: %s is more than %s before %s", signed, skew, current)
	}
	return nil
}

func stringToSign(s *signature, canonical []byte) []byte {
	return []byte(algorithm + "\n" + s.amzDate + "\n" + s.scope() + "\n" + hexSHA256(canonical))
}

func signingKey(secret string, s *signature) []byte {
	key := sign([]byte("AWS4"+secret), []byte(s.scopeDate))
	key = sign(key, []byte(s.region))
	key = sign(key, []byte(s.service))
	return sign(key, []byte(terminator))
}

func sign(key, data []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	return mac.Sum(nil)
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
