package browse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

const (
	// Some clients open the browser first and listen a moment later.
	firstTry     = 300 * time.Millisecond
	betweenTries = 250 * time.Millisecond
	keepTrying   = 10 * time.Second
	maxAnswer    = 64 << 10
)

// Deliver opens the callback of a client on this machine, as the browser would
// by following the last redirect. While nothing listens there it tries again,
// for ten seconds. Errors never hold the address: a code is in it.
func Deliver(ctx context.Context, httpClient *http.Client, callback string) error {
	u, err := url.Parse(callback)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return errors.New("the callback is no web address")
	}
	if !control.Loopback(u.Hostname()) {
		return fmt.Errorf("the callback leads to %s, which is not this machine: open it in a browser", u.Host)
	}
	client := withoutCookies(control.Record{}, httpClient)
	wait := firstTry
	for began := time.Now(); ; wait = betweenTries {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		err := open(ctx, client, u)
		if !control.NothingListens(err) {
			return err
		}
		if time.Since(began) >= keepTrying {
			return fmt.Errorf("nothing listens at the callback %s: %w", u.Host, err)
		}
	}
}

func open(ctx context.Context, client *http.Client, u *url.URL) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("the callback is no web address")
	}
	req.Header.Set("Accept", "text/html")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("open the callback at %s: %w", u.Host, control.Cause(err))
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return fmt.Errorf("read the answer of the callback at %s: %w", u.Host, err)
	}
	// A client that is told of a denial may well answer with an error page.
	if resp.StatusCode >= 400 && !u.Query().Has("error") {
		return fmt.Errorf("the callback at %s answered %s", u.Host, resp.Status)
	}
	return nil
}
