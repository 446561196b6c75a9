package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

type signInView struct {
	Next, Username string
	// For says what waits behind the sign-in.
	For     string
	Problem string
	// Which field the problem is about; both when neither is set.
	NoUsername, NoPassword bool
}

func (v *visit) signInPage() error {
	next := nextPath(v.r.URL.Query().Get("next"))
	ok, err := v.session()
	if err != nil {
		return err
	}
	form := signInView{Next: next}
	if ok {
		if !decides(next) || v.mayDecide() {
			return v.seeOther(next)
		}
		form.For = "Your sign-in is about to end, and whatever you allow ends with it. Sign in again to decide."
	}
	return v.signInForm(http.StatusOK, form)
}

// decides says whether something is to be decided there.
func decides(next string) bool {
	path, _, _ := strings.Cut(next, "?")
	return path == "/consent"
}

func (v *visit) signInForm(status int, form signInView) error {
	switch path, _, _ := strings.Cut(form.Next, "?"); {
	case form.For != "":
	case path == "/consent":
		form.For = "A program is asking for access. Sign in to see what it wants and to decide."
	case path == "/device":
		form.For = "Sign in to confirm the code that your device shows."
	}
	title := "Sign in"
	if form.Problem != "" {
		title = "Problem: sign in"
	}
	return v.render(status, page{Name: "signin", Title: title, Body: form})
}

// signIn checks the password and begins a session under a new cookie, whatever
// cookie came with the form.
func (v *visit) signIn() error {
	form := signInView{
		Next:     nextPath(v.form.Get("next")),
		Username: strings.TrimSpace(v.form.Get("username")),
	}
	password := v.form.Get("password")
	form.NoUsername, form.NoPassword = form.Username == "", password == ""
	if form.NoUsername || form.NoPassword {
		form.Problem = "Enter your user name and your password."
		return v.again(http.StatusBadRequest, form)
	}
	ctx := v.r.Context()
	user, err := v.Directory.Authenticate(ctx, v.now, form.Username, password, v.device())
	if errors.Is(err, directory.ErrBadCredentials) {
		form.Problem = "The user name or the password is wrong."
		return v.again(http.StatusForbidden, form)
	}
	if throttled, ok := errors.AsType[*directory.ThrottledError](err); ok {
		v.retryAfter(throttled.RetryAfter)
		form.Problem = "There were too many attempts to sign in. Try again in " + inWords(throttled.RetryAfter) + "."
		return v.again(http.StatusTooManyRequests, form)
	}
	if err != nil {
		return err
	}
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
	if err := v.rememberDevice(user.Name); err != nil {
		return err
	}
	return v.seeOther(form.Next)
}

// again shows the form with what was wrong.
func (v *visit) again(status int, form signInView) error {
	form.Username = plain(form.Username, maxShownName)
	return v.signInForm(status, form)
}

func (v *visit) signOut() error {
	ok, err := v.session()
	if err != nil {
		return err
	}
	if ok {
		if err := v.Grant.EndSession(v.r.Context(), v.now, v.sess); err != nil {
			return err
		}
	}
	v.setCookie("")
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
