package serve

import (
	"fmt"
	"net/http"
	"time"
)

// MaxGrant is as long as any grant may last.
const MaxGrant = time.Hour

// A Grant is a time for which credentials are given out. It ends by the clock on
// the wall or by the time that has passed, whichever is earlier: the first one can
// be set back, and the second one stands still while a machine sleeps. The zero
// Grant does not end.
type Grant struct {
	begun  time.Time
	length time.Duration
}

// NewGrant begins a grant of that length.
func NewGrant(length time.Duration) Grant {
	return Grant{begun: time.Now(), length: length}
}

// End is when it ends by the wall clock; zero: never.
func (g Grant) End() time.Time {
	if g.length == 0 {
		return time.Time{}
	}
	return g.begun.Round(0).Add(g.length)
}

// Over reports whether it has ended.
func (g Grant) Over() bool {
	now := time.Now()
	return g.over(now.Round(0), now.Sub(g.begun))
}

// over judges by both clocks: the time on the wall, and how much has passed since
// it began.
func (g Grant) over(wall time.Time, passed time.Duration) bool {
	return g.length != 0 && (!wall.Before(g.End()) || passed >= g.length)
}

func (g Grant) ended() *Refusal {
	return &Refusal{http.StatusForbidden, "GrantEnded", fmt.Sprintf("the grant of %v ended at %s; who gave it has to give it again", g.length, g.End().UTC().Format(time.TimeOnly+" UTC"))}
}
