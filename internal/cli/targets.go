package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/terminal"
)

// A target is what commands can be for: a profile, or a role for which there is
// none.
type target struct {
	Profile string // "": a role without one

	Session, StartURL   string // Session is "" in the legacy form
	AccountID, RoleName string
	AccountName, Email  string // as far as a catalog knows them
	Source              string // where a profile's credentials come from, if not from such a role
	Region, Alias, Tags string
	Favourite           bool
	Colour              string

	uses float64 // see recent.weight
	last time.Time
}

// key tells targets apart.
func (t *target) key() string {
	if t.Profile != "" {
		return "profile\x00" + t.Profile
	}
	return "role\x00" + t.Session + "\x00" + t.AccountID + "\x00" + t.RoleName
}

// flags are the words that choose it on a command line.
func (t *target) flags() []string {
	if t.Profile != "" {
		return []string{"--profile", t.Profile}
	}
	return []string{"--account-id", t.AccountID, "--role-name", t.RoleName, "--sso-session", t.Session}
}

// choose sets it in the flags of a command.
func (t *target) choose(g *globals) {
	g.Profile = t.Profile
	g.AccountID, g.RoleName, g.SSOSession = "", "", ""
	if t.Profile == "" {
		g.AccountID, g.RoleName, g.SSOSession = t.AccountID, t.RoleName, t.Session
	}
}

// account is how the account is called, as far as that is known.
func (t *target) account() string { return cmp.Or(t.AccountName, t.Alias, t.AccountID) }

// candidate is how it stands in a list.
func (t *target) candidate() terminal.Candidate {
	role := t.RoleName
	if t.Source != "" {
		role = t.Source
	}
	c := terminal.Candidate{Key: t.key(), Cells: []string{t.Profile, t.AccountName, role, t.AccountID}, Pinned: t.Favourite, Colour: t.Colour,
		Search: []string{t.Alias, t.Email, t.Session, t.Region}}
	c.Search = append(c.Search, strings.Split(t.Tags, ",")...)
	if t.AccountID != "" {
		c.Search = append(c.Search, t.AccountID+"/"+t.RoleName)
		if t.AccountName != "" {
			c.Search = append(c.Search, t.AccountName+"/"+t.RoleName)
		}
	}
	for i, s := range c.Search {
		c.Search[i] = strings.TrimSpace(s)
	}
	return c
}

// targets are the profiles that may have credentials, and the roles of the saved
// catalogs for which there is no profile: favourites first, then what is used most,
// then by name.
func (a *App) targets(config *awsconfig.Config, catalogs []catalog.Snapshot) []target {
	type account struct{ startURL, id string }
	type role struct {
		account
		name string
	}
	known := map[account]catalog.Account{}
	for _, s := range catalogs {
		for _, of := range s.Accounts {
			known[account{s.StartURL, of.ID}] = of
		}
	}
	used := map[recent]recent{}
	now := time.Now()
	for _, r := range a.recents() {
		used[recent{Profile: r.Profile, AccountID: r.AccountID, RoleName: r.RoleName}] = r
	}
	var list []target
	colours := newPalette(config)
	add := func(t target) {
		if of, ok := known[account{t.StartURL, t.AccountID}]; ok {
			t.AccountName, t.Email = text(of.Name), text(of.Email)
		}
		use := recent{Profile: t.Profile}
		if t.Profile == "" {
			use.AccountID, use.RoleName = t.AccountID, t.RoleName
		}
		if r, ok := used[use]; ok {
			t.uses, t.last = r.weight(now), r.Last
		}
		t.Colour = colours.rule(t.Session).colour(t.Colour, t.Profile, t.AccountName, t.Alias)
		list = append(list, t)
	}
	have := map[role]bool{}
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		if !p.MayHaveCredentials() {
			continue
		}
		t := profileTarget(config, p)
		have[role{account{t.StartURL, t.AccountID}, t.RoleName}] = true
		add(t)
	}
	for _, s := range catalogs {
		if s.Session == "" {
			continue // no flags name a role of a legacy profile's
		}
		section, _ := config.Session(s.Session)
		favourites := favouriteRoles(section)
		for _, r := range s.Roles {
			if have[role{account{s.StartURL, r.AccountID}, r.Name}] {
				continue
			}
			add(target{Session: s.Session, StartURL: s.StartURL, AccountID: r.AccountID, RoleName: r.Name,
				Favourite: slices.Contains(favourites, r.AccountID+"/"+r.Name)})
		}
	}
	slices.SortStableFunc(list, func(a, b target) int {
		switch {
		case a.Favourite != b.Favourite:
			if a.Favourite {
				return -1
			}
			return 1
		case a.uses != b.uses:
			return cmp.Compare(b.uses, a.uses)
		case (a.Profile == "") != (b.Profile == ""):
			if a.Profile != "" {
				return -1
			}
			return 1
		}
		return cmp.Or(compareNames(a.Profile, b.Profile), compareNames(a.account(), b.account()), compareNames(a.RoleName, b.RoleName))
	})
	return list
}

