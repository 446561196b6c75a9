package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/portico-sso/portico/internal/renewal"
	"github.com/portico-sso/portico/internal/wallet"
)

// Token returns an access token of the session that is good for now. One with
// less than 15 minutes left is refreshed, by one of all who ask; see package
// renewal. Without one it returns a [*RequiredError], a person has to sign in, or,
// where the service gave no answer that counts, a [*RefreshError], a
// [*LostAnswerError] or a [*ConnectionError]: nothing need be lost yet.
func (c *Client) Token(ctx context.Context, s Session) (wallet.Token, error) {
	return c.token(ctx, s, "")
}

// WithToken calls use with a good access token. If the access portal does not
// accept it, though by its dates it should, the token is refreshed once and use
// called again; only then has the session ended.
func (c *Client) WithToken(ctx context.Context, s Session, use func(accessToken string) error) error {
	t, err := c.Token(ctx, s)
	if err != nil {
		return err
	}
	err = use(t.AccessToken)
	if !Unauthorized(err) {
		return err
	}
	fresh, err := c.token(ctx, s, t.AccessToken)
	if e, required := errors.AsType[*RequiredError](err); required && e.Reason != AnswerLost {
		return &RequiredError{Session: s, Reason: Ended}
	}
	if err != nil {
		return err
	}
	if err = use(fresh.AccessToken); Unauthorized(err) {
		return &RequiredError{Session: s, Reason: Ended}
	}
	return err
}

// stored reads the session's token.
func (c *Client) stored(s Session) (wallet.Token, error) {
	t, err := c.Wallet.Token(s.tokenKey())
	if errors.Is(err, wallet.ErrNotFound) {
		return t, &RequiredError{Session: s, Reason: Missing}
	}
	if _, corrupt := errors.AsType[*wallet.CorruptError](err); corrupt {
		c.warn("%v", err)
		return t, &RequiredError{Session: s, Reason: Unreadable}
	}
	// A token goes to the service that issued it and to no other, even if the
	// session of that name has been pointed elsewhere since.
	if (t.StartURL != "" && t.StartURL != s.StartURL) || (t.Region != "" && t.Region != s.Region) {
		return wallet.Token{}, &RequiredError{Session: s, Reason: Elsewhere}
	}
	return t, err
}

// token is Token for somebody whose access token the service has disowned, "" for
// none.
func (c *Client) token(ctx context.Context, s Session, disowned string) (wallet.Token, error) {
	f := &renewal.Flight[wallet.Token]{
		Kind: renewal.Token, Subject: &refresh{client: c, session: s}, Wallet: c.Wallet,
		Lock: s.lock(), Guard: s.Guard(), What: "renews the sign-in of " + s.String(),
		Fold:   func(why renewal.Reason, cause error) []byte { return Fold(s.unrefreshed(why, cause)) },
		Unfold: func(words []byte, holder int) error { return Unfold(words, s, holder) },
		Way:    c.Way, Warn: c.Warn, Waiting: c.Waiting, Step: c.Step,
	}
	o := f.Run(ctx, disowned)
	if o.Served {
		return o.Value, nil
	}
	return wallet.Token{}, s.unrefreshed(o.Reason, o.Cause)
}

// unrefreshed is the error for a renewal that came to nothing.
func (s Session) unrefreshed(why renewal.Reason, cause error) error {
	switch why {
	case renewal.Exhausted, renewal.Denied:
		return &RequiredError{Session: s, Reason: Expired}
	case renewal.AnswerLost:
		return &RequiredError{Session: s, Reason: AnswerLost}
	case renewal.Unanswered:
		return &LostAnswerError{Session: s, Cause: cause}
	case renewal.Unstorable:
		return fmt.Errorf("the token of %s needs a refresh, which could not be stored: %w", s, cause)
	case renewal.Undecided:
		if e, ok := errors.AsType[*ServiceError](cause); ok {
			return &RefreshError{Cause: e}
		}
	}
	return cause
}

// A refresh is the renewal of a session's token.
type refresh struct {
	client  *Client
	session Session

	signedOut string // the mark of the last sign-out, when the work began
	before    string // the access token whose refresh token was sent
}

