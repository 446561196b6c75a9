package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
)

const (
	// codeLasts and codeTries are what package directory keeps to. They are for
	// words alone here.
	codeLasts = 10 * time.Minute
	codeTries = 5
)

// challengeCookieName names the cookie of a browser in which a password was right
// and a code is to follow. It goes to the page of the code and to the mail, which
// have no path in common.
func challengeCookieName(baseURL string) string { return cookieName("portico_challenge_", baseURL) }

// setChallenge binds a challenge to this browser; an empty one takes it away. The
// wrong tries stand beside it for the page to tell: package directory counts for
// itself.
func (v *visit) setChallenge(challenge string, wrong int) {
	c := &http.Cookie{
		Name: challengeCookieName(v.BaseURL), Value: challenge + "." + strconv.Itoa(wrong), Path: "/", MaxAge: int(codeLasts.Seconds()),
		HttpOnly: true, Secure: v.https(), SameSite: http.SameSiteStrictMode,
	}
	if challenge == "" {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(v.w, c)
}

// dropChallenge takes away what an unfinished sign-in left in this browser, so
// that its code lets nobody in, and is shown to nobody, who comes here later.
func (v *visit) dropChallenge() {
	if _, err := v.r.Cookie(challengeCookieName(v.BaseURL)); err == nil {
		v.setChallenge("", 0)
	}
}

func (v *visit) challengeOf() (challenge string, wrong int) {
	c, err := v.r.Cookie(challengeCookieName(v.BaseURL))
	if err != nil {
		return "", 0
	}
	challenge, count, _ := strings.Cut(c.Value, ".")
	wrong, err = strconv.Atoi(count)
	if err != nil {
		wrong = 0
	}
	return challenge, min(max(wrong, 0), codeTries)
}

// challenge sends a code by e-mail after the right password.
func (v *visit) challenge(user directory.User, form signInView) error {
	sent := &events.Call{}
	signInEvent(sent, eventChallenge, credentialEmail, failure)
	v.event.More = append(v.event.More, sent)
	retry, err := v.sendCode(sent, user)
	if errors.Is(err, directory.ErrNotFound) {
		return faultCodeOver(form.Next)
	}
	if err != nil {
		return err
	}
	if retry > 0 {
		form.Problem = tooManyCodes(retry)
		return v.signInForm("password", http.StatusTooManyRequests, form)
	}
	return v.seeOther(codeAddress(form.Next, form.Workflow))
}

func tooManyCodes(retry time.Duration) string {
	return "Too many codes were sent to you and not used. Try again in " + inWords(retry) + "."
}

// sendCode begins a challenge. A retry above zero says how long none can be sent;
// ErrNotFound, that the person was disabled a moment ago.
func (v *visit) sendCode(sent *events.Call, user directory.User) (retry time.Duration, err error) {
	challenge, err := v.Directory.BeginChallenge(v.r.Context(), v.now, user.ID)
	if throttled, ok := errors.AsType[*directory.ThrottledError](err); ok {
		sent.ErrorCode, sent.ErrorMessage = "ThrottlingException", "Too many codes were sent"
		v.retryAfter(throttled.RetryAfter)
		return throttled.RetryAfter, nil
	}
	if err != nil {
		sent.ErrorCode, sent.ErrorMessage = "InternalFailure", "The code was not sent"
		return 0, err
	}
	note(sent, eventChallenge, success)
	v.setChallenge(challenge, 0)
	return 0, nil
}

type codeView struct {
	Next, Workflow string
	Address        string // where the code is sent to, in part
	Valid          string
	Problem        string
	Sent           bool // once more, just now
	Mail, Other    string
}

func codeAddress(next, workflow string) string { return stepAddress("/signin/code", next, workflow) }

// stepAddress carries along where a sign-in leads.
func stepAddress(path, next, workflow string) string {
	query := url.Values{}
	if next != "/start" {
		query.Set("next", next)
	}
	if uuid().MatchString(workflow) {
		query.Set("workflow", workflow)
	}
	return localPath(path, query)
}

// codePage asks for the code, the last step.
func (v *visit) codePage() error {
	query := v.r.URL.Query()
	form := codeView{Next: nextPath(query.Get("next")), Workflow: query.Get("workflow")}
	challenge, _ := v.challengeOf()
	user, err := v.Directory.ChallengeUser(v.r.Context(), v.now, challenge)
	if errors.Is(err, directory.ErrChallengeOver) {
		// By the back button, after it was given.
		if ok, err := v.session(); err != nil || ok {
			if err != nil {
				return err
			}
			return v.seeOther(form.Next)
		}
		return faultCodeOver(form.Next)
	}
	if err != nil {
		return err
	}
	form.Sent = query.Get("sent") == "again"
	return v.codeForm(http.StatusOK, form, user)
}

func (v *visit) codeForm(status int, form codeView, user directory.User) error {
	if !uuid().MatchString(form.Workflow) {
		form.Workflow = ""
	}
	form.Address = partOfAddress(user.Email)
	form.Valid = inWords(codeLasts)
	form.Mail = stepAddress("/mail", form.Next, form.Workflow)
	form.Other = signInAddress(form.Next)
	title := "Enter the code"
	if form.Problem != "" {
		title = "Problem: enter the code"
	}
	return v.render(status, page{Name: "code", Title: title, Body: form})
}

// giveCode takes the code, or sends another.
func (v *visit) giveCode() error {
	form := codeView{Next: nextPath(v.form.Get("next")), Workflow: v.form.Get("workflow")}
	v.event.Workflow = v.workflowOf(form.Next, form.Workflow)
	signInEvent(v.event, eventVerification, credentialEmail, failure)
	ctx := v.r.Context()
	challenge, wrong := v.challengeOf()
	user, err := v.Directory.ChallengeUser(ctx, v.now, challenge)
	v.bySomebody(user)
	if errors.Is(err, directory.ErrChallengeOver) {
		return v.codeOver(form.Next, wrong)
	}
	if err != nil {
		return err
	}
	if v.form.Get("send") == "again" {
		return v.sendAgain(form, user)
	}
	code := v.form.Get("code")
	if strings.TrimSpace(code) == "" {
		v.refused("InvalidRequestException", "No code was entered")
		form.Problem = "Enter the six digits of the code."
		return v.codeForm(http.StatusBadRequest, form, user)
	}
	proven, err := v.Directory.AnswerChallenge(ctx, v.now, challenge, code)
	switch {
	case errors.Is(err, directory.ErrWrongCode):
		return v.wrongCode(form, user, challenge, wrong+1)
	case errors.Is(err, directory.ErrChallengeOver):
		return v.codeOver(form.Next, wrong)
	case err != nil:
		return err
	}
	note(v.event, eventVerification, success)
	return v.begin(proven, form.Next, credentialPassword+","+credentialEmail)
}

func (v *visit) wrongCode(form codeView, user directory.User, challenge string, wrong int) error {
	v.refused("FailedAuthentication", "Failed authentication")
	_, err := v.Directory.ChallengeUser(v.r.Context(), v.now, challenge)
	if errors.Is(err, directory.ErrChallengeOver) {
		v.setChallenge(challenge, codeTries) // so that what follows says the same
		return faultTooManyCodes(form.Next)
	}
	if err != nil {
		return err
	}
	v.setChallenge(challenge, wrong)
	form.Problem = "The code is wrong. " + triesLeft(codeTries-wrong)
	return v.codeForm(http.StatusForbidden, form, user)
}

func triesLeft(n int) string {
	if n <= 1 {
		return "You have one more try."
	}
	return "You have " + strconv.Itoa(n) + " more tries."
}

// codeOver says why no code can be given.
func (v *visit) codeOver(next string, wrong int) error {
	if wrong >= codeTries {
		v.refused("FailedAuthentication", "Too many wrong codes")
		return faultTooManyCodes(next)
	}
	ok, err := v.session()
	if err != nil {
		return err
	}
	// The form was sent twice, and its code was right the first time. Who is signed
	// in without a code is somebody else.
	if ok && v.user.Mail {
		v.event.Name = "" // nothing was verified
		return v.seeOther(next)
	}
	return faultCodeOver(next)
}

func (v *visit) sendAgain(form codeView, user directory.User) error {
	v.event.Extra = nil
	signInEvent(v.event, eventChallenge, credentialEmail, failure)
	retry, err := v.sendCode(v.event, user)
	if errors.Is(err, directory.ErrNotFound) {
		return faultCodeOver(form.Next)
	}
	if err != nil {
		return err
	}
	if retry > 0 {
		form.Problem = tooManyCodes(retry)
		return v.codeForm(http.StatusTooManyRequests, form, user)
	}
	to := codeAddress(form.Next, form.Workflow)
	if strings.Contains(to, "?") {
		return v.seeOther(to + "&sent=again")
	}
	return v.seeOther(to + "?sent=again")
}

// partOfAddress shows as much of an e-mail address as its owner needs to know it:
// the password alone should not tell it.
func partOfAddress(email string) string {
	name, host, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return "your address"
	}
	first := []rune(name)[:1]
	return plain(string(first)+"…@"+host, maxShownName)
}
