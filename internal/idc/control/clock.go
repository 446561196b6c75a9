package control

import (
	"context"
	"net/url"
	"time"
)

// Clock is what time an Identity Center goes by.
type Clock struct {
	Now  time.Time `json:"now"`  // by which it judges what it has issued
	Skew Duration  `json:"skew"` // by how much its Date header and its clock for signatures are ahead of that
}

type byRequest struct {
	By Duration `json:"by"`
}

// Clock asks what time it is.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	var clock Clock
	err := c.get(ctx, "clock", nil, &clock)
	return clock, err
}

// AdvanceClock makes everything that was issued so far older.
func (c *Client) AdvanceClock(ctx context.Context, by time.Duration) error {
	return c.post(ctx, "advance-clock", byRequest{By: Duration(by)}, &done{})
}

// SkewClock sets by how much the Date header and the clock for signatures are
// ahead. Zero puts them right.
func (c *Client) SkewClock(ctx context.Context, by time.Duration) error {
	return c.post(ctx, "skew-clock", byRequest{By: Duration(by)}, &done{})
}

// maxMove is far beyond everything that lasts here, and far from where times end.
const maxMove = 10 * 365 * 24 * time.Hour

func (h *Handler) clock(context.Context, url.Values) (Clock, error) {
	return Clock{Now: h.now().UTC(), Skew: Duration(h.Clock.SkewedBy())}, nil
}

func (h *Handler) advanceClock(ctx context.Context, in byRequest) (done, error) {
	by := time.Duration(in.By)
	note(ctx, "by", by.String())
	if by <= 0 || by > maxMove {
		return done{}, invalidRequest("by: " + quote(by.String()) + " is no time to go forward by; write one like 90s, 10m or 8h, ten years at most")
	}
	return done{}, h.Clock.Advance(ctx, by)
}

func (h *Handler) skewClock(ctx context.Context, in byRequest) (done, error) {
	by := time.Duration(in.By)
	note(ctx, "by", by.String())
	if by < -maxMove || by > maxMove {
		return done{}, invalidRequest("by: " + quote(by.String()) + " is more than ten years")
	}
	h.Clock.Skew(by)
	return done{}, nil
}
