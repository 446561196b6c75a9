package awsapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func (h *Handler) serveOIDC(x *exchange) (any, error) {
	if x.operation == "CreateTokenWithIAM" {
		return nil, h.notServed(x)
	}
	if media := mediaType(x.r); media != "application/json" {
		// A page can send text and forms anywhere without asking first.
		return nil, x.fault(named{http.StatusUnsupportedMediaType, "InvalidRequestException"},
			"Content-Type must be application/json")
	}
	o, err := parseObject(x.body)
	if err != nil {
		return nil, x.malformed(err)
	}
	var reply any
	switch x.operation {
	case "RegisterClient":
		reply, err = h.registerClient(x, o)
	case "StartDeviceAuthorization":
		reply, err = h.startDeviceAuthorization(x, o)
	default:
		reply, err = h.createToken(x, o)
	}
	if refusal, ok := errors.AsType[*grant.Error](err); ok {
		if refusal.ClientName != "" { // else the id may be anything
			x.event.Client = refusal.ClientName
			x.event.ClientID, _ = o.text("clientId")
		}
		h.person(x, refusal.UserID, refusal.Workflow)
		return nil, oauthFault(refusal)
	}
	return reply, err
}

func (x *exchange) malformed(err error) *fault {
	return x.fault(x.words().malformed, "%s", err)
}

// oauthFault gives an OAuth error the exception that the SDKs know it by.
func oauthFault(e *grant.Error) *fault {
	for _, known := range oidcExceptions {
		if known.oauth == e.Code {
			return &fault{status: known.status, code: known.code, oauth: e.Code, message: e.Description}
		}
	}
	return &fault{status: http.StatusBadRequest, code: oidcWords.malformed.code, oauth: grant.CodeInvalidRequest, message: e.Description}
}

// members reads several members of one request; the first failure stays.
type members struct {
	o   object
	err error
}

func (m *members) text(name string) string { return member(m, m.o.text, name) }

func (m *members) required(name string) string { return member(m, m.o.required, name) }

func (m *members) texts(name string) []string { return member(m, m.o.texts, name) }

func member[T any](m *members, read func(string) (T, error), name string) (v T) {
	if m.err != nil {
		return v
	}
	v, m.err = read(name)
	return v
}

type registerClientReply struct {
	ClientID              string `json:"clientId"`
	ClientSecret          string `json:"clientSecret"`
	ClientIDIssuedAt      int64  `json:"clientIdIssuedAt"`
	ClientSecretExpiresAt int64  `json:"clientSecretExpiresAt"`
	AuthorizationEndpoint string `json:"authorizationEndpoint"`
	TokenEndpoint         string `json:"tokenEndpoint"`
}

func (h *Handler) registerClient(x *exchange, o object) (any, error) {
	m := members{o: o}
	registration := grant.Registration{
		Name:         m.required("clientName"),
		Type:         m.required("clientType"),
		Scopes:       m.texts("scopes"),
		RedirectURIs: m.texts("redirectUris"),
		GrantTypes:   m.texts("grantTypes"),
		IssuerURL:    m.text("issuerUrl"),
	}
	m.text("entitledApplicationArn") // means nothing here
	if m.err != nil {
		return nil, x.malformed(m.err)
	}
	if registration.IssuerURL != "" {
		if err := h.checkStartURL(x, "issuerUrl", registration.IssuerURL); err != nil {
			return nil, err
		}
	}
	x.parameter("clientName", registration.Name)
	client, secret, err := h.Grant.RegisterClient(x.context(), x.now, registration)
	if err != nil {
		return nil, err
	}
	x.event.ClientID, x.event.Client = client.ID, client.Name
	return registerClientReply{
		ClientID: client.ID, ClientSecret: secret,
		ClientIDIssuedAt: client.IssuedAt.Unix(), ClientSecretExpiresAt: client.ExpiresAt.Unix(),
		// Some clients guess AWS's own host when these are empty.
		AuthorizationEndpoint: h.BaseURL + "/authorize", TokenEndpoint: h.BaseURL + "/token",
	}, nil
}

type deviceReply struct {
	DeviceCode              string `json:"deviceCode"`
	ExpiresIn               int64  `json:"expiresIn"`
	Interval                int64  `json:"interval"`
	UserCode                string `json:"userCode"`
	VerificationURI         string `json:"verificationUri"`
	VerificationURIComplete string `json:"verificationUriComplete"`
}

