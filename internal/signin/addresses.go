package signin

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Addresses chooses among AWS's own addresses of a service: those whose
// cryptography is validated by FIPS 140, and those that answer over IPv6 too. It
// is a source of the SDK's configuration.
type Addresses struct{ FIPS, DualStack bool }

// GetUseFIPSEndpoint is how the SDK asks.
func (a Addresses) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	if !a.FIPS {
		return aws.FIPSEndpointStateUnset, false, nil
	}
	return aws.FIPSEndpointStateEnabled, true, nil
}

// GetUseDualStackEndpoint is how the SDK asks.
func (a Addresses) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	if !a.DualStack {
		return aws.DualStackEndpointStateUnset, false, nil
	}
	return aws.DualStackEndpointStateEnabled, true, nil
}
