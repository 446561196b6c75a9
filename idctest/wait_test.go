package idctest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

// A long poll outlasts the server's limit on requests, and does not hold up its
// end.
func TestLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := New(t)
		go func() {
			time.Sleep(25 * time.Second)
			if err := ic.Revoke(t.Context(), "alice"); err != nil {
				t.Error(err)
			}
		}()
		began := time.Now()
		page, err := ic.control.Events(t.Context(), control.EventsQuery{Operation: "Revoke", Wait: 30 * time.Second})
		if took := time.Since(began); err != nil || len(page.Events) != 1 || took.Truncate(time.Second) != 25*time.Second {
			t.Errorf("got %+v, %v after %s", page, err, took)
		}

		answered := make(chan error)
		go func() {
			_, err := ic.control.Events(context.Background(), control.EventsQuery{After: page.Next, Wait: 30 * time.Second})
			answered <- err
		}()
		time.Sleep(15 * time.Second)
		began = time.Now()
		closed := make(chan error)
		go func() { closed <- ic.Close() }()
		if err := <-answered; err != nil {
			t.Error(err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the end took %s", took)
		}
	})
}
