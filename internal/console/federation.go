package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Credentials are temporary ones, of a role or a federated user.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// How long a console session may be asked to last.
const (
	ShortestSession = 15 * time.Minute
	LongestSession  = 12 * time.Hour
)

// Federation is AWS's federation endpoint.
type Federation struct {
	Place    Place
	HTTP     *http.Client
	Endpoint string // in place of AWS's own, without the path; "" is AWS's
	// LogOutFirst takes whoever follows the address out of the console session that
	// their browser is in.
	LogOutFirst bool
}

func (f *Federation) address() string {
	if f.Endpoint != "" {
		return strings.TrimRight(f.Endpoint, "/")
	}
	return "https://" + f.Place.signinHost(f.LogOutFirst)
}

// posts tells whether the endpoint is known to take the credentials in the body.
// The address, which is the documented place for them, ends in logs on the way.
func (f *Federation) posts() bool {
	return f.Endpoint != "" || f.Place.Partition == "aws" || f.Place.Partition == "aws-cn"
}

// A RefusedError says that the endpoint gave no sign-in token. AWS does not say
// why.
type RefusedError struct {
	Status int
	Reason string // where it does: what some other endpoint says
}

func (e *RefusedError) Error() string {
	if e.Reason != "" {
		return "the federation endpoint gives no console session: " + e.Reason
	}
	return fmt.Sprintf("the federation endpoint gives no console session: %d %s", e.Status, http.StatusText(e.Status))
}

// LoginURL makes the address that signs a browser in to the console, at a page of
// it: a secret, for a quarter of an hour. The session lasts as long as asked; for
// zero, which alone is for credentials from role chaining and of GetFederationToken,
// as long as the credentials do. Errors of the network are url.Errors whose address
// has no query.
func (f *Federation) LoginURL(ctx context.Context, c Credentials, lasts time.Duration, issuer, page string) (string, error) {
	token, err := f.signinToken(ctx, c, lasts)
	if err != nil {
		return "", err
	}
	login := f.address() + "/federation?" + url.Values{
		"Action": {"login"}, "Issuer": {issuer}, "Destination": {page}, "SigninToken": {token},
	}.Encode()
	if f.LogOutFirst {
		login = f.address() + "/oauth?" + url.Values{"Action": {"logout"}, "redirect_uri": {login}}.Encode()
	}
	return login, nil
}

// maxAnswer bounds what is read of an answer. A token has some 1.5 kB.
const maxAnswer = 64 << 10

func (f *Federation) signinToken(ctx context.Context, c Credentials, lasts time.Duration) (string, error) {
	session, err := json.Marshal(struct {
		ID    string `json:"sessionId"`
		Key   string `json:"sessionKey"`
		Token string `json:"sessionToken"`
	}{c.AccessKeyID, c.SecretAccessKey, c.SessionToken})
	if err != nil {
		return "", err
	}
	form := url.Values{"Action": {"getSigninToken"}, "SessionType": {"json"}, "Session": {string(session)}}
	if lasts > 0 {
		form.Set("SessionDuration", strconv.Itoa(int(lasts/time.Second)))
	}
	method, at, body := http.MethodGet, f.address()+"/federation?"+form.Encode(), ""
	if f.posts() {
		method, at, body = http.MethodPost, f.address()+"/federation", form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
	if err != nil {
		return "", errors.New("the address of the federation endpoint is none")
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := f.HTTP.Do(req)
	if err != nil {
		return "", withoutQuery(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", withoutQuery(&url.Error{Op: method, URL: at, Err: err})
	}
	if resp.StatusCode != http.StatusOK {
		refused := &RefusedError{Status: resp.StatusCode}
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/plain" {
			refused.Reason, _, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
		}
		return "", refused
	}
	var answer struct{ SigninToken string }
	if err := json.Unmarshal(text, &answer); err != nil || answer.SigninToken == "" {
		return "", &RefusedError{Status: resp.StatusCode, Reason: "its answer has no sign-in token"}
	}
	return answer.SigninToken, nil
}

// withoutQuery takes out of an error what of the address is a secret.
func withoutQuery(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	at, _, _ := strings.Cut(failed.URL, "?")
	return &url.Error{Op: failed.Op, URL: at, Err: failed.Err}
}

// PortalLink leads to the console through the access portal at a start URL, which
// signs in whoever is not. page may be "".
func PortalLink(startURL, account, role, page string) string {
	startURL, _, _ = strings.Cut(startURL, "#")
	query := "account_id=" + url.QueryEscape(account) + "&role_name=" + url.QueryEscape(role)
	if page != "" {
		query += "&destination=" + url.QueryEscape(page)
	}
	return strings.TrimRight(startURL, "/") + "/#/console?" + query
}
