package profiles

import (
	"slices"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// settle finds what becomes of the profiles that no row has.
func (p *planner) settle() {
	matched := map[*existing]bool{}
	has, made := map[Role]bool{}, map[Row]bool{} // the second by account, role and region
	for _, w := range p.rows {
		if w.had != nil {
			matched[w.had] = true
			has[Role{w.had.account, w.had.role}] = true
			made[Row{AccountID: w.had.account, RoleName: w.had.role, Region: w.had.region}] = true
		}
	}
	for _, e := range p.have {
		if e.unwanted = !matched[e]; e.unwanted {
			// What was made for a region that nobody wants any more goes; what was not
			// made like this, beside one that was, is a person's.
			copied := has[Role{e.account, e.role}] && (e.renamed || e.region == "" || made[Row{AccountID: e.account, RoleName: e.role, Region: e.region}])
			e.goes, e.stays = p.fate(e, copied)
		}
	}
}

// remove takes out those that go.
func (p *planner) remove() {
	for _, e := range p.have {
		if !e.unwanted {
			continue
		}
		o := Outcome{Action: Kept, Name: e.Name, Reason: e.stays, Row: Row{AccountID: e.account, RoleName: e.role, SSOSession: p.Session.Name}}
		if e.stays == "" {
			o.Action, o.Reason = Removed, e.goes
			p.plan.Edits = append(p.plan.Edits, awsconfig.Edit{Section: section(e.Name), Remove: true, Check: e.unmoved(nil)})
		}
		if e.stays == leftOut {
			o.Action, o.Reason = Unchanged, ""
		}
		p.plan.Outcomes = append(p.plan.Outcomes, o)
	}
}

// leftOut is no reason to speak of: somebody asked about others.
const leftOut = "this run is about others"

// fate is why a profile that no row has goes, or why it stays all the same.
func (p *planner) fate(e *existing, copied bool) (why, stays string) {
	role := Role{e.account, e.role}
	switch {
	case e.account == "" || e.role == "":
		return "", "it names no account and role"
	case !e.Has(KeyWrote):
		return "", "it was marked by hand: there is no record of what was written (" + KeyWrote + ")"
	case copied:
		return "", "it is a second profile of the same role"
	case p.listed[role] && p.Partial && p.Prune != PruneAlways:
		return "", leftOut
	case p.listed[role]:
		why = "the filters leave it out"
	case slices.Contains(p.Listing.Unlisted, e.account):
		return "", "the roles of its account could not be listed"
	default:
		why = "the role is no longer yours"
	}
	switch {
	case p.Prune == PruneNever, p.Prune == PruneListed && p.Settings.Keep:
		return "", why + ", and nothing is to be removed"
	case p.Prune == PruneListed && !p.Listing.Complete:
		return "", why + ", as far as could be listed"
	case p.Prune == PruneListed && len(p.Listing.Roles) == 0:
		return "", "nothing at all was listed"
	case e.pinned != "":
		return "", why + ", but " + e.pinned
	}
	return why, ""
}