func compareNames(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// profileTarget is what the config says of a profile.
func profileTarget(config *awsconfig.Config, p awsconfig.Profile) target {
	get := func(key string) string { v, _ := p.Get(key); return v }
	t := target{Profile: p.Name, Region: get("region"), Alias: get(awsconfig.KeyAlias), Tags: get(awsconfig.KeyTags), Colour: get(awsconfig.KeyColor),
		Favourite: strings.EqualFold(get(awsconfig.KeyFavourite), "true")}
	switch {
	case p.Has("role_arn"):
		t.Source = "assumes " + get("role_arn")
	case p.HasRole():
		t.AccountID, _ = p.SSO("sso_account_id")
		t.RoleName, _ = p.SSO("sso_role_name")
		t.StartURL = get("sso_start_url")
		if name, ok := p.SSO("sso_session"); ok {
			section, _ := config.Session(name)
			t.Session, t.StartURL = name, section.StartURL
		}
	case p.Has("aws_access_key_id"):
		t.Source = "access key"
	case p.Has("credential_process"):
		t.Source = "credential_process"
	default:
		t.Source = "aws login"
	}
	return t
}

// favouriteRoles are the roles without a profile that a session has among its
// favourites, as ACCOUNT/ROLE.
func favouriteRoles(section awsconfig.SSOSession) []string {
	list, _ := section.Get(awsconfig.KeyFavourites)
	var roles []string
	for word := range strings.FieldsSeq(list) {
		roles = append(roles, strings.TrimSuffix(word, ",")) // the names of roles may have commas in them
	}
	return roles
}

// favour puts a target among the favourites, or takes it out: in its profile, or in
// the list of its session.
func (a *App) favour(ctx context.Context, t *target, on bool) error {
	if t.Profile != "" {
		value := awsconfig.Unset(awsconfig.KeyFavourite)
		if on {
			value = awsconfig.Set(awsconfig.KeyFavourite, "true")
		}
		_, err := a.files().Update(ctx, awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindProfile, Name: t.Profile}, Set: []awsconfig.KeyValue{value}})
		return err
	}
	for {
		config, err := a.files().Load()
		if err != nil {
			return err
		}
		section, found := config.Session(t.Session)
		if !found {
			return &awsconfig.NoSuchSessionError{Name: t.Session}
		}
		this := t.AccountID + "/" + t.RoleName
		roles := slices.DeleteFunc(favouriteRoles(section), func(r string) bool { return r == this })
		if on {
			roles = append(roles, this)
		}
		value := awsconfig.Unset(awsconfig.KeyFavourites)
		if len(roles) > 0 {
			value = awsconfig.Set(awsconfig.KeyFavourites, strings.Join(roles, ", "))
		}
		was, _ := section.Get(awsconfig.KeyFavourites)
		_, err = a.files().Update(ctx, awsconfig.Edit{
			Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: t.Session}, Set: []awsconfig.KeyValue{value},
			Check: func(own map[string]string) error {
				if own[awsconfig.KeyFavourites] != was {
					return errListChanged
				}
				return nil
			}})
		if !errors.Is(err, errListChanged) {
			return err
		}
	}
}

// errListChanged says that somebody else changed the favourites in between.
var errListChanged = errors.New("the list of favourites has changed")
