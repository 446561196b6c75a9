package signin

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {"1.5", "", 1500 * time.Millisecond}, {"-3", "", 0}, {"soon", "", 0},
		{"99999999999", "", time.Hour}, {"NaN", "", 0},
		{now.Add(5 * time.Second).Format(http.TimeFormat), now.Format(http.TimeFormat), 5 * time.Second},
		// By the service's clock, whatever ours is.
		{now.Add(time.Hour + 5*time.Second).Format(http.TimeFormat), now.Add(time.Hour).Format(http.TimeFormat), 5 * time.Second},
		{now.Add(-time.Minute).Format(http.TimeFormat), now.Format(http.TimeFormat), 0},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.after)
		h.Set("Date", c.date)
		if got := retryAfter(h); got != c.want {
			t.Errorf("Retry-After %q at %q: got %v, want %v", c.after, c.date, got, c.want)
		}
	}
}

func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		err     error
		after   time.Duration
		refused bool
	}{
		{nil, 0, false}, {errors.New("other"), 0, false},
		{&ServiceError{Code: "TooManyRequestsException", Status: 429, RetryAfter: time.Second}, time.Second, true},
		{&ServiceError{Code: "ThrottlingException", Status: 400}, 0, true},
		{&ServiceError{Code: "ForbiddenException", Status: 403, RetryAfter: time.Second}, 0, false},
		{&ConnectionError{Operation: "ListAccounts", Cause: errors.New("reset")}, 0, false},
	} {
		if after, refused := Throttled(c.err); after != c.after || refused != c.refused {
			t.Errorf("%v: got %v, %t, want %v, %t", c.err, after, refused, c.after, c.refused)
		}
	}
}
