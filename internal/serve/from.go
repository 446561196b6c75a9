package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// A Far is an endpoint somewhere else: at a socket, or at a port of the host that a
// container runs on.
type Far struct {
	Socket string // path; "": there is a port

	URL   string // as its clients on the host have it, http://127.0.0.1:PORT/credentials
	Host  string // by which name the host is reached from here
	Token string
}

// From asks an endpoint somewhere else. Its errors are [*Refusal]s: those of the
// endpoint pass through as they are.
func From(far Far) (func(context.Context) (Credentials, error), error) {
	address, network, dial := "http://"+socketHost+Path, "unix", far.Socket
	if far.Socket == "" {
		u, err := url.Parse(far.URL)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != Path || u.RawQuery != "" {
			return nil, fmt.Errorf("%q is no address of an endpoint of portico's", far.URL)
		}
		address, network, dial = u.String(), "tcp", net.JoinHostPort(far.Host, cmp.Or(u.Port(), "80"))
	}
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, dial)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) (Credentials, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return Credentials{}, err
		}
		if far.Token != "" {
			r.Header.Set("Authorization", far.Token)
		}
		answer, err := client.Do(r)
		if err != nil {
			return Credentials{}, &Refusal{http.StatusServiceUnavailable, "NoEndpoint", fmt.Sprintf("nothing answers at %s: is \"portico serve\" still running on the host?", dial)}
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		if err == nil && answer.StatusCode != http.StatusOK {
			f := Refusal{Status: answer.StatusCode}
			if json.Unmarshal(data, &f) == nil && f.Code != "" && f.Status >= 400 && f.Status < 600 {
				return Credentials{}, &f
			}
		}
		var d document
		if err == nil && answer.StatusCode == http.StatusOK && json.Unmarshal(data, &d) == nil && d.AccessKeyID != "" {
			expires, err := time.Parse(time.RFC3339, d.Expiration)
			if err == nil {
				return Credentials{AccessKeyID: d.AccessKeyID, SecretAccessKey: d.SecretAccessKey, SessionToken: d.Token, Expiration: expires, AccountID: d.AccountID}, nil
			}
		}
		return Credentials{}, &Refusal{http.StatusBadGateway, "NoEndpoint", fmt.Sprintf("what answers at %s is no endpoint of portico's", dial)}
	}, nil
}