func (h *Handler) startDeviceAuthorization(x *exchange, o object) (any, error) {
	m := members{o: o}
	id, secret, startURL := m.required("clientId"), m.required("clientSecret"), m.required("startUrl")
	if m.err != nil {
		return nil, x.malformed(m.err)
	}
	x.parameter("startUrl", plainURL(startURL))
	if err := h.checkStartURL(x, "startUrl", startURL); err != nil {
		return nil, err
	}
	d, err := h.Grant.StartDevice(x.context(), x.now, id, secret, startURL, grant.DeviceOptions{Origin: x.origin(), Script: h.script})
	if err != nil {
		return nil, err
	}
	x.event.ClientID = id
	x.event.Client, x.event.Workflow = d.ClientName, d.Workflow
	page := h.BaseURL + "/device"
	return deviceReply{
		DeviceCode: d.DeviceCode, ExpiresIn: seconds(d.ExpiresIn), Interval: max(1, seconds(d.Interval)),
		UserCode: d.UserCode, VerificationURI: page, VerificationURIComplete: page + "?user_code=" + d.UserCode,
	}, nil
}

type tokenReply struct {
	AccessToken  string `json:"accessToken"`
	TokenType    string `json:"tokenType"`
	ExpiresIn    int64  `json:"expiresIn"`
	RefreshToken string `json:"refreshToken,omitempty"`
}

func (h *Handler) createToken(x *exchange, o object) (any, error) {
	m := members{o: o}
	id, secret, grantType := m.required("clientId"), m.required("clientSecret"), m.required("grantType")
	m.texts("scope") // has no effect
	var redeem func(ctx context.Context) (grant.Tokens, error)
	switch grantType {
	case grant.GrantDeviceCode:
		code := m.required("deviceCode")
		redeem = func(ctx context.Context) (grant.Tokens, error) {
			return h.Grant.RedeemDevice(ctx, x.now, id, secret, code)
		}
	case grant.GrantAuthorizationCode:
		code, redirectURI, verifier := m.required("code"), m.required("redirectUri"), m.required("codeVerifier")
		redeem = func(ctx context.Context) (grant.Tokens, error) {
			return h.Grant.RedeemCode(ctx, x.now, id, secret, code, redirectURI, verifier)
		}
	case grant.GrantRefreshToken:
		token := m.required("refreshToken")
		redeem = func(ctx context.Context) (grant.Tokens, error) {
			return h.Grant.Refresh(ctx, x.now, id, secret, token)
		}
	default:
		if m.err == nil {
			return nil, &grant.Error{Code: grant.CodeUnsupportedGrantType, Description: "Unsupported grant type provided"}
		}
	}
	if m.err != nil {
		return nil, x.malformed(m.err)
	}
	x.parameter("grantType", grantType)
	t, err := redeem(x.context())
	if err != nil {
		return nil, err
	}
	x.event.ClientID = id
	x.event.Client, x.event.SessionID = t.ClientName, t.SessionID
	h.person(x, t.UserID, t.Workflow)
	return tokenReply{AccessToken: t.AccessToken, TokenType: "Bearer", ExpiresIn: seconds(t.ExpiresIn), RefreshToken: t.RefreshToken}, nil
}

// origin says who called.
func (x *exchange) origin() grant.Origin {
	return grant.Origin{Address: RemoteAddress(x.r), UserAgent: x.r.UserAgent()}
}

// script finds what decides a device sign-in of such a client in a person's
// stead, if anything does.
func (h *Handler) script(ctx context.Context, clientName string) (grant.Script, error) {
	d, user, found, err := h.Directory.DecisionFor(ctx, clientName, grant.FlowDevice)
	if err != nil || !found {
		return grant.Script{}, err
	}
	return grant.Script{UserID: user.ID, Answer: d.Answer, After: d.After}, nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// checkStartURL refuses the start URL of another Identity Center: a profile
// that was meant for a real one would else sign in here and then find strange
// accounts. The address of the page where people sign in serves as well, by any
// name under which requests get here.
func (h *Handler) checkStartURL(x *exchange, name, startURL string) error {
	instance, err := h.Directory.Instance(x.context())
	if err != nil {
		return err
	}
	known := []string{instance.StartURL}
	if h.StartURLs != nil {
		known = h.StartURLs(instance)
	}
	asked := normalURL(startURL)
	if asked != "" && (slices.ContainsFunc(known, func(u string) bool { return asked == normalURL(u) }) || h.isStartPage(asked)) {
		return nil
	}
	return x.fault(x.words().malformed, "%s is not the start URL of this Identity Center, which is %s", name, instance.StartURL)
}

func (h *Handler) isStartPage(asked string) bool {
	if asked == normalURL(h.BaseURL+"/start") {
		return true
	}
	u, err := url.Parse(asked)
	return err == nil && h.OwnHost != nil && strings.HasPrefix(h.BaseURL, u.Scheme+"://") && u.Path == "/start" && h.OwnHost(u.Host)
}

// normalURL makes the forms equal in which people copy a start URL: with a
// slash or "#/" at the end, and with capitals in the host.
func normalURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	return strings.ToLower(u.Scheme+"://"+u.Host) + strings.TrimRight(u.Path, "/")
}
