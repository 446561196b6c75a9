package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/profiles"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// A place is where each runs its command: as a role in an account, or with a
// profile.
type place struct {
	Account     string `json:"accountId,omitempty"`
	AccountName string `json:"accountName,omitempty"`
	Role        string `json:"roleName,omitempty"`
	Session     string `json:"ssoSession,omitempty"` // an sso-session's name
	Profile     string `json:"profile,omitempty"`
	Region      string `json:"region,omitempty"` // "": the profile's, or none
}

// label names a place for people.
func (p place) label() string {
	text := cmp.Or(p.Profile, accountLabel(p.AccountName, p.Account)+" "+p.Role)
	if p.Region != "" {
		text += " " + p.Region
	}
	return terminal.Clean(text)
}

// short names it where there is little room.
func (p place) short() string { return cmp.Or(p.Profile, p.AccountName, p.Account) }

// selection says which places are meant.
type selection struct {
	Match, Exclude []string // accounts, by name, id, e-mail address, alias or tag
	Roles          []string // the first that an account has is taken
	Profiles       []string
	Sessions       []string
	Regions        []string
}

func (s selection) empty() bool { return len(s.Match)+len(s.Profiles) == 0 }

func fitsAny(patterns, names []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return profiles.Fits(p, n) })
	})
}

// A roleError says that it is not known which role is meant in some accounts.
type roleError struct {
	Accounts []string // each with its roles
	Given    []string // the patterns
}

func (e *roleError) Error() string {
	what := "There are several roles, and --role says not which one to take, in "
	if len(e.Given) > 0 {
		what = fmt.Sprintf("Several roles fit --role %s in ", strings.Join(e.Given, " "))
	}
	return what + some(e.Accounts) + "."
}

// inCatalog are the places in the accounts of one session. Accounts that fit and
// have no such role are told apart.
func (s selection) inCatalog(found catalog.Snapshot, more map[string][]string) (places []place, without []string, err error) {
	var unclear []string
	for account, roles := range found.All() {
		name, names := matchNames(account, more)
		if !fitsAny(s.Match, names) || fitsAny(s.Exclude, names) {
			continue
		}
		fitting := s.fittingRoles(roles)
		switch len(fitting) {
		case 0:
			without = append(without, account.Label())
		case 1:
			places = append(places, place{Account: account.ID, AccountName: name, Role: fitting[0], Session: found.Session})
		default:
			unclear = append(unclear, fmt.Sprintf("%s (%s)", cmp.Or(name, account.ID), strings.Join(fitting, ", ")))
		}
	}
	if len(unclear) > 0 {
		return nil, nil, &hintedError{Err: &roleError{Accounts: unclear, Given: s.Roles},
			Hint: "Name one role with --role. Several --role say which to take first: --role ReadOnly --role ViewOnly"}
	}
	return places, without, nil
}

// matchNames are the name of an account, and all that --match may say for it.
func matchNames(account catalog.Account, more map[string][]string) (name string, all []string) {
	all = append([]string{account.ID}, more[account.ID]...)
	if account.Name != nil {
		name = *account.Name
		all = append(all, name)
	}
	if account.Email != nil {
		all = append(all, *account.Email)
	}
	return name, all
}

// fittingRoles are those of an account that the first pattern fits which fits any. A
// name that is exactly the pattern is no matter of doubt.
func (s selection) fittingRoles(roles []catalog.Role) []string {
	if len(s.Roles) == 0 {
		names := make([]string, len(roles))
		for i, r := range roles {
			names[i] = r.Name
		}
		return names
	}
	for _, pattern := range s.Roles {
		var names []string
		for _, r := range roles {
			if r.Name == pattern {
				return []string{r.Name}
			}
			if profiles.Fits(pattern, r.Name) {
				names = append(names, r.Name)
			}
		}
		if len(names) > 0 {
			return names
		}
	}
	return nil
}

// ofProfiles are the profiles that fit, in the order of the config.
func (s selection) ofProfiles(config *awsconfig.Config) []place {
	var places []place
	for _, name := range config.Profiles() {
		if !fitsAny(s.Profiles, []string{name}) || fitsAny(s.Exclude, []string{name}) {
			continue
		}
		t := place{Profile: name}
		p, _ := config.Profile(name)
		if !p.AssumesRole() {
			t.Account, _ = p.SSO("sso_account_id")
			t.Role, _ = p.SSO("sso_role_name")
		}
		root, _ := rootProfile(config, p)
		t.Session, _ = root.SSO("sso_session")
		places = append(places, t)
	}
	return places
}

