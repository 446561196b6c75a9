package awsapi_test

import (
	"context"
	"errors"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

var errDisk = errors.New("disk on fire")

// failingStore is a real store whose disk failed.
type failingStore struct{ grant.Store }

func (failingStore) InsertClient(context.Context, grant.ClientRecord, time.Time, time.Time, int) error {
	return errDisk
}

func (failingStore) AccessToken(context.Context, grant.Hash) (grant.AccessRecord, error) {
	return grant.AccessRecord{}, errDisk
}

func (failingStore) Credential(context.Context, string) (grant.RoleCredential, error) {
	return grant.RoleCredential{}, errDisk
}
