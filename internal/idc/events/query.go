package events

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"
)

// Query says which events are asked for. What is zero limits nothing.
type Query struct {
	After     int64     // only those beyond this position
	Since     time.Time // only those of then or later
	User      string    // of this user name: a pattern of path.Match, in any case
	Operation string    // of this eventName: a pattern of path.Match, in any case
	Limit     int       // at most so many; a Recorder takes 0 for 1000
}

const defaultLimit = 1000

// InvalidError is a Query that cannot be asked.
type InvalidError struct {
	Field, Pattern string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf(`%s: %q is no pattern (write a name with * and ?, and a \ before a [ or \ that is meant)`, e.Field, e.Pattern)
}

// check returns an *InvalidError for a pattern that path.Match cannot read.
func (q Query) check() error {
	for _, p := range []struct{ field, pattern string }{{"user", q.User}, {"op", q.Operation}} {
		if _, err := path.Match(p.pattern, ""); err != nil {
			return &InvalidError{Field: p.field, Pattern: p.pattern}
		}
	}
	return nil
}

// Match reports whether an event is one of those asked for, wherever it stands.
// Since counts in milliseconds, as the times of events do: what happens right
// after a moment is not before it.
func (q Query) Match(e Event) bool {
	return !e.EventTime.Before(q.Since.Truncate(time.Millisecond)) && match(q.User, e.UserIdentity.UserName) && match(q.Operation, e.EventName)
}

func match(pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(cmp.Or(pattern, "*")), strings.ToLower(name))
	return pattern == "" || ok && err == nil
}
