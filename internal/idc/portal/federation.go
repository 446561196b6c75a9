package portal

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// federation is AWS's federation endpoint: a program gives the credentials of a
// role for a sign-in token, and a browser the token for a console session.
func (v *visit) federation() error {
	switch query := v.r.URL.Query(); query.Get("Action") {
	case "getSigninToken":
		return v.signinToken(query)
	case "login":
		return v.consoleLogin(query)
	}
	return faultFederation("The address has no Action that is known here: getSigninToken, or login.")
}

// postFederation takes the credentials in the body, where no log has them.
func (v *visit) postFederation() error {
	if v.form.Get("Action") != "getSigninToken" {
		return faultFederation("What is posted here is getSigninToken.")
	}
	return v.signinToken(v.form)
}

// federated are credentials as the endpoint takes them.
type federated struct {
	ID    string `json:"sessionId"`
	Key   string `json:"sessionKey"`
	Token string `json:"sessionToken"`
}

// signinToken answers programs, to which AWS says no more than Bad Request when
// it refuses them. Here they are told why.
func (v *visit) signinToken(q url.Values) error {
	v.event.Source, v.event.Name = sourceSignIn, eventGetSigninToken
	refuse := func(code, why string) error {
		v.refused(code, why)
		v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		v.w.WriteHeader(http.StatusBadRequest)
		_, _ = v.w.Write([]byte(why + "\n")) // net/http drops it from an answer to HEAD
		return nil
	}
	var keys federated
	if err := json.Unmarshal([]byte(q.Get("Session")), &keys); err != nil || keys.ID == "" || keys.Key == "" || keys.Token == "" {
		return refuse("InvalidRequestException", "Session is to be JSON with the sessionId, the sessionKey and the sessionToken of temporary credentials.")
	}
	var lasts time.Duration
	if text := q.Get("SessionDuration"); text != "" {
		seconds, err := strconv.Atoi(text)
		lasts = time.Duration(min(seconds, 1<<30)) * time.Second
		if err != nil || lasts < grant.MinConsoleSession || lasts > grant.MaxConsoleSession {
			return refuse("InvalidRequestException", "SessionDuration is to be 900 to 43200 seconds.")
		}
	}
	c, secret, right, err := v.Grant.RoleCredential(v.r.Context(), keys.ID)
	if errors.Is(err, grant.ErrUnauthorized) {
		return refuse("AccessDeniedException", "The credentials are not known: this is a local AWS IAM Identity Center, which knows only those that it issued itself.")
	}
	if err != nil {
		return err
	}
	if !sameSecret(keys.Key, secret) || !right(keys.Token) {
		return refuse("AccessDeniedException", "The secret access key or the session token is wrong.")
	}
	v.event.AccessKeyID, v.event.ARN, v.event.AccountID = c.AccessKeyID, c.ARN, c.AccountID
	v.event.UserID, v.event.UserName, v.event.SessionID, v.event.Workflow = c.UserID, c.UserName, c.SessionID, c.Workflow
	if lasts > 0 {
		v.event.Request = map[string]string{"sessionDuration": q.Get("SessionDuration")}
	}
	token, err := v.Grant.IssueSigninToken(v.r.Context(), v.now, c, lasts)
	switch {
	case errors.Is(err, grant.ErrUnauthorized):
		return refuse("ExpiredTokenException", "The credentials have expired.")
	case errors.Is(err, grant.ErrChained):
		return refuse("InvalidRequestException", "SessionDuration is not for credentials from role chaining: leave it out, and the console session ends when they do.")
	case err != nil:
		return err
	}
	answer, err := json.Marshal(map[string]string{"SigninToken": token})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(answer)
	return nil
}

