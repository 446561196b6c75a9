package signin

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/portico-sso/portico/internal/wallet"
)

// Polling (RFC 8628, 3.5), in seconds' worth of time.
const (
	defaultInterval = 5 * time.Second
	slowDown        = 5 * time.Second // added for good by each slow_down
	defaultExpiry   = 10 * time.Minute
	longestBackoff  = time.Minute
)

// patience is how long the service may fail to answer before a person is told.
const patience = 5 * time.Second

// deviceLogin is the device code flow: the person may use any browser, on any
// device, and types the code shown here.
func (c *Client) deviceLogin(ctx context.Context, s Session, o Options) (wallet.Token, error) {
	client, err := c.oidc(s)
	if err != nil {
		return wallet.Token{}, err
	}
	r, err := c.registration(ctx, s, false)
	if err != nil {
		return wallet.Token{}, err
	}
	start := func() (*ssooidc.StartDeviceAuthorizationOutput, error) {
		out, err := client.StartDeviceAuthorization(ctx, &ssooidc.StartDeviceAuthorizationInput{
			ClientId: &r.ClientID, ClientSecret: &r.ClientSecret, StartUrl: aws.String(s.issuer()),
		})
		return out, Failure(err)
	}
	device, err := start()
	if refused(err, "InvalidClientException") {
		// The cached registration is unknown to the service; a new one is not.
		if r, err = c.register(ctx, s, false); err != nil {
			return wallet.Token{}, err
		}
		device, err = start()
	}
	if err != nil {
		return wallet.Token{}, err
	}

	p := poller{client: client, registration: r, deviceCode: aws.ToString(device.DeviceCode), warn: c.warn,
		interval: seconds(device.Interval, defaultInterval), deadline: time.Now().Add(seconds(device.ExpiresIn, defaultExpiry))}
	// The first question comes before anything is shown: a device that has been
	// approved beforehand needs no person.
	out, err := p.once(ctx)
	if out == nil && err == nil {
		i := Instructions{URL: aws.ToString(device.VerificationUri), UserCode: aws.ToString(device.UserCode), CompleteURL: aws.ToString(device.VerificationUriComplete)}
		o.show(i)
		o.open(i.CompleteURL)
		out, err = p.wait(ctx)
	}
	if errors.Is(err, errExpired) {
		return wallet.Token{}, &AbandonedError{Session: s, Trouble: p.trouble}
	}
	if err != nil {
		return wallet.Token{}, err
	}
	return token(s, r, out), nil
}

func seconds(n int32, otherwise time.Duration) time.Duration {
	if n <= 0 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}

var errExpired = errors.New("device code expired")

// A poller asks CreateToken for the outcome of one device authorization.
type poller struct {
	client       *ssooidc.Client
	registration wallet.Registration
	deviceCode   string
	interval     time.Duration
	deadline     time.Time // when the device code expires; a service that never says so does not hold us
	warn         func(format string, args ...any)

	// What went wrong in the last questions, since the last answer.
	failures int
	failing  time.Time // since when
	trouble  string
	warned   bool // once in a sign-in
}

// wait polls until there is an outcome. The service has been asked once, so the
// interval comes first.
func (p *poller) wait(ctx context.Context) (*ssooidc.CreateTokenOutput, error) {
	for {
		if err := sleep(ctx, min(p.pause(), time.Until(p.deadline))); err != nil {
			return nil, err
		}
		out, err := p.once(ctx)
		if out != nil || err != nil {
			return out, err
		}
	}
}

// pause is the time between two questions: the interval, and twice as long after
// each that got no answer.
func (p *poller) pause() time.Duration {
	pause := p.interval
	for range p.failures {
		pause = max(pause, min(2*pause, longestBackoff))
	}
	return pause
}

// once asks once. Nothing and no error means: not yet.
func (p *poller) once(ctx context.Context) (*ssooidc.CreateTokenOutput, error) {
	asked := time.Now()
	if !asked.Before(p.deadline) {
		return nil, errExpired
	}
	asking, cancel := context.WithDeadline(ctx, p.deadline)
	defer cancel()
	out, err := p.client.CreateToken(asking, &ssooidc.CreateTokenInput{
		ClientId: &p.registration.ClientID, ClientSecret: &p.registration.ClientSecret,
		GrantType: aws.String(grantDeviceCode), DeviceCode: &p.deviceCode,
	})
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	err = Failure(err)
	said, answered := errors.AsType[*ServiceError](err)
	switch {
	case refused(err, "AuthorizationPendingException"):
		p.failures, p.trouble = 0, ""
	case refused(err, "SlowDownException"):
		p.failures, p.trouble = 0, ""
		p.interval += slowDown
	case refused(err, "ExpiredTokenException"):
		return nil, errExpired
	case answered && said.Final():
		return nil, err
	default:
		// The person may be approving at this moment: ask less often, not never.
		p.unanswered(asked, err)
	}
	return nil, nil
}

// unanswered notes a question that got no answer, and says so if that goes on.
func (p *poller) unanswered(asked time.Time, err error) {
	if p.failures == 0 {
		p.failing = asked
	}
	p.failures++
	p.trouble = err.Error()
	if said, ok := errors.AsType[*ServiceError](err); ok {
		p.trouble = said.brief()
	} else if lost, ok := errors.AsType[*ConnectionError](err); ok && lost.Closed() {
		p.trouble = lost.reason() // a sentence goes on after it
	}
	if !p.warned && time.Since(p.failing) > patience {
		p.warned = true
		p.warn("the service does not say whether the sign-in is complete: %s; it is asked again until the code expires", p.trouble)
	}
}
