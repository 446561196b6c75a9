package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Call is what a plan is told of a request.
type Call struct {
	Service, Operation, Method, Path string

	// Client and User name whose call it is, "" when nobody's. They are called only
	// when a rule needs them, at most once each; nil means "".
	Client, User func() string
}

// Verdict is what befalls a call: first Latency, then one of the others.
type Verdict struct {
	Rule     string // id of the rule that decided; of latencies alone, of the first
	Latency  time.Duration
	Error    string // with Status 0: the status that goes with the type
	Status   int    // with Error "": the error that goes with the status
	Drop     string // DropBefore or DropAfter
	Truncate bool

	RetryAfter time.Duration // with Error and Status

	// Throttled says that the call is beyond a rate that names no answer: whoever
	// knows what the service throttles with answers that, all others Status, 429.
	Throttled bool
}

// Acts reports whether anything befalls the call.
func (v Verdict) Acts() bool { return v.Rule != "" }

// UnknownError says that a plan has no rule of that id.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no fault %q (list the faults to see their ids)", clip(e.ID))
}

const (
	maxRules = 1000
	// tooManyRequests is the answer to calls beyond a rate that names none.
	tooManyRequests = 429
)

// Plan holds rules. The zero Plan is ready, and safe for concurrent use.
type Plan struct {
	// Known says whether an operation, a service or a page is served: it is asked
	// for "CreateToken", "sso:ListAccounts", "sso:*", "/device" or "POST /device", as
	// they were written; nil knows all. An operation in any case is right.
	Known func(op string) bool

	rules atomic.Pointer[[]*entry] // in the order in which they are tried; replaced, never changed

	mu    sync.Mutex // of changes to rules, and of what changes in an entry
	added int        // rules that were ever added
}

// entry is a rule at work.
type entry struct {
	target       target
	client, user string // patterns in lower case

	// Behind the plan's mutex.
	rule   Rule
	gone   bool // it was cleared
	tokens float64
	filled time.Time // when tokens was right; zero before the first call
}

// Add puts a rule behind those there are, and returns it with its ID and what
// was left to default. An *InvalidError says what is wrong with it.
func (p *Plan) Add(r Rule) (Rule, error) {
	t, err := parseOp(r.Op, p.Known)
	if err != nil {
		return Rule{}, err
	}
	if err := r.check(); err != nil {
		return Rule{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	rules := p.load()
	if len(rules) >= maxRules {
		return Rule{}, invalid("rule", "clear those that are done with", "there are %d already", len(rules))
	}
	p.added++
	r.ID = "fault-" + strconv.Itoa(p.added)
	r.Calls, r.Acted, r.Burst = 0, 0, r.burst()
	p.store(append(slices.Clone(rules), &entry{
		target: t, client: strings.ToLower(r.Client), user: strings.ToLower(r.User), rule: r,
	}))
	return r, nil
}

// Rules returns the rules in the order in which they are tried.
func (p *Plan) Rules() []Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	rules := make([]Rule, 0, len(p.load()))
	for _, e := range p.load() {
		rules = append(rules, e.rule)
	}
	return rules
}

// Clear takes a rule back, or all when id is "". An *UnknownError says that there
// is no such rule.
func (p *Plan) Clear(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var rest []*entry
	for _, e := range p.load() {
		if e.gone = id == "" || e.rule.ID == id; !e.gone {
			rest = append(rest, e)
		}
	}
	if id != "" && len(rest) == len(p.load()) {
		return &UnknownError{ID: id}
	}
	p.store(rest)
	return nil
}

// Active reports whether there are rules at all.
func (p *Plan) Active() bool { return p.rules.Load() != nil }

func (p *Plan) load() []*entry {
	if rules := p.rules.Load(); rules != nil {
		return *rules
	}
	return nil
}

func (p *Plan) store(rules []*entry) {
	if len(rules) == 0 {
		p.rules.Store(nil)
		return
	}
	p.rules.Store(&rules)
}

// Decide counts a call, and says what befalls it.
func (p *Plan) Decide(now time.Time, c Call) Verdict {
	rules := p.load()
	if rules == nil {
		return Verdict{}
	}
	return p.decide(rules, now, c)
}

func (p *Plan) decide(rules []*entry, now time.Time, c Call) Verdict {
	// Who calls may have to be looked up, so this is done before anybody waits.
	var few [16]*entry
	matching := few[:0]
	client, user := person{ask: c.Client}, person{ask: c.User}
	for _, e := range rules {
		if e.target.match(&c) && client.matches(e.client) && user.matches(e.user) {
			matching = append(matching, e)
		}
	}
	if len(matching) == 0 {
		return Verdict{}
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	var v Verdict
	decided := false
	for _, e := range matching {
		if e.gone {
			continue
		}
		e.rule.Calls++
		if decided && e.rule.decides() || !e.acts(now) {
			continue
		}
		e.rule.Acted++
		v.add(e.rule)
		decided = decided || e.rule.decides()
	}
	return v
}

// acts reports whether the rule befalls this call, which it has counted.
func (e *entry) acts(now time.Time) bool {
	r := &e.rule
	switch {
	case r.Count > 0 && r.Acted >= r.Count:
		return false
	case r.Rate > 0:
		return !e.pass(now)
	case r.Nth > 0 && r.Count > 0:
		return r.Calls >= r.Nth
	case r.Nth > 0:
		return r.Calls == r.Nth
	}
	return true
}

// pass takes a token from the bucket, which Rate fills and Burst limits.
func (e *entry) pass(now time.Time) bool {
	full := float64(e.rule.Burst)
	switch since := now.Sub(e.filled); {
	case e.filled.IsZero():
		e.tokens, e.filled = full, now
	case since > 0:
		e.tokens, e.filled = min(full, e.tokens+since.Seconds()*e.rule.Rate), now
	case since < -time.Second: // the clock was set back; less is two calls that overtook each other
		e.filled = now
	}
	if e.tokens < 1-1e-9 { // what twenty times 0.05 may lack
		return false
	}
	e.tokens--
	return true
}

// decides reports whether the rule does more than delay a call.
func (r *Rule) decides() bool {
	return r.Error != "" || r.Status != 0 || r.Drop != "" || r.Truncate || r.Rate > 0
}

// add adds what a rule does. One that decides is added once at most.
func (v *Verdict) add(r Rule) {
	v.Latency += time.Duration(r.Latency)
	if !r.decides() {
		v.Rule = cmp.Or(v.Rule, r.ID)
		return
	}
	v.Rule = r.ID
	v.Error, v.Status, v.Drop, v.Truncate, v.RetryAfter = r.Error, r.Status, r.Drop, r.Truncate, time.Duration(r.RetryAfter)
	if r.Rate > 0 && r.Error == "" && r.Status == 0 {
		v.Throttled, v.Status = true, tooManyRequests
	}
}
