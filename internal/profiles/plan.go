package profiles

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// An Account is one that the person reaches. What the service does not say is
// empty.
type Account struct{ ID, Name, Email string }

// A Role is one that the person has in an account.
type Role struct{ AccountID, Name string }

// A Listing is what the person reaches.
type Listing struct {
	Accounts []Account
	Roles    []Role
	// Complete: there is nothing else. Where it is not, Unlisted are the accounts
	// whose roles are not known.
	Complete bool
	Unlisted []string
}

// A Row is a role that may get a profile: what templates and commands know of it.
type Row struct {
	AccountID    string `json:"accountId"`
	AccountName  string `json:"accountName"` // the id where it has none
	AccountEmail string `json:"emailAddress"`
	RoleName     string `json:"roleName"`
	Region       string `json:"region"` // "" where profiles are not made for regions
	SSOSession   string `json:"ssoSession"`
}

func (r Row) String() string {
	text := r.AccountName + "/" + r.RoleName
	if r.Region != "" {
		text += " in " + r.Region
	}
	return text
}

// Input is all that a plan is made from.
type Input struct {
	Session  awsconfig.SSOSession
	Settings Settings
	Listing  Listing
	Config   *awsconfig.Config

	// Process is the credential_process for a profile, and Ours tells whether one is
	// such: what is good and was made on another machine stays.
	Process func(profile string) string
	Ours    func(process string) bool

	// Names gives the names of Settings.Command, one for each row.
	Names func(rows []Row) ([]string, error)

	// Taken are names that others are about to give.
	Taken []string

	Prune Prune

	// Partial: the filters are those of this run and not the session's, and say
	// nothing of what they leave out.
	Partial bool
}

// Prune says when profiles of roles that were lost go.
type Prune int

const (
	PruneListed Prune = iota // where the listing is complete, unless the settings keep them
	PruneAlways              // also where other accounts could not be listed
	PruneNever
)

// An Action is what becomes of a profile.
type Action string

const (
	Added     Action = "added"
	Changed   Action = "changed"
	Renamed   Action = "renamed" // and maybe changed
	Removed   Action = "removed"
	Kept      Action = "kept" // it is not wanted, or not as it is, and stays for Reason
	Unchanged Action = "unchanged"
	Skipped   Action = "skipped" // a role that can have no profile, for Reason
)

// An Outcome is what becomes of one profile, and why where that is not plain.
type Outcome struct {
	Action Action
	Name   string
	Was    string // its name before it was renamed
	Reason string
	Row    Row
}

// A Plan brings the config up to date.
type Plan struct {
	Edits    []awsconfig.Edit
	Outcomes []Outcome // by name
	NoRegion bool      // there are profiles that get none
}

// Count is how many profiles have one of the outcomes.
func (p *Plan) Count(a Action) int {
	n := 0
	for _, o := range p.Outcomes {
		if o.Action == a {
			n++
		}
	}
	return n
}

// ErrMoved is the error of an edit whose section is no longer what was planned
// with: the plan is to be made again.
var ErrMoved = errors.New("the configuration was changed meanwhile")

// existing is a profile of the session.
type existing struct {
	awsconfig.Profile
	at            int // in the file
	account, role string
	wrote         record
	name          string // what it was to be called
	renamed       bool   // by a person
	region        string // what it was made for
	pinned        string // why it cannot be renamed or removed

	// Where no row has it: why it goes, or why it stays all the same.
	unwanted    bool
	goes, stays string
}

// wanted is a row with what it is to get.
type wanted struct {
	Row
	order int    // of its region in the settings
	base  string // the name that it is to have
	name  string // and the one that it gets
	extra []Key  // what it has besides the keys that say whose role it is
	had   *existing
}

// region is the one that is to stand in the profile.
func (w *wanted) region() string {
	for _, k := range w.extra {
		if strings.EqualFold(k.Name, "region") {
			return k.Value
		}
	}
	return ""
}

