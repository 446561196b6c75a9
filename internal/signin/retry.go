package signin

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// ReadRetryer is the SDK's retryer for operations that may be repeated at will:
// it also repeats those whose answer broke off in the middle.
func ReadRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if brokeOff(err) {
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
	})
}
