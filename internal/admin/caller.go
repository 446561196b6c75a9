package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
)

// Credentials sign a call. SessionToken is empty for long-term keys.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

func (c Credentials) provider() aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
	}
}

// A Caller makes calls in one region.
type Caller struct {
	Credentials Credentials // not used by operations that are open
	Unsigned    bool        // send no signature at all
	Region      string
	HTTP        *http.Client // nil means http.DefaultClient; redirects are never followed
	Endpoint    string       // in place of the service's own address

	Addresses signin.Addresses // which of the service's own

	// WithToken calls with an access token of the portal, again with a fresh one
	// when the first is refused. It serves operations whose accessToken is not
	// among their input. Nil: there is none.
	WithToken func(ctx context.Context, call func(accessToken string) error) error

	// Paced makes each call when it is its turn, and again when it was throttled:
	// then the SDK does not repeat throttled calls by itself. Nil: calls are made at
	// once.
	Paced func(ctx context.Context, call func(context.Context) error) error

	// WireTimestamps leaves times in answers as the service writes them.
	WireTimestamps bool
}

// accessToken is the member that carries a token of the access portal.
const accessToken = "accessToken"

// call makes one call. Input need not have every required member: that is for
// the service to judge, and for the caller to have checked.
func (c *Caller) call(ctx context.Context, s *service, op *awsmodel.Operation, input output.Object) (output.Object, error) {
	if !awsconfig.ValidRegion(c.Region) {
		return nil, &awsconfig.RegionError{Region: c.Region}
	}
	if c.Paced == nil {
		return c.callNow(ctx, s, op, input)
	}
	var answer output.Object
	err := c.Paced(ctx, func(ctx context.Context) (err error) {
		answer, err = c.callNow(ctx, s, op, input)
		return err
	})
	return answer, err
}

func (c *Caller) callNow(ctx context.Context, s *service, op *awsmodel.Operation, input output.Object) (output.Object, error) {
	_, takes := op.Input.Member(accessToken)
	if _, given := input.Get(accessToken); c.WithToken == nil || !takes || given {
		return c.send(ctx, s, op, input)
	}
	var answer output.Object
	err := c.WithToken(ctx, func(token string) (err error) {
		answer, err = c.send(ctx, s, op, append(input[:len(input):len(input)], output.Member{Name: accessToken, Value: token}))
		return err
	})
	return answer, err
}

func (c *Caller) send(ctx context.Context, s *service, op *awsmodel.Operation, input output.Object) (output.Object, error) {
	kept := &recorder{http: signin.WithoutRedirects(c.HTTP)}
	cfg := aws.Config{Region: c.Region, HTTPClient: kept, Credentials: c.Credentials.provider(), Retryer: c.retryer(op), ConfigSources: []any{c.Addresses}}
	switch {
	case op.Open:
		cfg.Credentials = aws.AnonymousCredentials{}
	case c.Unsigned:
		// The SDK does not send what should be signed without; it is told that
		// there are keys, and kept from using them.
		cfg.Credentials = Credentials{AccessKeyID: "unsigned", SecretAccessKey: "unsigned"}.provider()
		cfg.APIOptions = append(cfg.APIOptions, unsigned)
	}
	if c.Endpoint != "" {
		cfg.BaseEndpoint = &c.Endpoint
	}
	err := s.call(ctx, cfg, op.Name, func(in any) error { return s.fill(in, op.Input, input) })
	if wrong, ok := errors.AsType[*inputError](err); ok {
		return nil, wrong
	}
	if err != nil {
		return nil, signin.Failure(err)
	}
	answer, err := s.read(kept.body.Bytes(), op, c.WireTimestamps)
	if err != nil { // which may be an end of input, and is nobody's but the answer's
		return nil, &signin.ConnectionError{Operation: op.Name, Cause: &smithy.DeserializationError{Err: errors.New(err.Error())}}
	}
	return answer, nil
}

// retryer repeats what may be repeated: reads whenever no answer came whole,
// other operations only when they cannot have been done.
func (c *Caller) retryer(op *awsmodel.Operation) func() aws.Retryer {
	again := signin.ReadRetryer
	if !op.Reads {
		again = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(lostAnswer)}, o.Retryables...)
			})
		}
	}
	if c.Paced == nil {
		return again
	}
	return func() aws.Retryer { return pacedRetryer{again()} }
}

// A pacedRetryer leaves throttled calls to who paces them.
type pacedRetryer struct{ aws.Retryer }

func (r pacedRetryer) IsErrorRetryable(err error) bool {
	_, throttled := signin.Throttled(err)
	return !throttled && r.Retryer.IsErrorRetryable(err)
}

// lostAnswer keeps the SDK from repeating a request that may have arrived: there
// was a connection, and no answer.
func lostAnswer(err error) aws.Ternary {
	sending, ok := errors.AsType[*smithyhttp.RequestSendError](err)
	if !ok {
		return aws.UnknownTernary
	}
	op, ok := errors.AsType[*net.OpError](sending)
	if (ok && (op.Op == "dial" || op.Op == "proxyconnect")) || strings.Contains(sending.Error(), "TLS handshake") {
		return aws.UnknownTernary
	}
	return aws.FalseTernary
}

func unsigned(stack *middleware.Stack) error {
	_, err := stack.Finalize.Remove("Signing")
	return err
}
