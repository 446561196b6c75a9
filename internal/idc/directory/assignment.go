package directory

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// AssignmentRequest is a request of an administrator that gave, or took away,
// what it names. It was carried out when it was made, and is kept because whoever
// made it asks for its status.
type AssignmentRequest struct {
	ID       string // a UUID
	Deletion bool
	Granted
	Created time.Time
}

// keepRequests is how many requests are remembered.
const keepRequests = 10_000

// AssignmentRequests is what a Store keeps of them.
type AssignmentRequests interface {
	// RequestAssignment carries a request out and keeps it, among the latest keep
	// of all; ErrNotFound when the account, permission set, person or group does not
	// exist, and then nothing changes. What is asked for may be so already.
	RequestAssignment(ctx context.Context, r AssignmentRequest, keep int) error
	// AssignmentRequest returns one.
	AssignmentRequest(ctx context.Context, id string) (AssignmentRequest, error)
	// AssignmentRequests lists those that gave, or those that took away: the latest
	// first, from after the one of that id, at most limit.
	AssignmentRequests(ctx context.Context, deletion bool, afterID string, limit int) ([]AssignmentRequest, error)
}

// RequestAssignment gives something, or takes it away.
func (s *Service) RequestAssignment(ctx context.Context, now time.Time, deletion bool, g Granted) (AssignmentRequest, error) {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	r := AssignmentRequest{
		ID:       fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]),
		Deletion: deletion, Granted: g, Created: now.Truncate(time.Millisecond),
	}
	return r, s.Store.RequestAssignment(ctx, r, keepRequests)
}

// AssignmentRequest returns a request by its id.
func (s *Service) AssignmentRequest(ctx context.Context, id string) (AssignmentRequest, error) {
	return s.Store.AssignmentRequest(ctx, id)
}

// AssignmentRequests lists requests of one kind, the latest first.
func (s *Service) AssignmentRequests(ctx context.Context, deletion bool, after string, limit int) (page []AssignmentRequest, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.AssignmentRequests(ctx, deletion, after, limit+1)
	page, next = cut(list, limit, func(r AssignmentRequest) string { return r.ID })
	return page, next, err
}
