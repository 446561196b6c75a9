package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/access"
	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newAccess(a *App, g *globals) *cobra.Command {
	c := family(a, groupAdmin, "access", "See who can reach what, and by which group",
		newAccessWho(a, g), newAccessOf(a, g), newAccessReport(a, g))
	c.Long = `Answers who can reach which account, with which permission set, and by which
group, from the assignments of IAM Identity Center. It takes a profile of the
organization's management account, or of one that it has delegated to, and reads
alone. Whether you have one says: portico sso-admin list-instances --profile NAME`
	return c
}

// An accessQuestion is what the commands of access have in common.
type accessQuestion struct {
	instance string // ARN; "" means the only one
	json     bool
	csv      bool
}

func (q *accessQuestion) flags(c *cobra.Command) {
	c.Flags().StringVar(&q.instance, "instance-arn", "", "instance of IAM Identity Center (default: the only one there is)")
	c.Flags().BoolVar(&q.csv, "csv", false, "print CSV, for a spreadsheet")
	c.Flags().BoolVar(&q.json, "json", false, "print JSON, as --output json does")
	c.MarkFlagsMutuallyExclusive("csv", "json")
}

// An accessReader asks for one command, and prints what came.
type accessReader struct {
	*access.Source
	app      *App
	question *accessQuestion
	setup    *setup
	printer  *printer
	progress *terminal.Progress
}

// reader makes one. What is wrong with the command line is told before anybody is
// asked.
func (q *accessQuestion) reader(ctx context.Context, a *App, g *globals, operation string) (*accessReader, error) {
	flags := *g
	if q.json {
		flags.Output = "json"
	}
	s, err := a.setup(&flags)
	if err != nil {
		return nil, err
	}
	if q.csv && (g.Output != "" || g.Query != "") {
		return nil, &usageError{Problem: "--csv goes without --output and --query; for a part of it as CSV, use --output text"}
	}
	if !s.settings.ChoosesOutput() && a.terminal().InteractiveOut() {
		flags.Output = "table"
		if s, err = a.setup(&flags); err != nil {
			return nil, err
		}
	}
	r := &accessReader{app: a, question: q, setup: s}
	if r.printer, err = s.printer(a, operation); err != nil {
		return nil, err
	}
	if r.Source, err = s.accessSource(ctx, q.instance); err != nil {
		return nil, r.explain(ctx, err)
	}
	r.Known = a.accountNames(s.settings.Config)
	r.progress = a.terminal().Progress("Reading assignments")
	r.Warn = func(problem string) { r.progress.Aside(func() { s.warn(problem) }) }
	r.Step = r.progress.Step
	return r, nil
}

// accessSource makes the callers of the three services, each of which has a pace of
// its own, and finds the instance.
func (s *setup) accessSource(ctx context.Context, instance string) (*access.Source, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	regions := s.instanceRegions()
	if len(regions) == 0 {
		return nil, &configError{Kind: "NoRegion", Problem: "You must specify a region: that of the Identity Center.",
			Hint: "Name a profile of the organization's management account with --profile, whose sign-in is in that region, or name it with --region."}
	}
	keys, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	source := &access.Source{InstanceARN: instance}
	for command, to := range map[string]**admin.Caller{"sso-admin": &source.Admin, "identitystore": &source.Store, "organizations": &source.Organization} {
		endpoint, err := s.endpoint(admin.Service(command).Endpoint, true)
		if err != nil {
			return nil, err
		}
		*to = &admin.Caller{HTTP: way, Endpoint: endpoint, Addresses: s.addresses(), Region: s.globalRegion(), Paced: pace.New(signin.Throttled).Do,
			Credentials: admin.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}}
	}
	for _, region := range regions {
		source.Admin.Region, source.Store.Region = region, region
		if err = s.findInstance(ctx, source, instance); err == nil {
			return source, nil
		}
		if _, elsewhere := errors.AsType[*configError](err); !elsewhere {
			return nil, err
		}
	}
	return nil, err
}

