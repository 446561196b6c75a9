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
	"net/url"
	"strings"
	"time"
)

// Client steers one Identity Center.
type Client struct {
	Record Record
	HTTP   *http.Client // nil: straight to the address, past any proxy
}

// Error is what the Identity Center answered instead of doing it.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code"` // unknown_user, invalid_grant, …
	Message string `json:"message"`

	retryAfter time.Duration
}

func (e *Error) Error() string { return e.Message }

// Value reports whether a value of the request is what was wrong: there is no such
// thing or person, or no such operation to fault.
func (e *Error) Value() bool {
	return e.Status == http.StatusNotFound || e.Code == "invalid_request" || e.Code == "invalid_fault"
}

// get asks. Parameters that are empty are left out.
func (c *Client) get(ctx context.Context, operation string, query url.Values, out any) error {
	for name, values := range query {
		if len(values) == 0 || values[0] == "" {
			delete(query, name)
		}
	}
	if len(query) > 0 {
		operation += "?" + query.Encode()
	}
	return c.do(ctx, http.MethodGet, operation, nil, out)
}

// post changes something.
func (c *Client) post(ctx context.Context, operation string, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, operation, data, out)
}

func (c *Client) do(ctx context.Context, method, operation string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Record.Address, "/")+Path+operation, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Record.Key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return send(c.Record.HTTPClient(c.HTTP), req, out)
}

// maxReply bounds what is read of an answer: ten thousand events are long.
const maxReply = 64 << 20

func send(httpClient *http.Client, req *http.Request, out any) error {
	// The key goes nowhere but to the address of the record.
	resp, err := httpClient.Do(req)
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
	if err := send(r.HTTPClient(nil), req, &reply); err != nil {
		return err
	}
	if !hmac.Equal([]byte(reply.Proof), []byte(proof(r.Key, nonce))) {
		return fmt.Errorf("%s is held by something else", r.Address)
	}
	return nil
}
