package control

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// Info describes an Identity Center.
type Info struct {
	ID       string   `json:"id"`
	Address  string   `json:"address"`
	StartURL string   `json:"start_url"`
	Region   string   `json:"region"`
	Users    []string `json:"users"` // names, in the organisation's order
}

type proofReply struct {
	Proof string `json:"proof"`
}

type signInRequest struct {
	User string `json:"user"`
}

type signInReply struct {
	CookieName  string `json:"cookie_name"`
	CookieValue string `json:"cookie_value"`
}

type decideDeviceRequest struct {
	User     string `json:"user"`
	UserCode string `json:"user_code"`
	Allow    bool   `json:"allow"`
}

type done struct{}

// Info asks who is there.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	err := c.get(ctx, "info", nil, &info)
	return info, err
}

// SignIn signs a person in and returns the cookie their browser would have.
func (c *Client) SignIn(ctx context.Context, user string) (*http.Cookie, error) {
	var reply signInReply
	if err := c.post(ctx, "sign-in", signInRequest{User: user}, &reply); err != nil {
		return nil, err
	}
	return &http.Cookie{Name: reply.CookieName, Value: reply.CookieValue, Path: "/"}, nil
}

// DecideDevice allows or denies, as a person, the device sign-in that shows this
// user code.
func (c *Client) DecideDevice(ctx context.Context, user, userCode string, allow bool) error {
	return c.post(ctx, "decide-device", decideDeviceRequest{User: user, UserCode: userCode, Allow: allow}, &done{})
}

// A nonce is long enough not to be met twice, and short.
const (
	minNonce = 16
	maxNonce = 128
)

func proof(key, nonce string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("portico control proof\n" + nonce))
	return hex.EncodeToString(mac.Sum(nil))
}

func (h *Handler) proof(_ context.Context, query url.Values) (proofReply, error) {
	nonce := query.Get("nonce")
	if len(nonce) < minNonce || len(nonce) > maxNonce {
		return proofReply{}, invalidRequest("a nonce of 16 to 128 characters is missing")
	}
	return proofReply{Proof: proof(h.Key, nonce)}, nil
}

func (h *Handler) info(ctx context.Context, _ url.Values) (Info, error) {
	instance, err := h.Directory.Instance(ctx)
	if err != nil {
		return Info{}, err
	}
	users, err := h.Directory.Users(ctx)
	if err != nil {
		return Info{}, err
	}
	info := Info{ID: ID(h.Key), Address: h.Address, StartURL: instance.StartURL, Region: instance.Region, Users: []string{}}
	for _, u := range users {
		info.Users = append(info.Users, u.Name)
	}
	return info, nil
}

func (h *Handler) signIn(ctx context.Context, in signInRequest) (signInReply, error) {
	note(ctx, "user", in.User)
	cookie, _, err := h.startSession(ctx, in.User)
	if err != nil {
		return signInReply{}, err
	}
	return signInReply{CookieName: h.CookieName, CookieValue: cookie}, nil
}

// decideDevice does what a person does with a user code: enter it, and decide.
// The session stays, because the tokens end with it.
func (h *Handler) decideDevice(ctx context.Context, in decideDeviceRequest) (done, error) {
	answer := "deny"
	if in.Allow {
		answer = "allow"
	}
	note(ctx, "user", in.User, "answer", answer)
	events.Of(ctx).Workflow = h.Grant.WorkflowOfUserCode(ctx, in.UserCode)
	_, sess, err := h.startSession(ctx, in.User)
	if err != nil {
		return done{}, err
	}
	request, err := h.Grant.ConfirmUserCode(ctx, h.now(), sess, in.UserCode)
	if err == nil {
		_, err = h.Grant.Decide(ctx, h.now(), sess, request.ID, in.Allow)
	}
	if err != nil || !in.Allow {
		err = errors.Join(err, h.Grant.EndSession(ctx, h.now(), sess))
	}
	return done{}, err
}

func (h *Handler) startSession(ctx context.Context, name string) (cookie string, sess grant.Session, err error) {
	u, err := h.person(ctx, name)
	if err != nil {
		return "", sess, err
	}
	if u.Disabled {
		return "", sess, disabledError(u)
	}
	cookie, sess, err = h.Grant.StartSession(ctx, h.now(), u.ID)
	events.Of(ctx).SessionID = sess.ID
	return cookie, sess, err
}

// disabledError says that a person can answer nothing as long as they are disabled.
func disabledError(u directory.User) *Error {
	return &Error{Status: http.StatusForbidden, Code: "user_disabled", Message: u.Name + " is disabled; enable them first (set-user, or portico local user enable)"}
}