// consoleLogin opens the console session of a token in this browser.
func (v *visit) consoleLogin(q url.Values) error {
	token, ctx := q.Get("SigninToken"), v.r.Context()
	instance, err := v.Directory.Instance(ctx)
	if err != nil {
		return err
	}
	destination, ok := consoleDestination(q.Get("Destination"), instance.Region)
	if !ok {
		return faultFederation("The Destination is no address of the AWS Management Console in the partition " + directory.Partition(instance.Region) + ".")
	}
	sess, err := v.Grant.SigninToken(ctx, v.now, token)
	if err == nil {
		err = v.onlyOne(sess, q)
	}
	if err == nil && v.looksAhead() {
		return v.consolePage() // nobody is there to be signed in
	}
	cookie := ""
	if err == nil {
		v.event.Source, v.event.Name = sourceSignIn, eventConsoleLogin
		cookie, sess, err = v.Grant.OpenConsoleSession(ctx, v.now, token)
	}
	if errors.Is(err, grant.ErrNotFound) || errors.Is(err, grant.ErrTokenUsed) {
		v.event.Source, v.event.Name = sourceSignIn, eventConsoleLogin
		return faultSigninToken()
	}
	if err != nil {
		return err
	}
	v.enteredConsole(sess, destination)
	v.setConsoleCookie(cookie)
	return v.seeOther(consoleAddress(destination))
}

// onlyOne keeps a browser to the console of one account, as AWS does unless one
// has turned on multi-session support.
func (v *visit) onlyOne(next grant.ConsoleSession, q url.Values) error {
	now, err := v.consoleSession()
	if errors.Is(err, grant.ErrNoSession) {
		return nil
	}
	if err == nil && now.AccountID != next.AccountID {
		return faultLogOutFirst(now, next, q)
	}
	return err
}

// enteredConsole tells of a console session that began.
func (v *visit) enteredConsole(sess grant.ConsoleSession, destination string) {
	e := v.event
	e.UserID, e.UserName, e.Workflow = sess.UserID, sess.UserName, sess.Workflow
	e.AccessKeyID, e.ARN, e.AccountID = sess.AccessKeyID, sess.ARN, sess.AccountID
	note(e, "LoginTo", plain(destination, maxShownURL))
}

// consoleDomains are what the addresses of the console end in.
var consoleDomains = map[string]string{
	"aws": "aws.amazon.com", "aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com", "aws-eusc": "amazonaws-eusc.eu",
}

// consoleDestination reads where in the console somebody wants to go: "" is its
// home page. ok is false for what is no address of it.
func consoleDestination(raw, region string) (destination string, ok bool) {
	domain := cmp.Or(consoleDomains[directory.Partition(region)], consoleDomains["aws"])
	if raw == "" {
		return "https://" + region + ".console." + domain + "/console/home?region=" + url.QueryEscape(region), true
	}
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxNext || u.Scheme != "https" || u.User != nil || u.Port() != "" ||
		u.Hostname() != domain && !strings.HasSuffix(u.Hostname(), "."+domain) {
		return "", false
	}
	return raw, true
}

// oauth signs out of the console and goes on to a page of ours.
func (v *visit) oauth() error {
	query := v.r.URL.Query()
	if query.Get("Action") != "logout" {
		return faultFederation("The address has no Action that is known here: logout.")
	}
	if err := v.leaveConsole(); err != nil {
		return err
	}
	next := strings.TrimPrefix(query.Get("redirect_uri"), v.BaseURL)
	path, rawQuery, _ := strings.Cut(next, "?")
	again, err := url.ParseQuery(rawQuery)
	if path != "/federation" || err != nil {
		return v.seeOther("/console")
	}
	return v.seeOther(localPath(path, again))
}

// leaveConsole ends the console session of this browser, if there is one.
func (v *visit) leaveConsole() error {
	v.event.Source, v.event.Name = sourceSignIn, eventConsoleLogout
	sess, err := v.consoleSession()
	if errors.Is(err, grant.ErrNoSession) {
		v.event.Name = ""
		return nil
	}
	if err != nil {
		return err
	}
	v.event.UserID, v.event.UserName, v.event.Workflow = sess.UserID, sess.UserName, sess.Workflow
	v.event.AccessKeyID, v.event.ARN, v.event.AccountID = sess.AccessKeyID, sess.ARN, sess.AccountID
	if err := v.Grant.EndConsoleSession(v.r.Context(), v.now, sess); err != nil {
		return err
	}
	v.setConsoleCookie("")
	return nil
}
