package portal

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
)

type signInView struct {
	Next, Username string
	// Workflow ties the events of the steps together where Next does not.
	Workflow string
	// For says what waits behind the sign-in.
	For     string
	Problem string
	Invalid bool // it is about what was entered
	// Other is where another name is given.
	Other string
}

// signInPage asks for the user name, the first step.
func (v *visit) signInPage() error {
	next := nextPath(v.r.URL.Query().Get("next"))
	ok, err := v.session()
	if err != nil {
		return err
	}
	form := signInView{Next: next, Workflow: v.workflowOf(next, newWorkflow())}
	if ok {
		if !decides(next) || v.mayDecide() {
			return v.seeOther(next)
		}
		form.For = "Your sign-in is about to end, and whatever you allow ends with it. Sign in again to decide."
	}
	return v.signInForm("signin", http.StatusOK, form)
}

// decides says whether something is to be decided there.
func decides(next string) bool {
	path, _, _ := strings.Cut(next, "?")
	return path == "/consent"
}

// signInForm shows one of the steps.
func (v *visit) signInForm(step string, status int, form signInView) error {
	switch path, _, _ := strings.Cut(form.Next, "?"); {
	case form.For != "":
	case path == "/consent":
		form.For = "A program is asking for access. Sign in to see what it wants and to decide."
	case path == "/device":
		form.For = "Sign in to confirm the code that your device shows."
	}
	form.Other = signInAddress(form.Next)
	title := "Sign in"
	if step == "password" {
		title = "Enter your password"
	}
	if form.Problem != "" {
		title = "Problem: " + strings.ToLower(title[:1]) + title[1:]
	}
	p := page{Name: step, Title: title, Body: form}
	if step == "signin" {
		p.Script = linkScript
	}
	return v.render(status, p)
}

// signIn takes the first step, the user name, and the second, which sends it
// along with the password. The first is the same for names that somebody has and
// for those that nobody has.
func (v *visit) signIn() error {
	username := strings.TrimSpace(v.form.Get("username"))
	form := signInView{Next: nextPath(v.form.Get("next"))}
	form.Workflow = v.workflowOf(form.Next, v.form.Get("workflow"))
	v.event.Workflow = form.Workflow
	if username == "" {
		v.event.Name = "" // nobody was asked for anything
		form.Problem, form.Invalid = "Enter your user name.", true
		return v.signInForm("signin", http.StatusBadRequest, form)
	}
	form.Username = plain(username, maxShownName)
	if err := v.bySignIn(username); err != nil {
		return err
	}
	if !v.form.Has("password") {
		signInEvent(v.event, eventChallenge, credentialPassword, success)
		return v.signInForm("password", http.StatusOK, form)
	}
	password := v.form.Get("password")
	if password == "" {
		signInEvent(v.event, eventChallenge, credentialPassword, success)
		form.Problem, form.Invalid = "Enter your password.", true
		return v.signInForm("password", http.StatusBadRequest, form)
	}
	return v.checkPassword(form, username, password)
}

// lookupTakes is how long it takes to find out whose a user name is, whatever
// there is to find: the answer must not tell it by its time.
const lookupTakes = 3 * time.Millisecond

// bySignIn notes who means to sign in.
func (v *visit) bySignIn(username string) error {
	ctx := v.r.Context()
	took := time.NewTimer(lookupTakes)
	defer took.Stop()
	user, err := v.Directory.UserByName(ctx, username)
	if errors.Is(err, directory.ErrNotFound) {
		user, err = directory.User{}, nil
	}
	v.bySomebody(user)
	select {
	case <-took.C:
	case <-ctx.Done():
	}
	return err
}

func (v *visit) checkPassword(form signInView, username, password string) error {
	signInEvent(v.event, eventVerification, credentialPassword, failure)
	user, err := v.Directory.Authenticate(v.r.Context(), v.now, username, password, v.device())
	if errors.Is(err, directory.ErrBadCredentials) {
		v.refused("FailedAuthentication", "Failed authentication")
		form.Problem, form.Invalid = "The user name or the password is wrong.", true
		return v.signInForm("password", http.StatusForbidden, form)
	}
	if throttled, ok := errors.AsType[*directory.ThrottledError](err); ok {
		v.refused("ThrottlingException", "Too many attempts to sign in")
		v.retryAfter(throttled.RetryAfter)
		form.Problem = "There were too many attempts to sign in. Try again in " + inWords(throttled.RetryAfter) + "."
		return v.signInForm("password", http.StatusTooManyRequests, form)
	}
	if err != nil {
		return err
	}
	note(v.event, eventVerification, success)
	v.bySomebody(user)
	if user.MFA == directory.MFAEmail {
		return v.challenge(user, form)
	}
	return v.begin(user, form.Next, credentialPassword)
}

// begin begins the session of a person who has proved who they are, under a new
// cookie, whatever cookie came with the form.
func (v *visit) begin(user directory.User, next, credentials string) error {
	ctx := v.r.Context()
	// When somebody else was signed in here, this browser is no longer theirs.
	// The same person signing in once more, from a second tab, keeps what they
	// allowed under the first sign-in, and goes on with what they were asked.
	before, err := v.session()
	if err != nil {
		return err
	}
	if before && v.sess.UserID != user.ID {
		if err := v.Grant.EndSession(ctx, v.now, v.sess); err != nil {
			return err
		}
	}
	cookie, sess, err := v.Grant.StartSession(ctx, v.now, user.ID)
	if err != nil {
		return err
	}
	if before && v.sess.UserID == user.ID {
		if err := v.Grant.TakeOver(ctx, v.sess, sess); err != nil {
			return err
		}
	}
	v.setCookie(cookie)
	v.dropChallenge()
	if err := v.rememberDevice(user.Name); err != nil {
		return err
	}
	v.event.Workflow = cmp.Or(v.event.Workflow, sess.ID)
	done := &events.Call{SessionID: sess.ID}
	signInEvent(done, eventAuthentication, credentials, success)
	to, _, _ := strings.Cut(next, "?")
	note(done, "LoginTo", v.BaseURL+to)
	v.event.More = append(v.event.More, done)
	return v.seeOther(next)
}

func (v *visit) signOut() error {
	ok, err := v.session()
	if err != nil {
		return err
	}
	if !ok {
		v.event.Name = "" // nobody was signed in
	} else {
		v.bySession()
		v.event.Workflow = v.sess.ID
		if err := v.Grant.EndSession(v.r.Context(), v.now, v.sess); err != nil {
			return err
		}
	}
	v.setCookie("")
	v.dropChallenge()
	return v.seeOther("/signed-out")
}

func (v *visit) signedOutPage() error {
	ok, err := v.session()
	if err != nil {
		return err
	}
	if ok {
		// Somebody signed in again since; saying otherwise would be a lie.
		return v.seeOther("/start")
	}
	return v.render(http.StatusOK, page{Name: "signedout", Title: "Signed out"})
}

// signInAddress is where to sign in first.
func signInAddress(next string) string {
	if next == "" || next == "/start" {
		return "/signin"
	}
	return localPath("/signin", url.Values{"next": {next}})
}
