package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/awsmodel"
)

// example is a command line with what has to be given.
func (o *operation) example() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  portico %s %s", o.Service.Command, awsmodel.CommandName(o.Operation.Name))
	for _, m := range o.Operation.Input.Members {
		if m.Required && !slices.Contains(o.found(), m.Name) {
			flag := awsmodel.FlagName(m.Name)
			switch m.Shape.Kind {
			case awsmodel.Boolean:
				fmt.Fprintf(&b, " --%s", flag)
			case awsmodel.Structure, awsmodel.List, awsmodel.Map, awsmodel.Document:
				fmt.Fprintf(&b, " --%s file://%s.json", flag, flag)
			default:
				fmt.Fprintf(&b, " --%s %s", flag, strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
			}
		}
	}
	if !o.Operation.Open || o.takesToken() {
		b.WriteString(" --profile dev")
	}
	return b.String()
}

// An option is a flag of an operation.
type option struct{ name, value, doc string }

// options are the operation's flags, in the model's order.
func (o *operation) options() []option {
	var all []option
	for _, m := range o.Operation.Input.Members {
		if p := o.Operation.Paging; p != nil && (m.Name == p.InputToken || m.Name == p.Limit) {
			continue // the paging flags are there in their place
		}
		f := option{name: awsmodel.FlagName(m.Name), value: valueWord(m.Shape), doc: m.Doc}
		switch {
		case m.Name == accessToken:
			f.doc = "The token to use in place of the signed-in session's. Other users of this machine can see it."
		case m.Name == instanceArn && m.Required && slices.Contains(o.found(), m.Name):
			f.doc += " May be left out when there is one instance."
		case m.Name == identityStoreID && m.Required:
			f.doc += " May be left out when there is one instance of IAM Identity Center."
		case m.Required:
			f.doc = strings.TrimSpace("(required) " + f.doc)
		}
		if len(m.Shape.Enum) > 0 {
			f.doc = strings.TrimSpace(f.doc + " One of: " + strings.Join(m.Shape.Enum, ", ") + ".")
		}
		all = append(all, f)
	}
	if o.takesToken() {
		all = append(all, option{sessionFlagName, "name", "The sso-session to speak for, in place of the profile's."})
	}
	all = append(all,
		option{"cli-input-json", "json", "All of the input as JSON; file://NAME reads it. Flags win over it."},
		option{"cli-input-yaml", "yaml", "All of the input as YAML."})
	if p := o.Operation.Paging; p != nil {
		all = append(all, option{"starting-token", "token", "Where to go on: the NextToken of an answer that --max-items ended."})
		if p.Limit != "" {
			all = append(all, option{"page-size", "integer", "How many items to ask the service for at a time."})
		}
		all = append(all, option{"max-items", "integer", "How many items to print."})
	}
	return append(all, option{"generate-cli-skeleton", "kind", "Print a sample and send nothing: input, yaml-input or output."})
}

func valueWord(s *awsmodel.Shape) string {
	switch s.Kind {
	case awsmodel.Structure, awsmodel.Map, awsmodel.Document:
		return "json"
	case awsmodel.List:
		return "list"
	case awsmodel.Boolean:
		return ""
	case awsmodel.Integer, awsmodel.Long:
		return "integer"
	case awsmodel.Float, awsmodel.Double:
		return "number"
	case awsmodel.Timestamp:
		return "timestamp"
	case awsmodel.Blob:
		return "blob"
	}
	return "string"
}

// help prints what cobra would, for flags that cobra does not know.
func (o *operation) help(cmd *cobra.Command) {
	out := o.App.Stdout
	fmt.Fprintf(out, "%s\n", o.Operation.Doc)
	switch o.Service.Command {
	case "sso-admin", "identitystore":
		fmt.Fprint(out, "\nWhere no region is set, it is that of the profile's sign-in, where the Identity\nCenter is.\n")
	}
	fmt.Fprintf(out, "\nUsage:\n  %s [flags]\n\nExamples:\n%s\n\nFlags:\n", cmd.CommandPath(), cmd.Example)
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	for _, f := range o.options() {
		fmt.Fprintf(w, "  --%s %s\t%s\n", f.name, f.value, f.doc)
	}
	_ = w.Flush() // there is nobody to tell
	fmt.Fprintf(out, "\nGlobal Flags:\n%s", cmd.Root().PersistentFlags().FlagUsagesWrapped(80))
}

// completions are the flags that begin like a word.
func (o *operation) completions(cmd *cobra.Command, word string) []string {
	if !strings.HasPrefix(word, "-") {
		return nil
	}
	var found []string
	add := func(name, doc string) {
		if flag := "--" + name; strings.HasPrefix(flag, word) {
			found = append(found, flag+"\t"+doc)
		}
	}
	for _, f := range o.options() {
		add(f.name, f.doc)
	}
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) { add(f.Name, f.Usage) })
	return found
}
