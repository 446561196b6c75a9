package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// overloadRetry is when to come back after too many requests were waiting.
const overloadRetry = 10 * time.Second

// authorize takes the authorization request of RFC 6749 section 4.1.1. Whatever
// is wrong with it is told to the person: who sent it is not known yet, so the
// browser is sent nowhere.
func (v *visit) authorize() error {
	query, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil {
		return faultBadRequest("The address of this sign-in is damaged: part of it cannot be read.")
	}
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "scope", "scopes"} {
		if len(query[name]) > 1 {
			return faultBadRequest("The program sent " + name + " more than once.")
		}
	}
	// The AWS CLI says scopes where RFC 6749 and other clients say scope.
	scopes := append(strings.Fields(query.Get("scope")), strings.Fields(query.Get("scopes"))...)
	v.event.Request = map[string]string{"redirectUri": withoutQuery(query.Get("redirect_uri")), "scopes": strings.Join(scopes, " ")}
	id, err := v.Grant.BeginAuthorization(v.r.Context(), v.now, grant.AuthorizeParams{
		ResponseType:        query.Get("response_type"),
		ClientID:            query.Get("client_id"),
		RedirectURI:         query.Get("redirect_uri"),
		State:               query.Get("state"),
		CodeChallenge:       query.Get("code_challenge"),
		CodeChallengeMethod: query.Get("code_challenge_method"),
		Scopes:              scopes,
		Origin:              grant.Origin{Address: remoteAddress(v.r), UserAgent: v.r.UserAgent()},
		Script:              v.script,
	})
	if refused, ok := errors.AsType[*grant.Error](err); ok {
		v.refusedBy(refused)
		switch refused.Code {
		case grant.CodeInvalidClient:
			return faultUnknownClient()
		case grant.CodeInvalidRedirectURI:
			return faultRedirect(refused.Description)
		case grant.CodeSlowDown:
			return &fault{
				status: http.StatusServiceUnavailable, retry: overloadRetry, code: "SlowDownException",
				title: "Too many sign-ins are waiting",
				text:  "More programs are waiting for an answer than this Identity Center keeps at a time.",
				cure:  "Wait " + inWords(overloadRetry) + ", then start again from the program.",
			}
		}
		f := faultBadRequest("The request does not hold what a sign-in needs. It was refused with: " + refused.Description + ".")
		f.code = "" // refusedBy said it better
		return f
	}
	if err != nil {
		return err
	}
	v.event.Workflow = grant.Workflow(id)
	return v.seeOther(consentAddress(id))
}

// script finds what decides a sign-in of such a client in a person's stead, if
// anything does. It is asked when the client is known.
func (v *visit) script(ctx context.Context, clientName string) (grant.Script, error) {
	v.event.Client, v.event.ClientID = clientName, v.r.URL.Query().Get("client_id")
	d, user, found, err := v.Directory.DecisionFor(ctx, clientName, grant.FlowAuthorizationCode)
	if err != nil || !found {
		return grant.Script{}, err
	}
	return grant.Script{UserID: user.ID, Answer: d.Answer, After: d.After}, nil
}

// withoutQuery is an address without what could carry a secret.
func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.Path
}

func consentAddress(requestID string) string {
	return localPath("/consent", url.Values{"request": {requestID}})
}
