package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/signin"
)

// A watch goes on through what passes, and ends with what does not, or with the
// person. What fails at the first time is not waited for.
func TestWatch(t *testing.T) {
	network := &signin.ConnectionError{Cause: errors.New("no route")}
	required := &signin.RequiredError{Session: signin.Session{Name: "corp"}}
	for _, c := range []struct {
		name    string
		answers []error
		want    error
		lasts   time.Duration
	}{
		{"the sign-in ends", []error{nil, nil, nil, required}, required, 3 * time.Minute},
		{"the network is away for a while", []error{nil, network, network, nil, required}, required, 4 * time.Minute},
		{"it never worked", []error{network}, network, 0},
		{"the person ends it", []error{nil, nil, nil}, context.Canceled, 150 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said strings.Builder
				w := &write{app: &App{Name: "portico", Stderr: &said, Stdout: &said, Env: []string{}, Home: t.TempDir()}}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				began, n := time.Now(), 0
				err := w.watch(ctx, func() error {
					answer := c.answers[n]
					if n++; n == len(c.answers) && answer == nil {
						time.AfterFunc(watchEvery/2, stop)
					}
					return answer
				})
				if !errors.Is(err, c.want) || time.Since(began) != c.lasts || n != len(c.answers) {
					t.Errorf("got %v after %v and %d runs, want %v after %v", err, time.Since(began), n, c.want, c.lasts)
				}
				if tried := strings.Count(said.String(), "no route"); strings.HasPrefix(c.name, "the network") && tried != 2 {
					t.Errorf("the trouble was told %d times:\n%s", tried, &said)
				}
			})
		})
	}
}
