package catalog

import (
	"iter"
	"slices"
	"time"
)

// A Snapshot is what a session's person reached when it was listed.
type Snapshot struct {
	Session          string // the sso-session's name; "" for a legacy profile's
	StartURL, Region string

	Accounts []Account // as [SortAccounts] has them
	Roles    []Role    // of all accounts, in their order; of one account as [SortRoles] has them

	Listed   time.Time // when the oldest of it was listed
	Complete bool      // whether the accounts, and the roles of every one, are known
	Failed   []Failure // accounts of which the service did not tell the roles
}

// A Failure is an account of which the service did not tell the roles.
type Failure struct {
	AccountID string
	Problem   string // in the service's words
}

// All goes through the accounts, each with its roles.
func (s Snapshot) All() iter.Seq2[Account, []Role] {
	return func(yield func(Account, []Role) bool) {
		rest := s.Roles
		for _, a := range s.Accounts {
			n := 0
			for n < len(rest) && rest[n].AccountID == a.ID {
				n++
			}
			if !yield(a, rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Account finds an account by its id.
func (s Snapshot) Account(id string) (Account, bool) {
	i := slices.IndexFunc(s.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return s.Accounts[i], true
}

// RolesOf are the roles in an account.
func (s Snapshot) RolesOf(accountID string) []Role {
	first := slices.IndexFunc(s.Roles, func(r Role) bool { return r.AccountID == accountID })
	if first < 0 {
		return nil
	}
	n := 1
	for first+n < len(s.Roles) && s.Roles[first+n].AccountID == accountID {
		n++
	}
	return s.Roles[first : first+n : first+n]
}
