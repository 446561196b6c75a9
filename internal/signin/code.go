package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/portico-sso/portico/internal/wallet"
)

// callbackWait bounds the wait for the browser's way back.
const callbackWait = 10 * time.Minute

// codeLogin is the authorization code flow with PKCE: the browser on this
// machine carries a code back to a listener on the loopback interface.
func (c *Client) codeLogin(ctx context.Context, s Session, o Options) (wallet.Token, error) {
	client, err := c.oidc(s, browserAgent)
	if err != nil {
		return wallet.Token{}, err
	}
	base, err := c.authorizeBase(ctx, s)
	if err != nil {
		return wallet.Token{}, err
	}
	r, err := c.registration(ctx, s, true)
	if err != nil {
		return wallet.Token{}, err
	}
	for again := true; ; again = false {
		out, err := c.codeExchange(ctx, client, s, r, base, o)
		if again && refused(err, "InvalidClientException") {
			if r, err = c.register(ctx, s, true); err != nil {
				return wallet.Token{}, err
			}
			continue
		}
		if err != nil {
			return wallet.Token{}, err
		}
		return token(s, r, out), nil
	}
}

func (c *Client) codeExchange(ctx context.Context, client *ssooidc.Client, s Session, r wallet.Registration, base string, o Options) (*ssooidc.CreateTokenOutput, error) {
	state, verifier := rand.Text(), newVerifier()
	// Bound before the address is shown: a browser with a live session comes
	// back at once.
	listenAt := cmp.Or(o.CallbackAddress, anyPort)
	cb, err := listen(listenAt, state, func(iss string) bool { return issuedBy(iss, base, s) })
	if err != nil {
		return nil, &CallbackError{Cause: err, Address: o.CallbackAddress}
	}
	defer cb.close()

	address := base + "/authorize?" + authorizeQuery(r.ClientID, cb.redirectURI, state, verifier, pkceScopes(s))
	o.show(Instructions{URL: address})
	o.open(address)

	code, err := cb.await(ctx, o.Paste)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, &AbandonedError{Session: s}
	}
	if denied, ok := errors.AsType[*DeniedError](err); ok {
		denied.Session = s
	}
	if err != nil {
		return nil, err
	}
	out, err := client.CreateToken(ctx, &ssooidc.CreateTokenInput{
		ClientId: &r.ClientID, ClientSecret: &r.ClientSecret, GrantType: aws.String(grantCode),
		Code: &code, CodeVerifier: &verifier, RedirectUri: &cb.redirectURI,
	})
	return out, Failure(err)
}

// await waits for the redirect, by whichever way it comes: to the listener or, if
// paste is given, typed by the person.
func (cb *callback) await(ctx context.Context, paste func(context.Context, func(string) error) error) (string, error) {
	waiting, cancel := context.WithTimeout(ctx, callbackWait)
	defer cancel()
	if paste == nil {
		return cb.wait(waiting)
	}
	typing := make(chan error, 1)
	go func() {
		err := paste(waiting, cb.pasted)
		if err != nil && waiting.Err() == nil {
			cb.finish(callbackResult{err: err})
		}
		typing <- err
	}()
	code, err := cb.wait(waiting)
	cancel()
	<-typing // the terminal is as it was
	return code, err
}

// issuedBy reports whether iss, the name by which a server calls itself in a
// redirect (RFC 9207), may be that of the one that was asked: the address it was
// asked at, the instance's start URL, or a host of AWS's where AWS was asked. AWS
// does not document the name it would use.
func issuedBy(iss, base string, s Session) bool {
	u, err := url.Parse(iss)
	if err != nil {
		return false
	}
	asked, err := url.Parse(base)
	if err != nil {
		return false
	}
	aws := func(u *url.URL) bool {
		return u.Scheme == "https" && (awsOwned(u.Hostname()) || strings.HasSuffix(plainHost(u.Hostname()), ".amazonaws.com") ||
			strings.HasSuffix(plainHost(u.Hostname()), ".amazonaws.com.cn") || strings.HasSuffix(plainHost(u.Hostname()), ".amazonaws.eu"))
	}
	return u.Scheme+"://"+u.Host == base || iss == s.StartURL || iss == s.issuer() || (aws(asked) && aws(u))
}

// newVerifier makes a PKCE code verifier (RFC 7636, 4.1) of 384 random bits.
func newVerifier() string {
	b := make([]byte, 48)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// authorizeQuery is the query AWS's own clients send, in their order: the
// parameter is "scopes", where OAuth says "scope".
func authorizeQuery(clientID, redirect, state, verifier string, scopes []string) string {
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	var q strings.Builder
	for i, kv := range [][2]string{
		{"response_type", "code"}, {"client_id", clientID}, {"redirect_uri", redirect}, {"state", state},
		{"code_challenge_method", "S256"}, {"scopes", strings.Join(scopes, " ")}, {"code_challenge", challenge},
	} {
		if i > 0 {
			q.WriteByte('&')
		}
		q.WriteString(kv[0] + "=" + strings.ReplaceAll(url.QueryEscape(kv[1]), "+", "%20"))
	}
	return q.String()
}
