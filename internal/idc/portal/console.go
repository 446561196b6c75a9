package portal

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// consoleView is what stands in for the AWS Management Console: who one is
// there, where one meant to go, and for how long.
type consoleView struct {
	Account     accountView
	Role, ARN   string
	Session     string // the role session's name
	Region      string // "" where the destination names none
	Destination string
	Expires     moment
	Ended       bool // a session that has expired, else none
	None        bool
}

// stateConsole is what main's data-state says of the page of a console session.
const stateConsole = "console"

func consoleCookieName(baseURL string) string { return cookieName("portico_console_", baseURL) }

// setConsoleCookie gives the browser a console session, beside its sign-in here;
// an empty value takes it away.
func (v *visit) setConsoleCookie(value string) {
	c := &http.Cookie{
		Name: consoleCookieName(v.BaseURL), Value: value, Path: "/",
		HttpOnly: true, Secure: v.https(), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// consoleSession is that of this browser, see [grant.Service.ConsoleSession].
func (v *visit) consoleSession() (grant.ConsoleSession, error) {
	c, err := v.r.Cookie(consoleCookieName(v.BaseURL))
	if err != nil || c.Value == "" {
		return grant.ConsoleSession{}, grant.ErrNoSession
	}
	return v.Grant.ConsoleSession(v.r.Context(), v.now, c.Value)
}

// consolePage shows the console session.
func (v *visit) consolePage() error {
	sess, err := v.consoleSession()
	if errors.Is(err, grant.ErrNoSession) {
		view := consoleView{None: true, Ended: sess.ID != "", Role: plain(sess.RoleName, maxShownName), Account: accountView{ID: sess.AccountID}}
		return v.render(http.StatusOK, page{Name: "console", Title: "Not signed in to the console", Body: view})
	}
	if err != nil {
		return err
	}
	instance, err := v.Directory.Instance(v.r.Context())
	if err != nil {
		return err
	}
	destination, ok := consoleDestination(v.r.URL.Query().Get("destination"), instance.Region)
	if !ok {
		destination, _ = consoleDestination("", instance.Region)
	}
	account, err := v.Directory.Account(v.r.Context(), sess.AccountID)
	if errors.Is(err, directory.ErrNotFound) { // no longer in the organisation
		account, err = directory.Account{ID: sess.AccountID, Name: sess.AccountID}, nil
	}
	if err != nil {
		return err
	}
	view := consoleView{
		Account: accountSummary(account), Role: plain(sess.RoleName, maxShownName), ARN: sess.ARN,
		Session: plain(sess.ARN[strings.LastIndexByte(sess.ARN, '/')+1:], maxShownName),
		Region:  regionOf(destination), Destination: plain(destination, maxNext),
		Expires: moment{Stamp: sess.ExpiresAt.UTC().Format(time.RFC3339), Words: "in " + inWords(sess.ExpiresAt.Sub(v.now))},
	}
	return v.render(http.StatusOK, page{Name: "console", Title: view.Role + " in " + view.Account.Name + ", console", State: stateConsole, Body: view})
}

// regionOf is the region that an address of the console names.
func regionOf(destination string) string {
	u, err := url.Parse(destination)
	if err != nil {
		return ""
	}
	if r := u.Query().Get("region"); r != "" {
		return plain(r, maxShownName)
	}
	if region, _, ok := strings.Cut(u.Hostname(), ".console."); ok {
		return plain(region, maxShownName)
	}
	return ""
}

func consoleAddress(destination string) string {
	return localPath("/console", url.Values{"destination": {destination}})
}

func (v *visit) consoleSignOut() error {
	if err := v.leaveConsole(); err != nil {
		return err
	}
	return v.seeOther("/console")
}

// openConsole goes to the console with a role, as links into AWS's access portal
// do: with new credentials that nobody sees. It leaves what it makes to whoever
// is there to take it.
func (v *visit) openConsole() error {
	query, ctx := v.r.URL.Query(), v.r.Context()
	account, role := query.Get("account_id"), query.Get("role_name")
	if err := v.signedIn(consoleLink(account, role, query.Get("destination"))); err != nil {
		return err
	}
	found, err := v.reach(account, role)
	if err != nil {
		return err
	}
	destination, ok := consoleDestination(query.Get("destination"), found.instance.Region)
	if !ok {
		return faultFederation("The destination is no address of the AWS Management Console in the partition " + directory.Partition(found.instance.Region) + ".")
	}
	if v.looksAhead() {
		return v.consolePage()
	}
	v.event.Source, v.event.Name = sourceSignIn, eventConsoleLogin
	credential, _, _, err := v.issueTo(found)
	if err != nil {
		return err
	}
	token, err := v.Grant.IssueSigninToken(ctx, v.now, credential, 0)
	if err != nil {
		return err
	}
	cookie, sess, err := v.Grant.OpenConsoleSession(ctx, v.now, token)
	if err != nil {
		return err
	}
	v.enteredConsole(sess, destination)
	v.setConsoleCookie(cookie)
	return v.seeOther(consoleAddress(destination))
}

// consoleLink is the address of openConsole. An endless name is nobody's.
func consoleLink(account, role, destination string) string {
	if len(account)+len(role)+len(destination) > maxNext/4 {
		return "/start"
	}
	query := url.Values{"account_id": {account}, "role_name": {role}}
	if destination != "" {
		query.Set("destination", destination)
	}
	return localPath("/start/console", query)
}

func sameSecret(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
