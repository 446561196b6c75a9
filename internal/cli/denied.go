package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/terminal"
)

// deniedPatience is how long what one does have may take to be found out.
const deniedPatience = 5 * time.Second

// deniedCure says, to somebody who was refused a role, which roles they do have in
// that account, by which profiles, and how to choose another. It asks the access
// portal, with the token that was good enough to be refused.
func deniedCure(ctx context.Context, a *App, role creds.Role) string {
	look := fmt.Sprintf("The signed-in person does not have %s in account %s. See what there is with: %s sso list-account-roles --account-id %s%s",
		role.RoleName, role.AccountID, a.Name, role.AccountID, sessionFlag(role.Session))
	if a.globals == nil {
		return look
	}
	quiet := *a
	quiet.Stderr = io.Discard // what there is to warn of, it has been warned of
	s, err := quiet.setupForNew(a.globals)
	if err != nil {
		return look
	}
	if role.Session.Name == "" && s.uses(role) {
		look += " --profile " + quoteWord(s.settings.ProfileName)
	}
	list, err := s.catalog(role.Session)
	if err != nil {
		return look
	}
	ctx, cancel := context.WithTimeout(ctx, deniedPatience)
	defer cancel()
	roles, err := list.Roles(ctx, role.AccountID)
	if err == nil && len(roles) > 0 {
		return s.hasInstead(role, roles)
	}
	accounts, err := list.Accounts(ctx)
	if err != nil || slices.ContainsFunc(accounts, func(acct catalog.Account) bool { return acct.ID == role.AccountID }) {
		return look
	}
	text := fmt.Sprintf("The signed-in person has no role in account %s", role.AccountID)
	var others []string
	for _, acct := range accounts {
		name := acct.ID
		if acct.Name != nil {
			name += " (" + *acct.Name + ")"
		}
		others = append(others, name)
	}
	if len(others) > 0 {
		text += ", but in " + some(others)
	}
	return text + "." + s.chooseAnew(role)
}

// forbiddenCure says, to somebody whose role may not do what they asked, by which
// other role of theirs in that account it may be possible.
func forbiddenCure(ctx context.Context, a *App) string {
	if a.globals == nil {
		return ""
	}
	if a.globals.Profile == "" && a.getenv("AWS_ACCESS_KEY_ID") != "" {
		return "It was asked with the keys in the environment, which hide the profile. To do without them: " + unsetKeys
	}
	quiet := *a
	quiet.Stderr = io.Discard
	s, err := quiet.setupForNew(a.globals)
	if err != nil {
		return ""
	}
	role, err := s.role()
	if err != nil {
		return ""
	}
	text := fmt.Sprintf("%s in account %s may not do that", role.RoleName, role.AccountID)
	ask := "Whoever administers the permission sets can change that."
	list, err := s.catalog(role.Session)
	if err != nil {
		return text + ". " + ask
	}
	ctx, cancel := context.WithTimeout(ctx, deniedPatience)
	defer cancel()
	roles, err := list.Roles(ctx, role.AccountID)
	if err != nil {
		return text + ". " + ask
	}
	catalog.SortRoles(roles)
	roles = slices.DeleteFunc(roles, func(r catalog.Role) bool { return r.Name == role.RoleName })
	if len(roles) == 0 {
		return text + ", and is the only role you have there. " + ask
	}
	return text + ". There you also have " + s.withProfiles(role, roles) + "." + s.chooseAnew(role)
}

// managementCure says that it may be the account, and no role, that keeps somebody
// from administering the organization, and how to find the right one.
func (o *operation) managementCure() string {
	text := fmt.Sprintf("%s answers to the organization's management account, and to accounts that it has delegated to: it may take a profile of such an account.", o.Service.Command)
	if o.Operation.Name == "DescribeOrganization" { // it answers in every account
		return text
	}
	return text + fmt.Sprintf(" To see which is the management account: %s organizations describe-organization --query Organization.MasterAccountId%s", o.App.Name, o.App.sameProfile())
}

// sameProfile is the flag that a command needs to speak for the profile that this
// one speaks for.
func (a *App) sameProfile() string {
	if a.globals == nil || a.globals.Profile == "" {
		return ""
	}
	return " --profile " + quoteWord(a.globals.Profile)
}

// withProfiles lists roles, each with the profiles that use it.
func (s *setup) withProfiles(role creds.Role, roles []catalog.Role) string {
	var list []string
	for _, r := range roles {
		name := r.Name
		if profiles := s.profilesOf(role, r.Name); len(profiles) > 0 {
			name += " (profile " + some(profiles) + ")"
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}

// hasInstead tells the roles that there are, each with the profiles that use it.
func (s *setup) hasInstead(role creds.Role, roles []catalog.Role) string {
	catalog.SortRoles(roles)
	for _, r := range roles {
		if r.Name == role.RoleName {
			return fmt.Sprintf("The access portal lists %s in account %s for the signed-in person all the same. If it was assigned just now, wait a moment; else sign in anew: %s sso login%s",
				role.RoleName, role.AccountID, s.name, loginTarget(role.Session))
		}
	}
	text := fmt.Sprintf("The signed-in person does not have %s in account %s, but %s.", role.RoleName, role.AccountID, s.withProfiles(role, roles))
	if s.uses(role) {
		key := "sso_role_name"
		if s.settings.Profile.SealedForm() { // where a key of SSO's would keep AWS tools from its credential_process
			key = awsconfig.KeySealedRole
		}
		text += fmt.Sprintf("\nTo change the profile's role: %s configure set %s %s --profile %s", s.name, key, quoteWord(terminal.Clean(roles[0].Name)), quoteWord(s.settings.ProfileName))
	}
	return text + s.chooseAnew(role)
}

func (s *setup) chooseAnew(role creds.Role) string {
	if !s.uses(role) {
		return ""
	}
	return fmt.Sprintf("\nTo choose account and role anew: %s configure sso --profile %s", s.name, quoteWord(s.settings.ProfileName))
}

// uses reports whether it is the profile that names the role.
func (s *setup) uses(role creds.Role) bool {
	own, err := s.role()
	return err == nil && s.settings.HasProfile && own.AccountID == role.AccountID && own.RoleName == role.RoleName
}

// profilesOf are the profiles that have a role in the same account by the same
// session.
func (s *setup) profilesOf(role creds.Role, name string) []string {
	var found []string
	for _, profile := range s.settings.Config.Profiles() {
		sso, err := awsconfig.ResolveLoose(s.settings.Config, awsconfig.Flags{Profile: profile}, s.lookup).SSO()
		if err == nil && sso.AccountID == role.AccountID && sso.RoleName == name && sso.SessionName == role.Session.Name && sso.StartURL == role.Session.StartURL {
			found = append(found, profile)
		}
	}
	return found
}