func (r *refresh) Read(at renewal.Do) renewal.Stored[wallet.Token] {
	found := r.read()
	switch at {
	case renewal.LookAgain:
		_, r.signedOut = r.client.Standing(r.session)
	case renewal.Compare:
		if _, mark := r.client.Standing(r.session); mark != r.signedOut {
			found.Gone = true
			if found.Err == nil {
				found.Err = &RequiredError{Session: r.session, Reason: Missing}
			}
		}
	}
	return found
}

func (r *refresh) read() renewal.Stored[wallet.Token] {
	t, err := r.client.stored(r.session)
	if err != nil {
		e, required := errors.AsType[*RequiredError](err)
		return renewal.Stored[wallet.Token]{Err: err, Gone: required && e.Reason != Unreadable}
	}
	return r.of(t)
}

func (r *refresh) of(t wallet.Token) renewal.Stored[wallet.Token] {
	return renewal.Stored[wallet.Token]{Value: t, Mark: t.AccessToken, Expires: t.ExpiresAt,
		Renewable: !r.session.legacy() && t.Refreshable(time.Now())}
}

// Storable: a refresh token is spent by its use, and not for a successor that
// would be lost.
func (r *refresh) Storable() error { return r.client.Wallet.CheckTokenWritable(r.session.tokenKey()) }

func (r *refresh) Write(t wallet.Token) error {
	w, key := r.client.Wallet, r.session.tokenKey()
	// Before the token: whoever dies in between refreshes again, and tidies up.
	r.client.noteDescent(r.session, t.AccessToken, r.before)
	if err := r.client.put(key, t); err != nil {
		r.client.warn("the refreshed token could not be stored: %v", err)
		return err
	}
	// Signing out does not wait for a guard whose holder is suspended.
	if _, mark := r.client.Standing(r.session); mark != r.signedOut {
		if now, err := w.Token(key); err == nil && now.AccessToken == t.AccessToken {
			return w.DeleteToken(key)
		}
	}
	return nil
}

func (r *refresh) Send(ctx context.Context, t wallet.Token) (renewal.Stored[wallet.Token], renewal.What, error) {
	r.before = t.AccessToken
	fresh, err := r.client.exchange(ctx, r.session, t)
	return r.of(fresh), Said(err), err
}

// lastWord is how long an answer is waited for after Ctrl-C: the refresh token may
// be spent, and what it was spent for is worth half a second.
const lastWord = 500 * time.Millisecond

// exchange sends the refresh token, once.
func (c *Client) exchange(ctx context.Context, s Session, t wallet.Token) (wallet.Token, error) {
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWord, cancel) })()
	impatient := *c
	impatient.HTTP = c.httpClient()
	impatient.HTTP.Timeout = renewal.AttemptLimit
	client, err := impatient.oidc(s)
	if err != nil {
		return wallet.Token{}, err
	}
	// How often to send it is for the protocol to say, and not for the SDK.
	once := func(o *ssooidc.Options) { o.Retryer = aws.NopRetryer{} }
	out, err := client.CreateToken(asking, &ssooidc.CreateTokenInput{
		ClientId: &t.ClientID, ClientSecret: &t.ClientSecret,
		GrantType: aws.String(grantRefresh), RefreshToken: &t.RefreshToken,
	}, once)
	if err != nil {
		return wallet.Token{}, Failure(err)
	}
	r := wallet.Registration{ClientID: t.ClientID, ClientSecret: t.ClientSecret, ExpiresAt: t.RegistrationExpiresAt}
	fresh := token(s, r, out)
	if fresh.RefreshToken == "" {
		fresh.RefreshToken = t.RefreshToken // not rotated: it stands (RFC 6749, 6)
	}
	return fresh, nil
}

// Said tells what the service's answer to a call, or the lack of one, means for a
// renewal.
func Said(err error) renewal.What {
	refusal, answered := errors.AsType[*ServiceError](err)
	lost, sent := errors.AsType[*ConnectionError](err)
	_, proxy := errors.AsType[*ProxyError](err)
	_, required := errors.AsType[*RequiredError](err)
	switch {
	case err == nil:
		return renewal.Issued
	case required, answered && refusal.Final():
		return renewal.Refused
	case answered:
		return renewal.Trouble
	case sent && !proxy && !lost.connecting():
		return renewal.Lost
	}
	return renewal.Unreached
}

// replaced reports whether now is another token than before, and good.
func replaced(now, before wallet.Token) bool {
	return now.AccessToken != before.AccessToken && now.ExpiresAt.After(time.Now())
}
