package portal_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// credentials are a role's of alice's, as a program has them; of a chained role
// when there is no permission set.
func (c *center) credentials(t testing.TB, account, set string) (session string, of grant.RoleCredential) {
	t.Helper()
	of, secret, token, err := c.Grant.IssueRoleCredential(t.Context(), c.now(), grant.RoleCredential{
		AccountID: account, PermissionSet: set, RoleName: "deploy", UserID: "u", UserName: "alice",
		ARN: "arn:aws:sts::" + account + ":assumed-role/deploy/alice", ExpiresAt: c.now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"sessionId": of.AccessKeyID, "sessionKey": secret, "sessionToken": token})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), of
}

// signinToken is what the endpoint gives for credentials.
func (b *browser) signinToken(session string, more ...string) string {
	b.t.Helper()
	form := url.Values{"Action": {"getSigninToken"}, "Session": {session}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	a := b.do("GET", "/federation?"+form.Encode(), nil, nil)
	var answer struct{ SigninToken string }
	if err := json.Unmarshal([]byte(a.body), &answer); a.status != 200 || err != nil || len(answer.SigninToken) < 64 {
		b.t.Fatalf("got %d %q", a.status, a.body)
	}
	return answer.SigninToken
}

func loginPath(token, destination string) string {
	return "/federation?" + url.Values{"Action": {"login"}, "Issuer": {"x"}, "Destination": {destination}, "SigninToken": {token}}.Encode()
}

func TestConsole(t *testing.T) {
	c := newCenter(t, organisation())
	session, of := c.credentials(t, dev, "ReadOnly")
	b := c.browser(t)
	b.get("/console").says(t, 200, "No console session is open in this browser.")
	token := b.signinToken(session, "SessionDuration", "43200")
	const destination = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"
	at := loginPath(token, destination)
	// Whoever looks ahead takes nothing.
	b.do("HEAD", at, nil, nil)
	b.do("GET", at, nil, http.Header{"Sec-Purpose": {"prefetch"}})
	b.get(at).redirects(t, "/console?destination="+url.QueryEscape(destination))
	b.get("/console?destination="+url.QueryEscape(destination)).says(t, 200, dev, "ReadOnly", "<dd>eu-west-1</dd>", "in 12 hours", of.ARN, "<bdi>alice</bdi>", "/s3/home")
	// The token was for one time, for this browser or another.
	b.get(at).says(t, 400, "The sign-in link does not work any more")
	c.browser(t).get(at).says(t, 400, "The sign-in link does not work any more")

	// Posted, the credentials are in no address.
	a := b.post("/federation", url.Values{"Action": {"getSigninToken"}, "Session": {session}})
	if a.status != 200 || !strings.Contains(a.body, "SigninToken") {
		t.Errorf("got %d %q", a.status, a.body)
	}

	// One account at a time, and the way out leads on.
	other, _ := c.credentials(t, prod, "ReadOnly")
	next := loginPath(b.signinToken(other), "")
	b.get(next).says(t, 409, "You must first log out before logging into a different AWS account", "Log out and go on")
	out := b.get("/oauth?" + url.Values{"Action": {"logout"}, "redirect_uri": {c.BaseURL + next}}.Encode())
	b.get("/console").says(t, 200, "No console session")
	b.get(out.header.Get("Location")).redirectsTo(t, "/console?destination=")
	b.get("/console").says(t, 200, prod, "in 60 minutes", "us-east-1")
	// Another role of the same account takes the place.
	b.get(loginPath(b.signinToken(other), "")).redirectsTo(t, "/console")

	// It ends by itself, and by a button.
	c.advance(time.Hour)
	b.get("/console").says(t, 200, "is over")
	session, _ = c.credentials(t, dev, "ReadOnly")
	b.get(loginPath(b.signinToken(session), "")).redirectsTo(t, "/console")
	b.post("/console/signout", url.Values{}).redirects(t, "/console")
	b.get("/console").says(t, 200, "No console session")
	b.post("/console/signout", url.Values{}).redirects(t, "/console")

	// The link lasts a quarter of an hour.
	late := loginPath(b.signinToken(session), "")
	c.advance(15 * time.Minute)
	b.get(late).says(t, 400, "for 15 minutes")
}

func TestSigninTokenRefusals(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	session, _ := c.credentials(t, dev, "ReadOnly")
	chained, _ := c.credentials(t, dev, "")
	b.signinToken(chained)
	var keys map[string]string
	if err := json.Unmarshal([]byte(session), &keys); err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) string {
		changed := map[string]string{}
		for k, v := range keys {
			changed[k] = v
		}
		changed[name] = value
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, tt := range []struct{ session, duration, says string }{
		{"", "", "Session is to be JSON"},
		{"{", "", "Session is to be JSON"},
		{with("sessionToken", ""), "", "of temporary credentials"},
		{with("sessionId", "AKIAIOSFODNN7EXAMPLE"), "", "not known"},
		{with("sessionKey", "x"), "", "is wrong"},
		{with("sessionToken", "x"), "", "is wrong"},
		{session, "899", "900 to 43200"},
		{session, "43201", "900 to 43200"},
		{session, "1h", "900 to 43200"},
		{session, "99999999999999999999", "900 to 43200"},
		{chained, "900", "role chaining"},
	} {
		form := url.Values{"Action": {"getSigninToken"}, "Session": {tt.session}}
		if tt.duration != "" {
			form.Set("SessionDuration", tt.duration)
		}
		a := b.do("GET", "/federation?"+form.Encode(), nil, nil)
		if a.status != 400 || !strings.Contains(a.body, tt.says) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s %s: got %d %q, want 400 %q", tt.session, tt.duration, a.status, a.body, tt.says)
		}
		if strings.Contains(a.body, keys["sessionKey"]) {
			t.Errorf("the answer repeats the key: %q", a.body)
		}
	}
	for _, path := range []string{"/federation", "/federation?Action=x", "/oauth", "/oauth?Action=login"} {
		b.get(path).says(t, 400, "That leads to no console")
	}
	b.post("/federation", url.Values{"Action": {"login"}}).says(t, 400, "That leads to no console")
	b.get(loginPath("nonsense", "")).says(t, 400, "The sign-in link does not work any more")
	good := b.signinToken(session)
	for _, destination := range []string{
		"https://evil.test/", "http://console.aws.amazon.com/", "https://console.aws.amazon.com.evil.test/", "https://evil.test/console.aws.amazon.com",
		"https://console.amazonaws.cn/", "//console.aws.amazon.com", "https://x@console.aws.amazon.com", "https://console.aws.amazon.com:1/", "javascript:alert(1)",
		"https://notaws.amazon.com/", "https://console.aws.amazon.com/" + strings.Repeat("x", 3000),
	} {
		b.get(loginPath(good, destination)).says(t, 400, "That leads to no console")
		// A page that somebody else's address describes says nothing of it.
		if a := b.get("/console?destination=" + url.QueryEscape(destination)); strings.Contains(a.body, "evil.test") {
			t.Errorf("%s is shown", destination)
		}
	}
	b.get("/oauth?Action=logout&redirect_uri="+url.QueryEscape("https://evil.test/federation")).redirects(t, "/console")
	c.advance(time.Hour)
	a := b.do("GET", "/federation?"+url.Values{"Action": {"getSigninToken"}, "Session": {session}}.Encode(), nil, nil)
	if a.status != 400 || !strings.Contains(a.body, "have expired") {
		t.Errorf("got %d %q", a.status, a.body)
	}
}