// planner makes a plan.
type planner struct {
	Input
	rows   []*wanted
	have   []*existing
	listed map[Role]bool
	form   form
	plan   Plan
}

// NewPlan makes a plan.
func NewPlan(in Input) (*Plan, error) {
	if err := in.Settings.Check(in.Session.Name); err != nil {
		return nil, err
	}
	p := &planner{Input: in, form: formOf(in)}
	if err := p.readRows(); err != nil {
		return nil, err
	}
	p.readExisting()
	p.match()
	p.settle()
	p.name()
	p.edit()
	slices.SortFunc(p.plan.Outcomes, func(a, b Outcome) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Action, b.Action)) })
	return &p.plan, nil
}

// readRows are the roles that are to have profiles, in an order of their own.
func (p *planner) readRows() error {
	match, err := patterns(p.Settings.Match)
	if err != nil {
		return err
	}
	exclude, err := patterns(p.Settings.Exclude)
	if err != nil {
		return err
	}
	accounts := map[string]Account{}
	for _, a := range p.Listing.Accounts {
		accounts[a.ID] = a
	}
	regions := p.Settings.Regions
	if len(regions) == 0 {
		regions = []string{""}
	}
	p.listed = map[Role]bool{}
	for _, role := range p.Listing.Roles {
		a := accounts[role.AccountID]
		row := Row{AccountID: role.AccountID, AccountName: cmp.Or(a.Name, role.AccountID), AccountEmail: a.Email, RoleName: role.Name, SSOSession: p.Session.Name}
		again := p.listed[role]
		p.listed[role] = true
		if again || len(match) > 0 && !anyMatches(match, row) || anyMatches(exclude, row) {
			continue
		}
		if !writable().MatchString(row.AccountID) || !writable().MatchString(row.RoleName) {
			p.plan.Outcomes = append(p.plan.Outcomes, Outcome{Action: Skipped, Name: row.String(), Row: row, Reason: unwritable})
			continue
		}
		for i, region := range regions {
			if slices.Index(regions, region) != i {
				continue
			}
			row.Region = region
			p.rows = append(p.rows, &wanted{Row: row, order: i})
		}
	}
	slices.SortFunc(p.rows, func(a, b *wanted) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.AccountName), strings.ToLower(b.AccountName)), cmp.Compare(a.AccountID, b.AccountID),
			cmp.Compare(a.RoleName, b.RoleName), cmp.Compare(a.order, b.order))
	})
	names, err := p.names()
	if err != nil {
		return err
	}
	for i, w := range p.rows {
		raw := strings.TrimSpace(names[i])
		if raw != "" && raw != Skip {
			w.base = cmp.Or(safeName(raw), safeName(w.AccountID+"-"+w.RoleName))
		}
	}
	p.rows = slices.DeleteFunc(p.rows, func(w *wanted) bool { return w.base == "" })
	return p.readExtra()
}

