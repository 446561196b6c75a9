package cli

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsargs"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
)

// An operation is one of AWS's, as a command.
type operation struct {
	App       *App
	Globals   *globals
	Service   *awsmodel.Service
	Operation *awsmodel.Operation

	sessionName string // whose token an operation of the access portal uses
}

// Required members that portico finds out for itself when they are not given.
const (
	accessToken     = "accessToken"
	instanceArn     = "InstanceArn"
	identityStoreID = "IdentityStoreId"
)

// found are those among the operation's input. What deletes a whole Identity Center
// does not guess which.
func (o *operation) found() []string {
	var names []string
	for _, m := range o.Operation.Input.Members {
		switch m.Name {
		case accessToken, instanceArn, identityStoreID:
			if o.Operation.Name != "DeleteInstance" {
				names = append(names, m.Name)
			}
		}
	}
	return names
}

func (o *operation) run(cmd *cobra.Command, words []string) error {
	args, err := o.parse(cmd, words)
	if err != nil {
		return err
	}
	switch {
	case args.Help:
		return cmd.Help()
	case args.Skeleton == "output":
		if err := awsargs.Validate(o.Operation, o.complete(args.Input)); err != nil {
			return err
		}
		return o.printSkeleton()
	case args.Skeleton != "":
		return awsargs.WriteSkeleton(o.App.Stdout, o.Operation, args.Skeleton)
	}
	s, err := o.App.setup(o.Globals)
	if err != nil {
		return err
	}
	answers, err := s.printer(o.App, o.Operation.Name)
	if err != nil {
		return err
	}
	if err := awsargs.Validate(o.Operation, o.complete(args.Input)); err != nil {
		return err
	}
	caller, err := o.caller(cmd.Context(), s, args.Input)
	if err != nil {
		return err
	}
	caller.WireTimestamps = answers.wireTimes
	input, err := o.find(cmd.Context(), s, caller, args.Input)
	if err != nil {
		return o.explain(cmd.Context(), err, s, args.Input)
	}
	paging := admin.Paging{MaxItems: args.MaxItems, PageSize: args.PageSize, StartingToken: args.StartingToken,
		Off: o.Operation.Paging == nil || o.Globals.NoPaginate || args.Manual}
	pages := caller.Pages(cmd.Context(), o.Service, o.Operation, input, paging)
	return o.explain(cmd.Context(), o.print(answers, pages, paging), s, input)
}

// parse reads the words of the command line. The global flags among them go to
// where cobra would have put them.
func (o *operation) parse(cmd *cobra.Command, words []string) (awsargs.Arguments, error) {
	flags := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
	flags.AddFlagSet(cmd.Root().PersistentFlags())
	options := awsargs.Options{Stdin: o.App.Stdin, LookupEnv: o.App.Lookup, Optional: o.found(), BinaryFormat: look(words).globals.BinaryFormat}
	flags.VisitAll(func(f *pflag.Flag) {
		options.Globals = append(options.Globals, awsargs.Global{Name: f.Name, Value: f.NoOptDefVal == ""})
	})
	if o.takesToken() {
		flags.StringVar(&o.sessionName, sessionFlagName, "", "")
		options.Extra = []awsargs.Global{{Name: sessionFlagName, Value: true}}
	}
	args, err := awsargs.Parse(o.Operation, words, options)
	if err := flags.Parse(args.Globals); err != nil {
		return args, flagError(cmd, err)
	}
	if err := o.Globals.consistent(); err != nil {
		return args, err
	}
	if e, ok := errors.AsType[*awsargs.UsageError](err); ok && len(e.Missing) > 0 && o.App.autoPrompt(o.Globals) {
		if words, err = o.prompt(cmd.Context(), e.Missing, words, options); err == nil {
			args, err = awsargs.Parse(o.Operation, words, options)
		}
	}
	return args, err
}

const sessionFlagName = "sso-session"

