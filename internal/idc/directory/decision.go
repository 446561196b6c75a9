package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Decision answers sign-ins instead of a person at a browser: those of a client,
// of a flow, as one person, after some time.
type Decision struct {
	ID     string // given by AddDecision and Seed
	User   string // name of who answers; may be left out when nobody does
	Client string // pattern of the client's name with * and ?, in any case; "" means any
	Flow   string // FlowDevice, FlowAuthorizationCode, or "" for both
	Answer string // AnswerAllow, AnswerDeny or AnswerNever
	After  time.Duration
}

// What a Decision may answer.
const (
	AnswerAllow = "allow"
	AnswerDeny  = "deny"
	AnswerNever = "never" // nobody answers, ever
)

// The flows that a Decision may be limited to.
const (
	FlowDevice            = "device"
	FlowAuthorizationCode = "authorization_code"
)

const (
	maxDecisions     = 1000 // beyond which none is added
	maxClientPattern = 256
	maxAfter         = 24 * time.Hour
)

// AddDecision makes a decision the first to be tried, until it is cleared or a
// different seed is applied. It returns it with its ID.
func (s *Service) AddDecision(ctx context.Context, d Decision) (Decision, error) {
	if err := d.validate(""); err != nil {
		return Decision{}, err
	}
	if d.User != "" {
		u, err := s.Store.UserByName(ctx, d.User)
		if errors.Is(err, ErrNotFound) {
			return Decision{}, s.unknownUser(ctx, d.User)
		}
		if err != nil {
			return Decision{}, err
		}
		d.User = u.Name
	}
	all, err := s.Store.Decisions(ctx)
	if err != nil {
		return Decision{}, err
	}
	if len(all) >= maxDecisions {
		return Decision{}, invalid("decisions", fmt.Sprintf("there are %d already", len(all)), "clear some")
	}
	d.ID = "d-" + strings.ToLower(rand.Text()[:10])
	return d, s.Store.InsertDecision(ctx, d)
}

// Decisions returns them in the order in which they are tried: the latest that
// was added first, and those of the seed, in its order, last.
func (s *Service) Decisions(ctx context.Context) ([]Decision, error) {
	return s.Store.Decisions(ctx)
}

// ClearDecisions removes one decision, or all when id is "".
func (s *Service) ClearDecisions(ctx context.Context, id string) error {
	err := s.Store.ClearDecisions(ctx, id)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	all, err := s.Store.Decisions(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	return &UnknownError{Path: "id", Problem: "there is no decision " + quote(id), Cure: DidYouMean(id, ids, some(ids))}
}

// DecisionFor returns the first decision that is for a client's name and a flow,
// and who answers. ok is false when a person must. A person who is disabled
// cannot answer, so their decisions are passed over.
func (s *Service) DecisionFor(ctx context.Context, client, flow string) (d Decision, u User, ok bool, err error) {
	if s.PeopleOnly != nil && s.PeopleOnly() {
		return Decision{}, User{}, false, nil
	}
	all, err := s.Store.Decisions(ctx)
	if err != nil {
		return Decision{}, User{}, false, err
	}
	for _, d := range all {
		if !d.matches(client, flow) {
			continue
		}
		if d.User == "" {
			return d, User{}, true, nil
		}
		u, err := s.Store.UserByName(ctx, d.User)
		if errors.Is(err, ErrNotFound) || err == nil && u.Disabled {
			continue
		}
		return d, u, err == nil, err
	}
	return Decision{}, User{}, false, nil
}

func (d Decision) matches(client, flow string) bool {
	if d.Flow != "" && d.Flow != flow {
		return false
	}
	if d.Client == "" {
		return true
	}
	// Names like my-tool/1.2 are no paths: * takes their slashes too.
	flat := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "\x00") }
	ok, err := path.Match(flat(d.Client), flat(client))
	return ok && err == nil
}

// validate checks all but whether there is such a user.
func (d Decision) validate(at string) error {
	switch d.Answer {
	case AnswerAllow, AnswerDeny:
		if d.User == "" {
			return invalid(at+"user", "nobody is named", "name who answers")
		}
	case AnswerNever:
		if d.After != 0 {
			return invalid(at+"after", "nobody answers, so there is nothing to wait for", "leave it out")
		}
	default:
		return invalid(at+"answer", quote(d.Answer)+" is no answer", "write allow, deny or never")
	}
	if d.Client != "" {
		if !plainText(d.Client, maxClientPattern) {
			return invalid(at+"client", quote(d.Client)+" is no name", fmt.Sprintf("use at most %d bytes of plain text", maxClientPattern))
		}
		if _, err := path.Match(d.Client, ""); err != nil {
			return invalid(at+"client", quote(d.Client)+" is no pattern", `write a client's name, with * for any letters and ? for one, and \ before a [`)
		}
	}
	if d.Flow != "" && d.Flow != FlowDevice && d.Flow != FlowAuthorizationCode {
		return invalid(at+"flow", quote(d.Flow)+" is no flow", "write device or authorization_code, or leave it out for both")
	}
	if d.After < 0 || d.After > maxAfter || d.After%time.Millisecond != 0 {
		return invalid(at+"after", d.After.String()+" is out of range", fmt.Sprintf("use at most %s, in whole milliseconds", maxAfter))
	}
	return nil
}

// decision checks a decision of an organisation.
func (v *validator) decision(at string, d Decision) error {
	if err := d.validate(at + "."); err != nil {
		return err
	}
	if d.User != "" && !v.hasUser(d.User) {
		return invalid(at+".user", "there is no user "+quote(d.User), "name one of the users")
	}
	return nil
}

// named gives the decisions of a seed their ids.
func named(decisions []Decision) []Decision {
	out := make([]Decision, len(decisions))
	for i, d := range decisions {
		d.ID = fmt.Sprintf("seed-%d", i+1)
		out[i] = d
	}
	return out
}
