package seed

import (
	"go.yaml.in/yaml/v4"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// file is a seed as it was written: accounts may still be names, or "*".
type file struct {
	startURL, region  string
	managementAccount string
	users             []directory.User
	accounts          []directory.Account
	permissionSets    []directory.PermissionSet
	assignments       []directory.Assignment
	roles             []directory.IAMRole
	decisions         []directory.Decision
}

type readers = map[string]func(*yaml.Node, string)

func (d *decoder) file(root *yaml.Node) *file {
	f := &file{startURL: defaultStartURL, region: defaultRegion}
	d.mapping(root, "", nil, readers{
		"start_url":          d.startURL(&f.startURL),
		"region":             d.text(&f.region),
		"management_account": d.account(&f.managementAccount),
		"users":              d.list(d.user(f)),
		"accounts":           d.list(d.accountEntry(f)),
		"permission_sets":    d.list(d.permissionSet(f)),
		"assignments":        d.list(d.assignment(f)),
		"roles":              d.list(d.role(f)),
		"decisions":          d.list(d.decision(f)),
	})
	return f
}

func (d *decoder) user(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var u directory.User
		d.mapping(n, field, []string{"name"}, readers{
			"id":            d.text(&u.ID),
			"name":          d.text(&u.Name),
			"email":         d.text(&u.Email),
			"display_name":  d.text(&u.DisplayName),
			"password":      d.text(&u.Password),
			"password_hash": d.text(&u.PasswordHash),
			"mfa":           d.text(&u.MFA),
			"mfa_code":      d.text(&u.MFACode),
			"groups":        d.texts(&u.Groups),
			"disabled":      d.boolean(&u.Disabled),
		})
		f.users = append(f.users, u)
	}
}

func (d *decoder) accountEntry(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var a directory.Account
		d.mapping(n, field, []string{"id", "name"}, readers{
			"id":    d.account(&a.ID),
			"name":  d.text(&a.Name),
			"email": d.text(&a.Email),
			"buckets": d.list(func(n *yaml.Node, field string) {
				b := directory.Bucket{Created: defaultCreated}
				d.mapping(n, field, []string{"name"}, readers{"name": d.text(&b.Name), "created": d.moment(&b.Created)})
				a.Buckets = append(a.Buckets, b)
			}),
		})
		if a.Name == directory.EveryAccount {
			d.refuse(field+".name", quote(a.Name)+" stands for all accounts", "give the account another name")
		}
		f.accounts = append(f.accounts, a)
	}
}

func (d *decoder) permissionSet(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var p directory.PermissionSet
		d.mapping(n, field, []string{"name"}, readers{
			"name":             d.text(&p.Name),
			"description":      d.text(&p.Description),
			"session_duration": d.duration(&p.SessionDuration),
			"administrator":    d.boolean(&p.Administrator),
		})
		f.permissionSets = append(f.permissionSets, p)
	}
}

func (d *decoder) assignment(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var a directory.Assignment
		d.mapping(n, field, []string{"permission_set", "accounts"}, readers{
			"user":           d.text(&a.User),
			"group":          d.text(&a.Group),
			"permission_set": d.text(&a.PermissionSet),
			"accounts": d.list(func(n *yaml.Node, field string) {
				var account string
				d.account(&account)(n, field)
				a.Accounts = append(a.Accounts, account)
			}),
		})
		f.assignments = append(f.assignments, a)
	}
}

func (d *decoder) role(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var r directory.IAMRole
		d.mapping(n, field, []string{"account", "name", "trusts"}, readers{
			"account": d.account(&r.Account),
			"name":    d.text(&r.Name),
			"path":    d.text(&r.Path),
			"trusts": d.list(func(n *yaml.Node, field string) {
				var p directory.Principal
				d.mapping(n, field, nil, readers{
					"account":        d.account(&p.Account),
					"permission_set": d.text(&p.PermissionSet),
					"role":           d.text(&p.Role),
					"user":           d.text(&p.User),
				})
				r.Trusts = append(r.Trusts, p)
			}),
			"external_id":          d.text(&r.ExternalID),
			"require_mfa":          d.boolean(&r.RequireMFA),
			"max_session_duration": d.duration(&r.MaxSessionDuration),
			"administrator":        d.boolean(&r.Administrator),
		})
		f.roles = append(f.roles, r)
	}
}

func (d *decoder) decision(f *file) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		var rule directory.Decision
		d.mapping(n, field, []string{"answer"}, readers{
			"user":   d.text(&rule.User),
			"client": d.text(&rule.Client),
			"flow":   d.text(&rule.Flow),
			"answer": d.text(&rule.Answer),
			"after":  d.wait(&rule.After),
		})
		f.decisions = append(f.decisions, rule)
	}
}

func (d *decoder) texts(into *[]string) func(*yaml.Node, string) {
	return d.list(func(n *yaml.Node, field string) {
		var s string
		d.text(&s)(n, field)
		*into = append(*into, s)
	})
}

// organisation is all but what refers to people and accounts.
func (f *file) organisation() directory.Organisation {
	return directory.Organisation{StartURL: f.startURL, Region: f.region, Users: f.users, Accounts: f.accounts, PermissionSets: f.permissionSets}
}
