package portal

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// ruleAnswers is how package grant describes a request that is not for people to
// decide.
const ruleAnswers = "A rule answers this sign-in"

const (
	// longestHold is how long a browser is kept waiting for a rule to answer before
	// it asks once more.
	longestHold = 20 * time.Second
	// holdSlack is what is left to write the answer in.
	holdSlack = 10 * time.Second
	// lookAgain is after how long a person's browser asks once more. It is shown a
	// page meanwhile: browsers follow some twenty redirects and no more.
	lookAgain = 10 * time.Second
)

type scriptedView struct {
	Client string
	Never  bool
	After  string // until the rule answers; "" when nobody can say
}

// scripted answers for a request that a rule decides in a person's stead: by its
// decision when that is due, and by letting the browser wait when it is not.
// answered is false when the request is one for people.
//
// Nobody need be signed in here, and nobody is afterwards: the session that a
// rule makes is its person's and not this browser's. A page that anybody can
// open would else hand out more than the rule allows, and take the browser away
// from whoever is signed in.
func (v *visit) scripted(id string) (answered bool, err error) {
	due := v.now
	if v.looksAhead() {
		due = time.Time{} // before any rule's: this only tells whose it is to answer
	}
	d, _, done, err := v.Grant.Settle(v.r.Context(), due, id)
	if _, ok := errors.AsType[*grant.Error](err); ok {
		return false, nil // there is no such request; whoever is signed in is told so
	}
	if err != nil {
		return true, err
	}
	r := d.Request
	switch {
	case done:
		if err := v.byRule(r); err != nil {
			return true, err
		}
		if d.RedirectTo == "" {
			return true, v.outcomePage(r)
		}
		return true, v.seeOther(d.RedirectTo)
	case r.ID == "":
		return false, nil
	case !v.now.Before(r.ExpiresAt):
		return true, faultExpired()
	case r.Script.Answer == grant.AnswerNever:
		return true, v.scriptedPage(scriptedView{Client: plain(r.ClientName, maxShownClient), Never: true})
	case v.looksAhead():
		// A browser may show a page that it fetched ahead, which then must go on.
		v.w.Header().Set("Refresh", "1")
		return true, v.scriptedPage(scriptedView{Client: plain(r.ClientName, maxShownClient), After: "a moment"})
	}
	return true, v.await(r)
}

// looksAhead says that nobody is there to take an answer, which a rule gives
// once: HEAD drops it, and so may a browser that fetches what might be opened.
func (v *visit) looksAhead() bool {
	purpose := v.r.Header.Get("Sec-Purpose") + " " + v.r.Header.Get("Purpose")
	return v.r.Method == http.MethodHead || strings.Contains(strings.ToLower(purpose), "prefetch")
}

// byRule makes the event that of a decision by a rule.
func (v *visit) byRule(r grant.Request) error {
	e := v.event
	e.Source, e.Name = sourceSSO, eventAuthorizeClient
	e.UserID, e.Client, e.Workflow = r.Script.UserID, r.ClientName, r.Workflow
	note(e, "Decision", r.Script.Answer)
	note(e, "DecidedBy", "Rule")
	u, err := v.Directory.User(v.r.Context(), r.Script.UserID)
	if err == nil {
		e.UserName = u.Name
	}
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	return err
}

// await lets the time pass until a rule answers, or some of it, and has the
// browser ask again.
func (v *visit) await(r grant.Request) error {
	rest := r.AnswerAt.Sub(v.now)
	overdue := rest <= 0 // because the rule's person may not act now
	if overdue {
		rest = longestHold
	}
	if v.r.Header.Get("Sec-Fetch-Mode") == "navigate" && (overdue || rest > longestHold) {
		view := scriptedView{Client: plain(r.ClientName, maxShownClient)}
		if !overdue {
			view.After = inWords(rest)
		}
		v.w.Header().Set("Refresh", strconv.Itoa(int(min(rest, lookAgain)/time.Second)))
		return v.scriptedPage(view)
	}
	rest = min(rest, longestHold)
	// The time must not count against the listener's limit for writing. Without a
	// listener there is none. That for reading net/http lifts when all is read.
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(rest + holdSlack))
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.r.Context().Done():
		return v.r.Context().Err()
	}
	return v.seeOther(consentAddress(r.ID))
}

// What main's data-state says of a sign-in that a rule answers.
const (
	stateUnanswered = "unanswered"
	stateWaiting    = "waiting"
)

func (v *visit) scriptedPage(view scriptedView) error {
	p := page{Name: "scripted", Title: "Waiting for a rule", State: stateWaiting, Body: view}
	if view.Never {
		p.Title, p.State = "Left unanswered", stateUnanswered
	}
	return v.render(http.StatusOK, p)
}
