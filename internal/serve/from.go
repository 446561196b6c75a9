package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// From asks the endpoint at a socket. Its errors are [*Refusal]s: the socket's own
// pass through as they are.
func From(socket string) func(context.Context) (Credentials, error) {
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) (Credentials, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+socketHost+Path, nil)
		if err != nil {
			return Credentials{}, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return Credentials{}, &Refusal{http.StatusServiceUnavailable, "NoEndpoint", fmt.Sprintf("nothing answers at %s: is \"portico serve --socket\" still running on the host?", socket)}
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
		return Credentials{}, &Refusal{http.StatusBadGateway, "NoEndpoint", fmt.Sprintf("what answers at %s is no endpoint of portico's", socket)}
	}
}
