package grant

import (
	"context"
	"fmt"
	"time"
)

// Age makes everything that was issued by older, to the millisecond: clients,
// requests, sessions, families, tokens, role credentials, and the wrong codes and
// polls that limits are about. From then on everything is answered as it would
// have been that much later; the clock stays as it is.
func (s *Service) Age(ctx context.Context, by time.Duration) error {
	if by <= 0 {
		return fmt.Errorf("grant: nothing gets younger: cannot age by %s", by)
	}
	return s.Store.Age(ctx, by)
}
