package sqlstore_test

import (
	"context"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
	directorytest "github.com/portico-sso/portico/internal/idc/directory/conformance"
	"github.com/portico-sso/portico/internal/idc/grant"
	granttest "github.com/portico-sso/portico/internal/idc/grant/conformance"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

func open(t testing.TB, dir string) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func TestGrantStore(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		granttest.Run(t, func(t testing.TB) grant.Store { return open(t, t.TempDir()).Grant() })
	})
	t.Run("memory", func(t *testing.T) {
		granttest.Run(t, func(t testing.TB) grant.Store { return open(t, "").Grant() })
	})
}

func TestDirectoryStore(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		directorytest.Run(t, func(t testing.TB) directory.Store { return open(t, t.TempDir()).Directory() })
	})
	t.Run("memory", func(t *testing.T) {
		directorytest.Run(t, func(t testing.TB) directory.Store { return open(t, "").Directory() })
	})
}