func (o *operation) takesToken() bool {
	_, takes := o.Operation.Input.Member(accessToken)
	return takes
}

// administers tells the services that answer to one account of the organization.
func (o *operation) administers() bool {
	switch o.Service.Command {
	case "sso-admin", "identitystore", "organizations":
		return true
	}
	return false
}

func (o *operation) printSkeleton() error {
	s, err := o.App.setup(o.Globals)
	if err != nil {
		return err
	}
	answers, err := s.printer(o.App, o.Operation.Name)
	if err != nil {
		return err
	}
	answer, err := awsargs.Skeleton(o.Operation, "output")
	if err != nil {
		return err
	}
	return answers.Print(answer)
}

// complete is the input with samples of what is found out later, so that the
// rest of it can be judged before anybody is asked anything.
func (o *operation) complete(input output.Object) output.Object {
	samples := map[string]string{accessToken: "x", instanceArn: "arn:aws:sso:::instance/ssoins-0123456789abcdef", identityStoreID: "d-0123456789"}
	for _, name := range o.found() {
		if _, given := input.Get(name); !given {
			input = append(input[:len(input):len(input)], output.Member{Name: name, Value: samples[name]})
		}
	}
	return input
}

// print prints pages as the AWS CLI does: as text and as a stream of YAML one by
// one, in other formats as one answer.
func (o *operation) print(answers *printer, pages iter.Seq2[admin.Page, error], paging admin.Paging) error {
	if paging.Off || (answers.Format != output.Text && answers.Format != output.YAMLStream) {
		answer, err := admin.Merge(o.Operation, pages, paging)
		if err != nil {
			return err
		}
		return answers.Print(answer)
	}
	for page, err := range pages {
		if err == nil {
			err = o.printPage(&answers.Printer, page)
		}
		if err != nil {
			return errors.Join(err, answers.Close())
		}
	}
	return answers.Close()
}

// printPage prints a page as it is, or as text what it adds to the listing and
// where that goes on.
func (o *operation) printPage(p *output.Printer, page admin.Page) error {
	if p.Format != output.Text {
		return p.Print(page.Answer)
	}
	if err := p.Print(admin.Results(o.Operation, page)); err != nil || page.NextToken == "" {
		return err
	}
	next := output.Object{{Name: "NextToken", Value: page.NextToken}}
	return p.Print(output.Object{{Name: "NextToken", Value: next}})
}

// explain adds to a refusal what a person can do about it.
func (o *operation) explain(ctx context.Context, err error, s *setup, input output.Object) error {
	e, ok := errors.AsType[*signin.ServiceError](err)
	if ok && o.administers() && (e.Code == "AccessDenied" || e.Code == "AccessDeniedException") {
		return &hintedError{Err: err, Hint: strings.TrimPrefix(forbiddenCure(ctx, o.App)+"\n"+o.managementCure(), "\n")}
	}
	if !ok || o.Operation.Name != "GetRoleCredentials" || e.Status != http.StatusForbidden {
		return err
	}
	word := func(name string) string { v, _ := input.Get(name); text, _ := v.(string); return text }
	sess, _ := s.portalSession(o.sessionName)
	return &creds.NoAccessError{Role: creds.Role{Session: sess, AccountID: word("accountId"), RoleName: word("roleName")}, Cause: e}
}

// find adds to the input what was left out and can be found out: the instance
// of IAM Identity Center, when there is one.
func (o *operation) find(ctx context.Context, s *setup, caller *admin.Caller, input output.Object) (output.Object, error) {
	for _, m := range o.Operation.Input.Members {
		if !m.Required || (m.Name != instanceArn && m.Name != identityStoreID) {
			continue
		}
		if _, given := input.Get(m.Name); given {
			continue
		}
		value, err := onlyInstance(ctx, s, caller, m.Name)
		if err != nil {
			return nil, err
		}
		input = append(input, output.Member{Name: m.Name, Value: value})
	}
	return input, nil
}
