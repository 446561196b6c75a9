package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

type rolePageView struct {
	Account accountView
	Role    roleView
	ARN     string

	StartURL, Region, Scope string

	Setup []snippet
	// Credentials are there after they were asked for.
	Credentials []snippet
	Expires     moment
}

// reached is a role that who is signed in may take.
type reached struct {
	directory.Role
	account  directory.Account
	instance directory.Instance
}

// reach finds the role that is asked for. One that is not assigned is not told
// from one that does not exist.
func (v *visit) reach(account, role string) (reached, error) {
	ctx := v.r.Context()
	found, err := v.Directory.Role(ctx, v.sess.UserID, account, role)
	if errors.Is(err, directory.ErrNoAccess) || errors.Is(err, directory.ErrNotFound) {
		some, _, err := v.Directory.Roles(ctx, v.sess.UserID, account, "", 1)
		if err != nil {
			return reached{}, err
		}
		if len(some) == 0 {
			return reached{}, faultNoAccount()
		}
		return reached{}, faultNoRole(account)
	}
	if err != nil {
		return reached{}, err
	}
	out := reached{Role: found}
	if out.account, err = v.Directory.Account(ctx, account); err != nil {
		return reached{}, err
	}
	out.instance, err = v.Directory.Instance(ctx)
	return out, err
}

// rolePage shows how to use one role.
func (v *visit) rolePage() error {
	query := v.r.URL.Query()
	account, role := query.Get("account"), query.Get("role")
	if err := v.signedIn(roleNext(account, role)); err != nil {
		return err
	}
	found, err := v.reach(account, role)
	if err != nil {
		return err
	}
	return v.showRole(found, nil, time.Time{})
}

// roleNext is where to go on after signing in. An endless name is nobody's.
func roleNext(account, role string) string {
	if len(account)+len(role) > maxNext/4 {
		return "/start"
	}
	return roleAddress(account, role)
}

func (v *visit) showRole(found reached, credentials []snippet, expires time.Time) error {
	set := found.PermissionSet
	view := rolePageView{
		Account: accountSummary(found.account), Role: roleSummary(found.AccountID, set), ARN: found.ARN,
		StartURL: plain(found.instance.StartURL, maxShownURL), Region: plain(found.instance.Region, maxShownName), Scope: grant.ScopeAccountAccess,
		Setup:       setupSnippets(found.instance.StartURL, found.instance.Region, found.AccountID, set.Name),
		Credentials: credentials,
	}
	title := view.Role.Name + " in " + view.Account.Name
	if credentials != nil {
		view.Expires = moment{Stamp: expires.UTC().Format(time.RFC3339), Words: "for another " + inWords(expires.Sub(v.now))}
		title = "Credentials for " + title
	}
	return v.render(http.StatusOK, page{Name: "role", Title: title, Wide: true, Script: copyScript, Body: view})
}

// issue hands out credentials of a role, as GetRoleCredentials does. The answer
// is the page itself: secrets are shown once and have no address.
func (v *visit) issue() error {
	account, role := v.form.Get("account"), v.form.Get("role")
	if err := v.signedIn(roleNext(account, role)); err != nil {
		return err
	}
	v.event.Workflow = v.sess.ID
	v.event.Request = map[string]string{"accountId": account, "roleName": role}
	found, err := v.reach(account, role)
	if err != nil {
		return err
	}
	credential, secret, token, err := v.issueTo(found)
	if errors.Is(err, grant.ErrUnauthorized) {
		return &signInError{roleNext(account, role)}
	}
	if err != nil {
		return err
	}
	v.event.AccessKeyID, v.event.ARN, v.event.AccountID = credential.AccessKeyID, credential.ARN, credential.AccountID
	return v.showRole(found, credentialSnippets(found.AccountID, found.PermissionSet.Name, roleKeys{
		ID: credential.AccessKeyID, Secret: secret, Token: token, Expires: credential.ExpiresAt,
	}), credential.ExpiresAt)
}

// issueTo makes credentials of a role for who is signed in.
func (v *visit) issueTo(found reached) (c grant.RoleCredential, secret, token string, err error) {
	set := found.PermissionSet
	return v.Grant.IssueRoleCredential(v.r.Context(), v.now, grant.RoleCredential{
		AccountID: found.AccountID, PermissionSet: set.Name, RoleName: found.Name, RoleID: found.ID,
		UserID: v.sess.UserID, UserName: v.name, SessionID: v.sess.ID, Workflow: v.sess.ID,
		ARN: found.SessionARN(v.name), CallerID: found.UserID(v.name), Administrator: set.Administrator,
		ExpiresAt: v.now.Add(sessionDuration(set)).Truncate(time.Second),
	})
}