// A link into the portal opens the console with the role it names, after a
// sign-in where that is needed.
func TestConsoleLink(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	link := "/start/console?account_id=" + dev + "&role_name=AdministratorAccess"
	b.do("HEAD", link, nil, nil)
	b.get("/console").says(t, 200, "No console session")
	b.get(link).redirectsTo(t, "/console?destination=")
	b.get("/console").says(t, 200, dev, "AdministratorAccess", "in 8 hours")
	const destination = "https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-2"
	b.get(link+"&destination="+url.QueryEscape(destination)).redirects(t, "/console?destination="+url.QueryEscape(destination))
	b.get(link+"&destination=https%3A%2F%2Fevil.test").says(t, 400, "That leads to no console")
	b.get("/start/console?account_id="+prod+"&role_name=ReadOnly").says(t, 404, "There is no such role for you")
	stranger := c.browser(t)
	next := "/start/console?account_id=" + dev + "&role_name=AdministratorAccess"
	stranger.get(link).redirects(t, "/signin?next="+url.QueryEscape(next))
	stranger.signIn("alice", "correct-horse", next)
	stranger.get(next).redirectsTo(t, "/console?destination=")
	b.get("/start/").redirects(t, "/start")
	b.get("/start").says(t, 200, `<script src="/assets/deep-link-`)
	b.get("/start?account="+dev).says(t, 200, "Management console", "Access keys")
}

// Both halves are told of as CloudTrail tells them, and no secret is.
func TestConsoleEvents(t *testing.T) {
	c := newCenter(t, organisation())
	session, of := c.credentials(t, dev, "ReadOnly")
	var keys map[string]string
	if err := json.Unmarshal([]byte(session), &keys); err != nil {
		t.Fatal(err)
	}
	b := c.recorded(t)
	w := b.do("POST", "/federation", url.Values{"Action": {"getSigninToken"}, "Session": {session}, "SessionDuration": {"900"}})
	var answer struct{ SigninToken string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	got := b.want("signin:GetSigninToken Success alice")
	if who := got[0].UserIdentity; who.Type != "AssumedRole" || who.ARN != of.ARN || who.AccessKeyID != of.AccessKeyID || who.AccountID != dev || got[0].RequestParameters["sessionDuration"] != "900" {
		t.Errorf("got %+v", got[0])
	}
	login := loginPath(answer.SigninToken, "")
	b.do("HEAD", login, nil)
	b.want()
	b.do("GET", login, nil)
	all := append(got, b.want("signin:ConsoleLogin Success alice")...)
	b.do("GET", login, nil)
	all = append(all, b.want("signin:ConsoleLogin Failure !ExpiredTokenException")...)
	b.do("POST", "/federation", url.Values{"Action": {"getSigninToken"}, "Session": {strings.Replace(session, keys["sessionKey"], "wrong", 1)}})
	all = append(all, b.want("signin:GetSigninToken Failure !AccessDeniedException")...)
	b.do("POST", "/console/signout", nil)
	all = append(all, b.want("signin:ConsoleLogout Success alice")...)
	b.do("GET", "/console", nil)
	b.want()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"sign-in token": answer.SigninToken, "secret access key": keys["sessionKey"], "session token": keys["sessionToken"]} {
		if strings.Contains(string(text), secret) || strings.Contains(c.logged.String(), secret) {
			t.Errorf("the %s is told", name)
		}
	}
}
