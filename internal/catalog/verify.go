package catalog

import (
	"context"
	"slices"
	"strings"
)

// samples is how many accounts are asked for, at most, to know a person by.
const samples = 8

// verify lists the accounts, and finds out whether what is known of their roles is
// still right after somebody has signed in: it may be another person, and nothing
// in a token tells. Of the accounts that have the same roles, one is asked for; when
// one of them answers otherwise, nothing that was known counts.
func (l *listing) verify(ctx context.Context) error {
	known := l.record.roles
	before := len(known)
	l.record.all = false
	if err := l.accounts(ctx, func([]Account) {}); err != nil {
		return err
	}
	still := map[string][]Role{}
	bySet := map[string]Account{}
	for _, a := range l.record.accounts {
		roles, ok := known[a.ID]
		if !ok {
			continue
		}
		still[a.ID] = roles
		if set := names(roles); len(bySet) < samples {
			bySet[set] = a
		}
	}
	l.record.roles = map[string][]Role{}
	var sample []Account
	for _, a := range bySet {
		sample = append(sample, a)
	}
	if 2*len(still) < before {
		sample = nil // who has lost so much is somebody else
	}
	if err := l.each(ctx, func(_ context.Context, hand func([]Account)) error { hand(sample); return nil }); err != nil {
		return err
	}
	same := len(sample) > 0
	for _, a := range sample {
		roles, answered := l.record.roles[a.ID]
		same = same && answered && names(roles) == names(still[a.ID])
	}
	if same {
		l.record.roles = still
	} else {
		l.record.began = l.now
	}
	return nil
}

// names are those of roles, whatever their order.
func names(roles []Role) string {
	all := make([]string, len(roles))
	for i, r := range roles {
		all[i] = r.Name
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
