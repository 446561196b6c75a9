package browser_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
)

// consoleURL is the address that opens the console with credentials that the
// page shows as lines for a shell.
func consoleURL(t *testing.T, ic *idctest.IdentityCenter, shown, destination string) string {
	t.Helper()
	value := func(name string) string {
		_, rest, _ := strings.Cut(shown, "export "+name+"='")
		v, _, _ := strings.Cut(rest, "'")
		return v
	}
	session, err := json.Marshal(map[string]string{
		"sessionId": value("AWS_ACCESS_KEY_ID"), "sessionKey": value("AWS_SECRET_ACCESS_KEY"), "sessionToken": value("AWS_SESSION_TOKEN"),
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.PostForm(ic.URL+"/federation", url.Values{"Action": {"getSigninToken"}, "Session": {string(session)}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ SigninToken string }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("got %s %q", resp.Status, body)
	}
	return ic.URL + "/federation?" + url.Values{"Action": {"login"}, "Issuer": {"portico"}, "Destination": {destination}, "SigninToken": {answer.SigninToken}}.Encode()
}

func consolePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := window(t)
	b.goTo(ic.URL + "/console")
	b.sees(200, "Not signed in to the console", "No console session is open in this browser.")
	a.look(b, "console-none")
	b.goTo(ic.URL + "/federation")
	b.sees(400, "That leads to no console")
	a.look(b, "federation-wrong")
	b.goTo(ic.URL + "/oauth")
	b.sees(400, "That leads to no console")
	a.look(b, "oauth-wrong")

	// A link into AWS's portal works here as well, through the sign-in.
	const destination = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"
	link := ic.URL + "/start/#/console?" + url.Values{"account_id": {dev}, "role_name": {"AdministratorAccess"}, "destination": {destination}}.Encode()
	b.goTo(link)
	b.arriveAt("/signin", "Sign in")
	b.eventually(`document.querySelector("[name=next]").value.startsWith("/start/console?")`)
	b.signIn("alice", alicePassword)
	b.sees(200, "AWS Management Console", "as AdministratorAccess in dev", "eu-west-1", "in 8 hours", destination)
	a.look(b, "console")
	b.link("Your accounts")
	b.link("dev")
	b.link("Management console with AdministratorAccess")
	b.sees(200, "AWS Management Console", "us-east-1")
	b.goTo(ic.URL + "/start/console?account_id=" + dev + "&role_name=AdministratorAccess&destination=https://evil.test/")
	b.sees(400, "That leads to no console")
	a.look(b, "console-elsewhere")

	// A program's credentials open it in another account only after a sign-out.
	b.goTo(ic.URL)
	b.link("prod")
	b.link("Access keys of AdministratorAccess")
	b.button("Get credentials")
	shown := eval[map[string]string](b, snippetsScript)["bash, zsh"]
	b.goTo(consoleURL(t, ic, shown, destination))
	b.sees(409, "You must first log out before logging into a different AWS account")
	a.look(b, "console-log-out-first")
	b.link("Log out and go on")
	b.sees(200, "AWS Management Console", "AdministratorAccess in prod", destination)
	b.button("Sign out of the console")
	b.sees(200, "Not signed in to the console")

	used := consoleURL(t, ic, shown, "")
	b.goTo(used)
	b.sees(200, "AWS Management Console")
	b.goTo(used)
	b.sees(400, "The sign-in link does not work any more")
	a.look(b, "console-link-used")
	advance(t, ic, 9*time.Hour)
	b.goTo(ic.URL + "/console")
	b.sees(200, "Not signed in to the console", "is over")
	a.look(b, "console-over")
}
