package control

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

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

func (h *Handler) proof(r *http.Request) (any, error) {
	nonce := r.URL.Query().Get("nonce")
	if len(nonce) < minNonce || len(nonce) > maxNonce {
		return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "a nonce is missing"}
	}
	return proofReply{Proof: proof(h.Key, nonce)}, nil
}

func (h *Handler) info(r *http.Request) (any, error) {
	instance, err := h.Directory.Instance(r.Context())
	if err != nil {
		return nil, err
	}
	users, err := h.Directory.Users(r.Context())
	if err != nil {
		return nil, err
	}
	info := Info{ID: ID(h.Key), Address: h.Address, StartURL: instance.StartURL, Region: instance.Region, Users: []string{}}
	for _, u := range users {
		info.Users = append(info.Users, u.Name)
	}
	return info, nil
}

func (h *Handler) signIn(ctx context.Context, in signInRequest) (any, error) {
	cookie, _, err := h.session(ctx, in.User)
	if err != nil {
		return nil, err
	}
	return signInReply{CookieName: h.CookieName, CookieValue: cookie}, nil
}

// decideDevice does what a person does with a user code: enter it, and decide.
// The session stays, because the tokens end with it.
func (h *Handler) decideDevice(ctx context.Context, in decideDeviceRequest) (any, error) {
	_, sess, err := h.session(ctx, in.User)
	if err != nil {
		return nil, err
	}
	request, err := h.Grant.ConfirmUserCode(ctx, h.now(), sess, in.UserCode)
	if err == nil {
		_, err = h.Grant.Decide(ctx, h.now(), sess, request.ID, in.Allow)
	}
	if err != nil || !in.Allow {
		err = errors.Join(err, h.Grant.EndSession(ctx, h.now(), sess))
	}
	if err != nil {
		return nil, err
	}
	return done{}, nil
}

func (h *Handler) session(ctx context.Context, name string) (cookie string, sess grant.Session, err error) {
	u, err := h.Directory.UserByName(ctx, name)
	if errors.Is(err, directory.ErrNotFound) {
		return "", sess, &Error{Status: http.StatusNotFound, Code: "unknown_user", Message: "nobody here is called " + strconv.Quote(name)}
	}
	if err != nil {
		return "", sess, err
	}
	if u.Disabled {
		return "", sess, &Error{Status: http.StatusForbidden, Code: "user_disabled", Message: u.Name + " is disabled"}
	}
	return h.Grant.StartSession(ctx, h.now(), u.ID)
}
