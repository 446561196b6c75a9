package awsargs

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// Arguments are what a command line asks of an operation.
type Arguments struct {
	// Input is what was given, by member name, in the model's order: string, bool,
	// int64, float64, []any, output.Object, []byte for blobs, time.Time for
	// timestamps, and any JSON for documents. A value that does not fit its
	// member is here as it came; Validate tells of it.
	Input output.Object

	MaxItems, PageSize *int
	StartingToken      string

	Manual   bool     // the operation's own token or limit was given: one page, as asked
	Skeleton string   // "", "input", "yaml-input" or "output"
	Globals  []string // --name or --name=value of the global flags, in full
	Help     bool
}

// A Global is a flag that is not the operation's.
type Global struct {
	Name  string // without dashes
	Value bool   // it takes one
}

// Options are what Parse needs to know besides the operation.
type Options struct {
	Globals []Global
	Extra   []Global // further flags of this command, returned like Globals

	ReadFile  func(string) ([]byte, error) // nil is os.ReadFile
	LookupEnv func(string) (string, bool)  // for ~ and $NAME in names of files; nil is os.LookupEnv
	Stdin     io.Reader                    // what file:///dev/stdin reads; nil leaves it to ReadFile
	// BinaryFormat is how blobs are given when --cli-binary-format is not among the
	// words: base64, the default, or raw-in-base64-out.
	BinaryFormat string
	Optional     []string // required members that the caller fills in
}

// A UsageError is a command line that cannot be used.
type UsageError struct {
	Problem string
	Usage   string   // the text that the AWS CLI prints above, where an option is unknown
	Missing []string // the required members that were not given, where that is all
}

func (e *UsageError) Error() string { return e.Problem }

// Usage is the AWS CLI's usage text for a program of that name.
func Usage(program string) string {
	return "usage: " + program + " [options] <command> <subcommand> [<subcommand> ...] [parameters]\n" +
		"To see help text, you can run:\n\n" +
		"  " + program + " help\n" +
		"  " + program + " <command> help\n" +
		"  " + program + " <command> <subcommand> help\n"
}

// Parse reads the words after an operation's name. The global flags are in what
// it returns even when required arguments are missing, so that the caller can
// tell whether to ask for them.
func Parse(op *awsmodel.Operation, words []string, o Options) (Arguments, error) {
	table := newTable(op)
	globals, words, err := takeGlobals(words, append(slices.Clone(o.Globals), o.Extra...), table)
	if err != nil {
		return Arguments{}, err
	}
	given, err := table.parse(words)
	if err != nil {
		return Arguments{}, err
	}
	a := Arguments{Globals: globals, Help: given.help, Skeleton: given.word("generate-cli-skeleton")}
	if a.Help {
		return a, nil
	}
	whole := given.has("cli-input-json") || given.has("cli-input-yaml")
	if !whole && a.Skeleton != "input" && a.Skeleton != "yaml-input" {
		if err := requireAll(op, given, o.Optional); err != nil {
			return Arguments{Globals: globals}, err
		}
	}
	if len(given.unknown) > 0 {
		return Arguments{}, &UsageError{Problem: "Unknown options: " + strings.Join(given.unknown, ", "), Usage: Usage("aws")}
	}
	if err := a.paging(op, given); err != nil {
		return Arguments{}, err
	}
	files := files{read: o.ReadFile, lookup: o.LookupEnv, stdin: o.Stdin}
	if files.read == nil {
		files.read = os.ReadFile
	}
	if files.lookup == nil {
		files.lookup = os.LookupEnv
	}
	if err := a.values(op, given, files); err != nil {
		return Arguments{}, err
	}
	if whole {
		if err := a.wholeInput(op, given, files); err != nil {
			return Arguments{}, err
		}
	}
	format := o.BinaryFormat
	for _, g := range a.Globals {
		if word, ok := strings.CutPrefix(g, "--cli-binary-format="); ok {
			format = word
		}
	}
	a.Input, err = typed(op.Input, a.Input, format != "raw-in-base64-out")
	return a, err
}

// paging reads the flags that page, which the AWS CLI has in place of the
// operation's own.
func (a *Arguments) paging(op *awsmodel.Operation, given given) error {
	if op.Paging == nil {
		return nil
	}
	for _, member := range []string{op.Paging.InputToken, op.Paging.Limit} {
		a.Manual = a.Manual || member != "" && given.has(awsmodel.FlagName(member))
	}
	var paged []string
	if a.StartingToken = given.word("starting-token"); a.StartingToken != "" {
		paged = append(paged, "--starting-token")
	}
	for _, flag := range []struct {
		name string
		into **int
	}{{"page-size", &a.PageSize}, {"max-items", &a.MaxItems}} {
		if !given.has(flag.name) {
			continue
		}
		n, _ := pythonInt(given.word(flag.name)) // it was one when it was taken
		if problem := unfit(op.Paging, flag.name, n); problem != "" {
			return &UsageError{Problem: problem}
		}
		*flag.into = new(int(n))
		if n != 0 {
			paged = append(paged, "--"+flag.name)
		}
	}
	if (a.Manual || slices.Contains(a.Globals, "--no-paginate")) && len(paged) > 0 {
		return &UsageError{Problem: "Cannot specify --no-paginate along with pagination arguments: " + strings.Join(paged, ", ")}
	}
	return nil
}

// unfit says what is wrong with a number that pages. The smallest page is of one
// item everywhere, and the AWS CLI tells of the member that bounds it. For fewer
// items than none it has no words: it counts them from the end.
func unfit(p *awsmodel.Paging, flag string, n int64) string {
	switch {
	case flag == "max-items" && n < 0:
		return fmt.Sprintf("argument --max-items: must be 0 or more: %d", n)
	case flag == "page-size" && n < 1:
		return fmt.Sprintf("Parameter validation failed:\nInvalid value for parameter %s, value: %d, valid min value: 1", p.Limit, n)
	case flag == "page-size" && n > math.MaxInt32:
		return fmt.Sprintf("Parameter validation failed:\nInvalid value for parameter %s, value: %d, valid max value: %d", p.Limit, n, math.MaxInt32)
	}
	return ""
}

// values makes of the words of each flag what its member takes.
func (a *Arguments) values(op *awsmodel.Operation, given given, files files) error {
	for _, m := range op.Input.Members {
		name := awsmodel.FlagName(m.Name)
		if m.Shape.Kind == awsmodel.Boolean {
			if on, ok := given.switches[name]; ok {
				a.Input = append(a.Input, output.Member{Name: m.Name, Value: on})
			}
			continue
		}
		words, ok := given.words[name]
		if !ok {
			continue
		}
		v, err := argument{flag: "--" + name, files: files}.value(m.Shape, words)
		if err != nil {
			return err
		}
		a.Input = append(a.Input, output.Member{Name: m.Name, Value: v})
	}
	if len(a.StartingToken) == 0 {
		return nil
	}
	text, loaded, err := files.parameter("--starting-token", a.StartingToken)
	if loaded {
		a.StartingToken = string(text)
	}
	return err
}
