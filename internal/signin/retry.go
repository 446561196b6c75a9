package signin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/portico-sso/portico/internal/pace"
)

// ReadRetryer is the SDK's retryer for operations that may be repeated at will:
// it also repeats those whose answer broke off in the middle.
func ReadRetryer() aws.Retryer { return retry.NewStandard(repeatBrokenOff) }

func repeatBrokenOff(o *retry.StandardOptions) {
	o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if brokeOff(err) {
			return aws.TrueTernary
		}
		return aws.UnknownTernary
	}))
}

// pacedRetryer leaves to the pace what was refused for being one call too many:
// else each of them would be three.
func pacedRetryer() aws.Retryer {
	return retry.NewStandard(repeatBrokenOff, func(o *retry.StandardOptions) {
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if _, refused := Throttled(err); refused {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// Throttled tells whether an error, the SDK's or a [*ServiceError], is the
// service's word that there were too many requests, and for how long it wants none:
// 0 where it does not say.
func Throttled(err error) (after time.Duration, refused bool) {
	if err == nil {
		return 0, false
	}
	e, ok := errors.AsType[*ServiceError](err)
	if !ok {
		e, ok = errors.AsType[*ServiceError](Failure(err))
	}
	if !ok || !e.Throttled() {
		return 0, false
	}
	return e.RetryAfter, true
}

// retryAfter reads what a service says of when to come again (RFC 9110, 10.2.3): in
// seconds, or by a date, which is seen from the answer's own.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // NaN too
			return 0
		}
		return time.Duration(min(seconds, 3600) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now := time.Now()
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return min(max(0, at.Sub(now)), time.Hour)
}

// paced makes each attempt of an operation wait for its turn.
func paced(p *pace.Pacer) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
				request, ok := in.Request.(*smithyhttp.Request)
				if !ok {
					return next.HandleFinalize(ctx, in)
				}
				err = p.Do(ctx, func(ctx context.Context) error {
					again := in
					again.Request = request.Clone() // what follows signs it and resolves its address
					var err error
					out, metadata, err = next.HandleFinalize(ctx, again)
					return err
				})
				return out, metadata, err
			}), "Retry", middleware.After)
	}
}