// inRegions are the places in each of the regions, if any is named.
func (s selection) inRegions(places []place) []place {
	if len(s.Regions) == 0 {
		return places
	}
	var all []place
	for _, t := range places {
		for _, region := range s.Regions {
			t.Region = region
			all = append(all, t)
		}
	}
	return all
}

// otherNames are what people call accounts: the aliases and tags of their profiles.
func otherNames(config *awsconfig.Config) map[string][]string {
	names := map[string][]string{}
	for _, profile := range config.Profiles() {
		p, _ := config.Profile(profile)
		account, _ := p.SSO("sso_account_id")
		if account == "" || p.AssumesRole() {
			continue
		}
		if alias, _ := p.Get(awsconfig.KeyAlias); alias != "" {
			names[account] = append(names[account], alias)
		}
		tags, _ := p.Get(awsconfig.KeyTags)
		for tag := range strings.SplitSeq(tags, ",") {
			key, value, _ := strings.Cut(tag, "=")
			if key = strings.TrimSpace(key); key != "" {
				names[account] = append(names[account], key+"="+strings.TrimSpace(value))
			}
		}
	}
	return names
}

// sessionsOf are the sessions whose accounts are meant: those that fit, or the one
// that commands use here.
func (e *each) sessionsOf(s *setup) ([]signin.Session, error) {
	if len(e.Select.Sessions) == 0 {
		if !s.settings.HasProfile && len(s.settings.Config.Sessions()) == 0 {
			return nil, s.noSession()
		}
		one, err := s.portalSession("")
		if err == nil {
			return []signin.Session{one}, nil
		}
		if names := s.settings.Config.Sessions(); len(names) > 1 && !s.profileHasSession() {
			return nil, &configError{Kind: "Configuration", Problem: "In which session the accounts are is not said.",
				Hint: fmt.Sprintf("Choose it with --sso-session; there is %s. '*' is all of them.", some(names))}
		}
		return nil, err
	}
	var sessions []signin.Session
	for _, pattern := range e.Select.Sessions {
		n := 0
		for _, name := range s.settings.Config.Sessions() {
			if !profiles.Fits(pattern, name) {
				continue
			}
			n++
			c, err := s.loginSession(name)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(sessions, func(have signin.Session) bool { return have.Name == name }) {
				sessions = append(sessions, session(c))
			}
		}
		if n == 0 {
			_, err := s.loginSession(pattern)
			return nil, err
		}
	}
	return sessions, nil
}

// places finds what the selection means.
func (e *each) places(ctx context.Context, s *setup) ([]place, error) {
	places := e.Select.ofProfiles(s.settings.Config)
	missed := slices.DeleteFunc(slices.Clone(e.Select.Profiles), func(p string) bool {
		return slices.ContainsFunc(s.settings.Config.Profiles(), func(name string) bool { return profiles.Fits(p, name) })
	})
	if len(e.Select.Match) > 0 {
		sessions, err := e.sessionsOf(s)
		if err != nil {
			return nil, err
		}
		more := otherNames(s.settings.Config)
		unmatched := slices.Clone(e.Select.Match)
		for _, sess := range sessions {
			found, err := e.snapshot(ctx, s, sess)
			if err != nil {
				return nil, err
			}
			in, without, err := e.Select.inCatalog(found, more)
			if err != nil {
				return nil, err
			}
			places = append(places, in...)
			for account := range found.All() {
				_, names := matchNames(account, more)
				unmatched = slices.DeleteFunc(unmatched, func(p string) bool { return fitsAny([]string{p}, names) })
			}
			if len(without) > 0 {
				fmt.Fprintf(e.App.Stderr, "Left out, as there is no such role in them: %s.\n", cleanLines(some(without)))
			}
			for _, f := range found.Failed {
				s.warn(fmt.Sprintf("the roles in the account %s are not known, and it is left out: %s", f.AccountID, f.Problem))
			}
		}
		missed = append(missed, unmatched...)
	}
	// Of several patterns one may be mistyped.
	if len(missed) > 0 && len(places) > 0 {
		fmt.Fprintf(e.App.Stderr, "Nothing fits %s.\n", cleanLines(strings.Join(missed, ", ")))
	}
	if len(places) == 0 {
		return nil, &hintedError{Err: words("No account or profile fits."),
			Hint: fmt.Sprintf("To see which accounts and roles there are: %s catalog; which profiles: %[1]s configure list-profiles", e.App.Name)}
	}
	return e.Select.inRegions(places), nil
}
