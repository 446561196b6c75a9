package seed

import (
	"slices"
	"strings"

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
}

type readers = map[string]func(*yaml.Node, string)

func (d *decoder) file(root *yaml.Node) *file {
	f := &file{startURL: defaultStartURL, region: defaultRegion}
	d.mapping(root, "", nil, readers{
		"start_url":          d.text(&f.startURL),
		"region":             d.text(&f.region),
		"management_account": d.account(&f.managementAccount),
		"users":              d.list(d.user(f)),
		"accounts":           d.list(d.accountEntry(f)),
		"permission_sets":    d.list(d.permissionSet(f)),
		"assignments":        d.list(d.assignment(f)),
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
				if err := bucketName(b.Name); err != "" && d.err == nil {
					d.err = &Error{Line: d.line(field + ".name"), Field: field + ".name", Problem: quote(b.Name) + " " + err,
						Cure: "use 3 to 63 lower-case letters, digits, dots or dashes, beginning and ending with a letter or digit"}
				}
				a.Buckets = append(a.Buckets, b)
			}),
		})
		f.accounts = append(f.accounts, a)
	}
}

// bucketName adds to the pattern, which package directory checks, the rest of
// S3's rules.
func bucketName(name string) string {
	switch {
	case strings.Contains(name, ".."), strings.Contains(name, ".-"), strings.Contains(name, "-."):
		return "has a dot beside a dot or a dash"
	case ipLike(name):
		return "looks like an IP address"
	case strings.HasPrefix(name, "xn--"), strings.HasSuffix(name, "-s3alias"), strings.HasSuffix(name, "--ol-s3"):
		return "begins or ends as S3 reserves for itself"
	}
	return ""
}

func ipLike(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) == 4 && !slices.ContainsFunc(parts, func(p string) bool {
		return p == "" || strings.Trim(p, "0123456789") != ""
	})
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

func (d *decoder) texts(into *[]string) func(*yaml.Node, string) {
	return d.list(func(n *yaml.Node, field string) {
		var s string
		d.text(&s)(n, field)
		*into = append(*into, s)
	})
}

// organisation is all but what refers to accounts.
func (f *file) organisation() directory.Organisation {
	return directory.Organisation{StartURL: f.startURL, Region: f.region, Users: f.users, Accounts: f.accounts, PermissionSets: f.permissionSets}
}
