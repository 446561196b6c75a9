package grant

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Workflow names a sign-in in a record of events: a UUID that is the same from
// the beginning of the request to the last call its tokens make. It derives
// one-way from the request, so that it says nothing about what opens anything.
func Workflow(requestID string) string { return workflowOf(hashOf(requestID)) }

// workflowOf takes the hash under which the request is stored, which is all that
// is known of it once it is redeemed. The form is that of RFC 9562 section 5.8.
func workflowOf(request Hash) string {
	h := sha256.Sum256(append([]byte("workflow\x00"), request[:]...))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// WorkflowOfUserCode returns the workflow of the request that has the user code,
// or "" when there is none. It counts no try, so what it returns is for the
// record alone: whoever typed the code must not learn of it.
func (s *Service) WorkflowOfUserCode(ctx context.Context, userCode string) string {
	code, ok := normalUserCode(userCode)
	if !ok {
		return ""
	}
	hash, err := s.userCodeHash(code)
	if err != nil {
		return ""
	}
	r, err := s.Store.RequestByUserCode(ctx, hash)
	if err != nil {
		return ""
	}
	return workflowOf(r.ID)
}
