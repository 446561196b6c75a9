package catalog_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
)

// An answer that breaks off is asked for again, and when that does not help said
// to be broken off.
func TestAnswerThatBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		list := signedIn(t, ic)
		for _, op := range []struct {
			name string
			ask  func() error
		}{
			{"ListAccounts", func() error { _, err := list.Accounts(t.Context()); return err }},
			{"ListAccountRoles", func() error { _, err := list.Roles(t.Context(), "111111111111"); return err }},
		} {
			if _, err := ic.Inject(t.Context(), idctest.Fault{Op: op.name, Truncate: true, Count: 2}); err != nil {
				t.Fatal(err)
			}
			if err := op.ask(); err != nil {
				t.Errorf("%s: got %v, want the answer to the third try", op.name, err)
			}
			always, err := ic.Inject(t.Context(), idctest.Fault{Op: op.name, Truncate: true})
			if err != nil {
				t.Fatal(err)
			}
			err = op.ask()
			if e, ok := errors.AsType[*signin.ConnectionError](err); !ok || !e.BrokeOff() || always.Acted() != 3 {
				t.Errorf("%s: got %v after %d tries, want ConnectionError after 3", op.name, err, always.Acted())
			}
		}
	})
}
