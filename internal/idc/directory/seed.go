package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Seed makes the Store hold this organisation and nothing else. Ids derive from
// names, so people and roles that stay keep theirs. People whose password is the
// same stay signed in; those who are gone, disabled or have another password are
// signed out for good. What was changed since the last seed is undone, unless the
// Store holds this very seed: then nothing is hashed or written.
//
// The Store remembers a seed by its argon2id digest: it covers the passwords,
// and a fast digest would let whoever reads the database try passwords quickly.
func (s *Service) Seed(ctx context.Context, org Organisation) error {
	if err := org.Validate(); err != nil {
		return err
	}
	canonical, err := json.Marshal(org)
	if err != nil {
		return fmt.Errorf("encode the organisation: %w", err)
	}
	stored, err := s.Store.SeedDigest(ctx)
	if err != nil {
		return err
	}
	if stored != "" {
		if p, err := parsePHC(stored); err == nil && p.verify(canonical) {
			return nil
		}
	}
	digest, err := newPHC(canonical)
	if err != nil {
		return err
	}
	org, err = s.hashed(ctx, org)
	if err != nil {
		return err
	}
	return s.Store.Apply(ctx, org, digest.String())
}

// hashed returns the organisation as the Store wants it: ids and defaults
// filled in, passwords replaced by their hashes. A password that did not change
// keeps its hash, by which the Store knows that it did not.
func (s *Service) hashed(ctx context.Context, org Organisation) (Organisation, error) {
	org.ManagementAccount = org.Instance().ManagementAccount
	org.Users = slices.Clone(org.Users)
	org.PermissionSets = slices.Clone(org.PermissionSets)
	org.Decisions = named(org.Decisions)
	for i := range org.PermissionSets {
		if org.PermissionSets[i].SessionDuration == 0 {
			org.PermissionSets[i].SessionDuration = DefaultSessionDuration
		}
	}
	org.Roles = slices.Clone(org.Roles)
	for i := range org.Roles {
		r := &org.Roles[i]
		if r.MaxSessionDuration == 0 {
			r.MaxSessionDuration = DefaultSessionDuration
		}
		if r.Path == "" {
			r.Path = "/"
		}
	}
	users, err := s.Store.Users(ctx)
	if err != nil {
		return Organisation{}, err
	}
	before := make(map[string]User, len(users))
	for _, u := range users {
		before[u.ID] = u
	}
	storeID := org.IdentityStoreID()
	errs := make([]error, 2*len(org.Users))
	slots := make(chan struct{}, max(s.HashSlots, defaultHashSlots))
	var wg sync.WaitGroup
	hash := func(secret *string, known string, into *string, failed *error) {
		if *secret == "" {
			return
		}
		text := []byte(*secret)
		*secret = ""
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if *failed = ctx.Err(); *failed != nil {
				return
			}
			if p, err := parsePHC(known); err == nil && p.verify(text) {
				*into = known
				return
			}
			p, err := newPHC(text)
			*into, *failed = p.String(), err
		})
	}
	for i := range org.Users {
		u := &org.Users[i]
		if u.ID == "" {
			u.ID = UserID(storeID, u.Name)
		}
		hash(&u.Password, before[u.ID].PasswordHash, &u.PasswordHash, &errs[2*i])
		hash(&u.MFACode, before[u.ID].MFACodeHash, &u.MFACodeHash, &errs[2*i+1])
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return Organisation{}, err
		}
	}
	return org, nil
}
