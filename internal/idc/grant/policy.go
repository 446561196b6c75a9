package grant

import "time"

// How long rows are kept after their end, so that a late client still hears why
// it was refused (expired_token, not invalid_grant; ExpiredToken, not an
// unknown key).
const (
	keepRequests    = time.Hour
	keepSessions    = time.Hour
	keepCredentials = 24 * time.Hour
	// A registration that never led to tokens, and has no request under way, may
	// be dropped after this time when the table is full: registering is open to
	// everyone, and a flood of it must not keep real clients out. A client
	// registers to begin its sign-in at once, and so has a request by then.
	keepUnusedClients = time.Minute
	wrongCodeWindow   = time.Minute
)

func (p Policy) withDefaults() Policy {
	duration := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	number := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	duration(&p.Registration, 90*24*time.Hour)
	duration(&p.DeviceCode, 600*time.Second)
	duration(&p.Interval, time.Second)
	duration(&p.Request, 600*time.Second)
	duration(&p.AuthorizationCode, 300*time.Second)
	duration(&p.AccessToken, time.Hour)
	duration(&p.Session, 8*time.Hour)
	duration(&p.RefreshGrace, 60*time.Second)
	number(&p.MaxLiveDeviceCodes, 100)
	number(&p.MaxRegistrations, 10000)
	number(&p.MaxRequests, 1000)
	number(&p.MaxWrongUserCodes, 30)
	number(&p.MaxWrongUserCodesEach, 10)
	return p
}

// moment is now as the Store keeps it, so that what is answered at once and
// what is read back later are the same.
func moment(now time.Time) time.Time { return now.UTC().Truncate(time.Millisecond) }

// policy is the policy in force: defaults filled in.
func (s *Service) policy() Policy { return s.Policy.withDefaults() }