// writable are the ids and names that AWS gives. Others come from something that is
// no AWS, and a reader of the config may take a part of them for all.
var writable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]+$`) })

const unwritable = "neither AWS nor a config has such names of roles"

func (p *planner) names() ([]string, error) {
	if p.Settings.Command != "" {
		rows := make([]Row, len(p.rows))
		for i, w := range p.rows {
			rows[i] = w.Row
		}
		names, err := p.Input.Names(rows)
		if err == nil && len(names) != len(rows) {
			err = fmt.Errorf("%d names for %d roles", len(names), len(rows))
		}
		return names, err
	}
	namer, err := p.Settings.namer()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.rows))
	for i, w := range p.rows {
		if names[i], err = namer(w.Row); err != nil {
			return nil, &SettingError{p.Session.Name, KeyTemplate, err.Error()}
		}
	}
	return names, nil
}

// readExisting finds the session's own profiles.
func (p *planner) readExisting() {
	sources := map[string]string{}
	for _, name := range p.Config.Profiles() {
		profile, _ := p.Config.Profile(name)
		if source, ok := profile.Get("source_profile"); ok && source != name {
			sources[source] = cmp.Or(sources[source], name)
		}
	}
	for i, name := range p.Config.Profiles() {
		profile, _ := p.Config.Profile(name)
		if mark, ok := profile.Get(KeyMark); !ok || mark != p.Session.Name || !profile.InConfig {
			continue
		}
		e := &existing{Profile: profile, at: i}
		e.account, _ = profile.SSO("sso_account_id")
		e.role, _ = profile.SSO("sso_role_name")
		text, _ := profile.Get(KeyWrote)
		e.wrote = readRecord(text)
		e.name = cmp.Or(e.wrote.name, name)
		// Without a record it was marked by hand, and so was its name chosen.
		e.renamed = text == "" || name != cmp.Or(e.wrote.as, e.name)
		e.region, _ = e.wrote.get("region")
		switch {
		case sources[name] != "":
			e.pinned = "it is the source_profile of " + sources[name]
		case profile.InCredentials:
			e.pinned = "the credentials file has a section of this name"
		}
		p.have = append(p.have, e)
	}
}

// match finds for each row the profile that it has already: one for the same
// region first, then any of the same role.
func (p *planner) match() {
	type of struct{ account, role string }
	free := map[of][]*existing{}
	for _, e := range p.have {
		if e.account != "" && e.role != "" {
			free[of{e.account, e.role}] = append(free[of{e.account, e.role}], e)
		}
	}
	// Of several for the same, the one that has the name it was given comes first.
	for _, all := range free {
		slices.SortStableFunc(all, func(a, b *existing) int {
			own := func(e *existing) int {
				if e.renamed {
					return 1
				}
				return 0
			}
			return cmp.Or(cmp.Compare(own(a), own(b)), cmp.Compare(a.at, b.at))
		})
	}
	take := func(w *wanted, fits func(*existing) bool) {
		key := of{w.AccountID, w.RoleName}
		if i := slices.IndexFunc(free[key], fits); w.had == nil && i >= 0 {
			w.had = free[key][i]
			free[key] = slices.Delete(free[key], i, i+1)
		}
	}
	regions := map[of][]string{}
	for _, w := range p.rows {
		take(w, func(e *existing) bool { return e.region == w.region() })
		regions[of{w.AccountID, w.RoleName}] = append(regions[of{w.AccountID, w.RoleName}], w.region())
	}
	for _, w := range p.rows {
		// A copy that a person made of another row's profile is none of this one's.
		take(w, func(e *existing) bool {
			return !slices.Contains(regions[of{w.AccountID, w.RoleName}], e.region)
		})
	}
}

// readExtra gives each row its keys besides those that say whose role it is. Of
// two of one name the later counts; those for all come before those for some.
func (p *planner) readExtra() error {
	of := make([]*pattern, len(p.Settings.Keys))
	for i, k := range p.Settings.Keys {
		if k.Match != "" {
			m, err := newPattern(k.Match)
			if err != nil {
				return err
			}
			of[i] = &m
		}
	}
	for _, w := range p.rows {
		add := func(k Key) {
			for i := range w.extra {
				if strings.EqualFold(w.extra[i].Name, k.Name) {
					w.extra[i].Value = k.Value
					return
				}
			}
			w.extra = append(w.extra, Key{Name: k.Name, Value: strings.TrimSpace(k.Value)})
		}
		if w.Region != "" {
			add(Key{Name: "region", Value: w.Region})
		}
		for _, some := range []bool{false, true} {
			for i, k := range p.Settings.Keys {
				if some == (of[i] != nil) && (!some || of[i].matches(w.Row)) {
					add(k)
				}
			}
		}
	}
	return nil
}

// edit makes the edits: what goes, what is called otherwise, what changes, what is
// new.
func (p *planner) edit() {
	p.remove()
	var renames, changes, adds []awsconfig.Edit
	for _, w := range p.rows {
		p.plan.NoRegion = p.plan.NoRegion || w.region() == ""
		set := p.form.edits(p, w)
		o := Outcome{Action: Unchanged, Name: w.name, Row: w.Row}
		if w.name != w.base && (w.had == nil || w.had.Name != w.name) {
			o.Reason = w.base + " is the name of another profile"
		}
		switch {
		case w.had == nil:
			o.Action = Added
			adds = append(adds, awsconfig.Edit{Section: section(w.name), Set: set, Check: absent})
		case w.had.Name != w.name:
			o.Action, o.Was = Renamed, w.had.Name
			renames = append(renames, awsconfig.Edit{Section: section(w.had.Name), Rename: w.name, Check: w.had.unmoved(nil)})
			if len(set) > 0 {
				changes = append(changes, awsconfig.Edit{Section: section(w.name), Set: set, Check: w.had.unmoved(set)})
			}
		case len(set) > 0:
			o.Action = Changed
			changes = append(changes, awsconfig.Edit{Section: section(w.name), Set: set, Check: w.had.unmoved(set)})
		}
		if w.had != nil && w.had.pinned != "" && !w.had.renamed && w.had.name != w.base && w.name != w.base {
			o.Reason = fmt.Sprintf("it is not called %s, because %s", w.base, w.had.pinned)
			if o.Action == Unchanged {
				o.Action = Kept
			}
		}
		p.plan.Outcomes = append(p.plan.Outcomes, o)
	}
	// What is new comes at the end of the file, by name.
	slices.SortFunc(adds, func(a, b awsconfig.Edit) int { return cmp.Compare(a.Section.Name, b.Section.Name) })
	p.plan.Edits = slices.Concat(p.plan.Edits, p.inTurn(renames), changes, adds)
}

func section(name string) awsconfig.Section {
	return awsconfig.Section{Kind: awsconfig.KindProfile, Name: name}
}

// absent and unmoved are checks of edits, see [awsconfig.Edit].
func absent(own map[string]string) error {
	if own != nil {
		return ErrMoved
	}
	return nil
}

func (e *existing) unmoved(set []awsconfig.KeyValue) func(map[string]string) error {
	return func(own map[string]string) error {
		keys := []string{KeyMark, KeyWrote, "sso_account_id", "sso_role_name", awsconfig.KeySealedAccount, awsconfig.KeySealedRole}
		for _, kv := range set {
			if kv.Sub == "" {
				keys = append(keys, kv.Key)
			}
		}
		for _, key := range keys {
			now, ok := own[strings.ToLower(key)]
			had, _ := e.Get(key)
			// What is not in the section itself may come from [DEFAULT].
			if (ok || key == KeyMark) && now != had && e.Sub(key) == nil {
				return ErrMoved
			}
		}
		return nil
	}
}

// inTurn orders renames so that none takes a name that is still another's. Those
// that wait for each other in a circle go by another name.
func (p *planner) inTurn(renames []awsconfig.Edit) []awsconfig.Edit {
	waiting := map[string]awsconfig.Edit{} // by the name that it has
	for _, e := range renames {
		waiting[e.Section.Name] = e
	}
	var turn []awsconfig.Edit
	for len(waiting) > 0 {
		moved := false
		for _, name := range slices.Sorted(maps.Keys(waiting)) {
			e := waiting[name]
			if _, blocked := waiting[e.Rename]; blocked {
				continue
			}
			turn = append(turn, e)
			delete(waiting, name)
			moved = true
		}
		if moved {
			continue
		}
		name := slices.Min(slices.Collect(maps.Keys(waiting)))
		e := waiting[name]
		aside := name + "-aside"
		for p.known(aside) || slices.ContainsFunc(p.rows, func(w *wanted) bool { return w.name == aside }) {
			aside += "-"
		}
		turn = append(turn, awsconfig.Edit{Section: e.Section, Rename: aside, Check: e.Check})
		delete(waiting, name)
		e.Section.Name = aside
		waiting[aside] = e
	}
	return turn
}

func (p *planner) known(name string) bool {
	_, ok := p.Config.Profile(name)
	return ok
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