// instanceRegions are where the instance may be: in the region that --region says,
// or else in that of the profile's session, of its resources, or of the only session
// there is.
func (s *setup) instanceRegions() (regions []string) {
	if s.globals.Region != "" {
		return []string{s.globals.Region}
	}
	role, _ := s.role()
	configured, _ := s.settings.Region()
	home, _ := s.portalSession("")
	for _, region := range []string{role.Session.Region, configured, home.Region} {
		if region != "" && !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

// findInstance fills in the instance, the only one where none is given, and its
// identity store.
func (s *setup) findInstance(ctx context.Context, source *access.Source, given string) (err error) {
	if given != "" {
		source.StoreID, err = source.IdentityStore(ctx)
		return err
	}
	if source.InstanceARN, err = onlyInstance(ctx, s, source.Admin, instanceArn); err != nil {
		return err
	}
	source.StoreID, err = onlyInstance(ctx, s, source.Admin, identityStoreID)
	return err
}

// journal is where a long report keeps its answers.
func (r *accessReader) journal() string {
	sum := sha256.Sum256([]byte(r.Admin.Endpoint + "\x00" + r.Admin.Region + "\x00" + r.InstanceARN))
	return filepath.Join(r.app.stateDir(), "access", fmt.Sprintf("%x.jsonl", sum[:8]))
}

// print prints the answer. As a table it is what a person reads: names, and ids
// where there are none.
func (r *accessReader) print(f *access.Facts) error {
	r.progress.Done()
	grants := f.Grants()
	if r.question.csv {
		return r.writeCSV(grants)
	}
	rows := []any{}
	brief := r.printer.Format == output.Table && r.printer.Query == nil
	for _, g := range grants {
		if brief {
			rows = append(rows, briefRow(g))
		} else {
			rows = append(rows, fullRow(g))
		}
	}
	return r.printer.Print(output.Object{{Name: "Grants", Value: rows}})
}

// writeCSV keeps strangers' names from steering a terminal. Anything else gets them
// as they are.
func (r *accessReader) writeCSV(grants []access.Grant) error {
	if !r.app.terminal().InteractiveOut() {
		return access.WriteCSV(r.app.Stdout, grants)
	}
	var text strings.Builder
	if err := access.WriteCSV(&text, grants); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(r.app.Stdout, terminal.Clean(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

func briefRow(g access.Grant) output.Object {
	via := g.Via()
	if !g.Direct() {
		via = cmp.Or(g.Group.Name, g.Group.ID)
	}
	return output.Object{{Name: "Account", Value: cmp.Or(g.AccountName, g.AccountID)}, {Name: "PermissionSet", Value: g.PermissionSet},
		{Name: "User", Value: cmp.Or(g.Person.Name, g.Person.ID, "-")}, {Name: "Via", Value: via}, {Name: "Status", Value: cmp.Or(g.Status, "-")}}
}

func fullRow(g access.Grant) output.Object {
	var row output.Object
	for _, m := range []struct{ name, value string }{
		{"AccountId", g.AccountID}, {"AccountName", g.AccountName}, {"PermissionSet", g.PermissionSet}, {"PermissionSetArn", g.PermissionSetARN},
		{"Via", g.Via()}, {"GroupId", g.Group.ID}, {"GroupName", g.Group.Name},
		{"UserId", g.Person.ID}, {"UserName", g.Person.Name}, {"DisplayName", g.Person.DisplayName}, {"Email", g.Person.Email}, {"Status", g.Status},
	} {
		if m.value == "" {
			row = append(row, output.Member{Name: m.name, Value: nil})
			continue
		}
		row = append(row, output.Member{Name: m.name, Value: m.value})
	}
	return row
}

// account finds an account by its id or its name.
func (r *accessReader) account(ctx context.Context, which string) (string, error) {
	if len(which) == 12 && strings.Trim(which, "0123456789") == "" {
		return which, nil
	}
	accounts, err := r.Accounts(ctx)
	if err != nil {
		var known []string
		for id, name := range r.Known {
			if strings.EqualFold(name, which) {
				known = append(known, id)
			}
		}
		if len(known) == 1 {
			return known[0], nil
		}
		if e, ok := errors.AsType[*signin.ServiceError](err); ok {
			return "", &hintedError{Err: err, Hint: fmt.Sprintf("The names of accounts are asked of Organizations (%s). Give the account's id in place of its name.", e.Operation)}
		}
		return "", err
	}
	var ids, names []string
	for _, acct := range accounts {
		names = append(names, acct.Name)
		if strings.EqualFold(acct.Name, which) {
			ids = append(ids, acct.ID)
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		slices.Sort(names)
		return "", &hintedError{Err: &usageError{Problem: fmt.Sprintf("there is no account %s in the organization", terminal.Clean(which))},
			Hint: fmt.Sprintf("There are %s. All are listed by: %s organizations list-accounts%s", terminal.Clean(some(names)), r.app.Name, r.app.sameProfile())}
	}
	return "", &usageError{Problem: fmt.Sprintf("%d accounts are called %s: %s; give one's id", len(ids), terminal.Clean(which), strings.Join(ids, ", "))}
}

// explain adds to a refusal what a person can do about it.
func (r *accessReader) explain(ctx context.Context, err error) error {
	r.progress.Done()
	e, ok := errors.AsType[*signin.ServiceError](err)
	if !ok || (e.Code != "AccessDenied" && e.Code != "AccessDeniedException") {
		return err
	}
	if _, ok := errors.AsType[*hintedError](err); ok {
		return err
	}
	o := &operation{App: r.app, Service: admin.Service("sso-admin"), Operation: admin.Service("sso-admin").Operations[0]}
	return &hintedError{Err: err, Hint: strings.TrimPrefix(forbiddenCure(ctx, r.app)+"\n"+o.managementCure(), "\n")}
}
