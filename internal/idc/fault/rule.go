package fault

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Rule says which calls something befalls, and what. It names one of Error and
// Status, Drop, Truncate, Rate and Latency; Latency goes with all others too, and
// Error and Status with Rate, and RetryAfter with these three.
type Rule struct {
	ID string `json:"id,omitempty"` // given by Plan.Add

	// Op is an operation (CreateToken), one of a service (sso:ListAccounts, sts:*),
	// a page (/device, POST /signin; a pattern), or * for everything.
	Op string `json:"op"`

	Error    string   `json:"error,omitempty"`    // type of the error to answer with
	Status   int      `json:"status,omitempty"`   // HTTP status to answer with
	Drop     string   `json:"drop,omitempty"`     // break the connection: DropBefore or DropAfter
	Truncate bool     `json:"truncate,omitempty"` // break it in the middle of the answer
	Latency  Duration `json:"latency,omitzero"`
	Rate     float64  `json:"rate,omitempty"`  // calls a second that pass
	Burst    int      `json:"burst,omitempty"` // with Rate: calls that pass at once; 0 = those of a second

	RetryAfter Duration `json:"retryAfter,omitzero"` // the answer says to come again after that, in whole seconds

	Client string `json:"client,omitempty"` // only calls of clients of this name: a pattern, in any case
	User   string `json:"user,omitempty"`   // only calls of people of this name: a pattern, in any case
	Count  int    `json:"count,omitempty"`  // at most so many calls; 0 = all
	Nth    int    `json:"nth,omitempty"`    // see the package

	Calls int `json:"calls"` // calls so far that it was for
	Acted int `json:"acted"` // of those, the ones that something befell
}

// When a connection is dropped.
const (
	DropBefore = "before" // nothing was done
	DropAfter  = "after"  // all was done, and the answer is lost
)

// Duration is a time.Duration that JSON has as Go writes it: "300ms", "1.5s".
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON returns an *InvalidError for what is no duration.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return invalid("duration", `write "300ms"`, "%s is no text", clip(string(data)))
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return invalid("duration", `write "300ms" or "1.5s"`, "%q is no duration", clip(text))
	}
	*d = Duration(parsed)
	return nil
}

// InvalidError says what is wrong with a rule, where, and what to write instead.
type InvalidError struct {
	Field   string // as in JSON
	Problem string
	Cure    string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem + " (" + e.Cure + ")" }

func invalid(field, cure, problem string, args ...any) error {
	return &InvalidError{Field: field, Problem: fmt.Sprintf(problem, args...), Cure: cure}
}

const (
	maxText    = 256
	maxLatency = 10 * time.Minute
	maxRate    = 1e6
	maxBurst   = 1_000_000
	maxCount   = 1_000_000_000
)

// An error type goes into headers, XML and JSON.
var errorType = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,127}$`) })

// check returns an *InvalidError for the first thing that is wrong.
func (r Rule) check() error {
	if err := r.checkKind(); err != nil {
		return err
	}
	switch {
	case r.Error != "" && !errorType().MatchString(r.Error):
		return invalid("error", "write its type, as TooManyRequestsException", "%q is no error type", clip(r.Error))
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return invalid("status", "write 400 to 599, as 503", "%d is no error", r.Status)
	case r.Drop != "" && r.Drop != DropBefore && r.Drop != DropAfter:
		return invalid("drop", "write before: nothing is done, or after: all is done and the answer is lost", "%q is no moment", clip(r.Drop))
	case r.Latency < 0 || time.Duration(r.Latency) > maxLatency:
		return invalid("latency", "write more than 0 and at most "+maxLatency.String(), "%s is out of range", r.Latency)
	case r.Rate != 0 && !(r.Rate > 0 && r.Rate <= maxRate): // NaN too
		return invalid("rate", "write how many calls a second pass, as 20", "%v is no rate", r.Rate)
	case r.Burst != 0 && r.Rate == 0:
		return invalid("burst", "write rate too, how many calls a second pass", "it goes with rate alone")
	case r.Burst < 0 || r.Burst > maxBurst:
		return invalid("burst", "write how many calls pass at once, as 40", "%d is out of range", r.Burst)
	case r.RetryAfter < 0 || time.Duration(r.RetryAfter) > maxLatency:
		return invalid("retryAfter", "write more than 0 and at most "+maxLatency.String(), "%s is out of range", r.RetryAfter)
	case r.RetryAfter != 0 && r.Rate == 0 && r.Error == "" && r.Status == 0:
		return invalid("retryAfter", "write rate, error or status too", "it goes with an answer")
	case r.Nth < 0 || r.Nth > maxCount:
		return invalid("nth", "write 1 for the first call from now on", "%d is out of range", r.Nth)
	case r.Nth > 0 && r.Rate > 0:
		return invalid("nth", "leave it out: which calls are beyond the rate follows from the rate", "it does not go with rate")
	case r.Count < 0 || r.Count > maxCount:
		return invalid("count", "write how many calls go wrong, or leave it out for all", "%d is out of range", r.Count)
	}
	if err := checkPattern("client", r.Client); err != nil {
		return err
	}
	return checkPattern("user", r.User)
}

// checkKind makes sure that it is one thing that befalls a call.
func (r Rule) checkKind() error {
	var kinds []string
	for _, kind := range []struct {
		name string
		on   bool
	}{
		{"rate", r.Rate != 0},
		{"error", r.Error != "" && r.Rate == 0},
		{"status", r.Status != 0 && r.Error == "" && r.Rate == 0},
		{"drop", r.Drop != ""},
		{"truncate", r.Truncate},
	} {
		if kind.on {
			kinds = append(kinds, kind.name)
		}
	}
	switch {
	case len(kinds) == 0 && r.Latency == 0:
		return invalid("rule", "write one of error, status, drop, truncate, latency and rate", "it does nothing")
	case len(kinds) > 1:
		return invalid(kinds[1], "write two rules; they are tried in the order in which they are added",
			"one rule cannot have %s as well as %s", kinds[1], kinds[0])
	}
	return nil
}

func checkPattern(field, pattern string) error {
	if len(pattern) > maxText {
		return invalid(field, "write "+strconv.Itoa(maxText)+" bytes at most", "the pattern is too long")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return invalid(field, `write a name with * and ?, and a \ before a [ or \ that is meant`, "%q is no pattern", pattern)
	}
	return nil
}

// burst is how many calls pass at once.
func (r Rule) burst() int {
	if r.Burst > 0 || r.Rate == 0 {
		return r.Burst
	}
	return int(math.Ceil(r.Rate))
}

// clip shortens what somebody wrote for an error message.
func clip(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}
