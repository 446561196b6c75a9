package control

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client steers one Identity Center.
type Client struct {
	Record Record
	HTTP   *http.Client // nil: straight to the address, past any proxy
}

// Info describes an Identity Center.
type Info struct {
	ID       string   `json:"id"`
	Address  string   `json:"address"`
	StartURL string   `json:"start_url"`
	Region   string   `json:"region"`
	Users    []string `json:"users"` // names, in the organisation's order
}

// Error is what the Identity Center answered instead of doing it.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code"` // unknown_user, invalid_grant, …
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

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

type proofReply struct {
	Proof string `json:"proof"`
}

type done struct{}

// Info asks who is there.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	err := c.do(ctx, http.MethodGet, "info", nil, &info)
	return info, err
}

// SignIn signs a person in and returns the cookie their browser would have.
func (c *Client) SignIn(ctx context.Context, user string) (*http.Cookie, error) {
	var reply signInReply
	if err := c.do(ctx, http.MethodPost, "sign-in", signInRequest{User: user}, &reply); err != nil {
		return nil, err
	}
	return &http.Cookie{Name: reply.CookieName, Value: reply.CookieValue, Path: "/"}, nil
}

// DecideDevice allows or denies, as a person, the device sign-in that shows this
// user code.
func (c *Client) DecideDevice(ctx context.Context, user, userCode string, allow bool) error {
	return c.do(ctx, http.MethodPost, "decide-device", decideDeviceRequest{User: user, UserCode: userCode, Allow: allow}, &done{})
}

func (c *Client) do(ctx context.Context, method, operation string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Record.Address, "/")+Path+operation, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Record.Key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return send(c.HTTP, req, out)
}

// maxReply bounds what is read of an answer; a large organisation has long
// lists of people.
const maxReply = 16 << 20

func send(httpClient *http.Client, req *http.Request, out any) error {
	// The key goes nowhere but to the address of the record.
	resp, err := HTTPClient(httpClient).Do(req)
	if err != nil {
		return fmt.Errorf("speak to the Identity Center at %s://%s: %w", req.URL.Scheme, req.URL.Host, Cause(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return fmt.Errorf("read the answer of the Identity Center at %s: %w", req.URL.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		refusal := &Error{Status: resp.StatusCode}
		if json.Unmarshal(data, refusal) != nil || refusal.Message == "" {
			refusal.Message = fmt.Sprintf("%s answered %s", req.URL.Host, resp.Status)
		}
		return refusal
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s does not answer as an Identity Center would", req.URL.Host)
	}
	return nil
}

// proveTimeout is how long an Identity Center may take to answer for itself.
const proveTimeout = time.Second

// prove returns nil when whoever listens at the address knows the record's key.
// The key itself is not sent.
func prove(ctx context.Context, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, proveTimeout)
	defer cancel()
	nonce := rand.Text()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.Address, "/")+Path+"proof?nonce="+nonce, nil)
	if err != nil {
		return err
	}
	var reply proofReply
	if err := send(nil, req, &reply); err != nil {
		return err
	}
	if !hmac.Equal([]byte(reply.Proof), []byte(proof(r.Key, nonce))) {
		return fmt.Errorf("%s is held by something else", r.Address)
	}
	return nil
}
