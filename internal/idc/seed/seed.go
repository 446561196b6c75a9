package seed

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// MaxSize is how large a seed file may be.
const MaxSize = 4 << 20

const (
	maxDepth = 32
	// A short file can say much by repeating an anchor; this is what it may
	// unfold to.
	maxNodes = 500_000
	maxPairs = 1_000_000 // of assignment and account
)

// What a seed need not say.
const (
	defaultStartURL = "https://d-1234567890.awsapps.com/start"
	defaultRegion   = "us-east-1"
)

var defaultCreated = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Error says what is wrong with a seed, where, and how to cure it. It shows no
// password.
type Error struct {
	File    string
	Line    int    // counted from 1; 0 when it is the file as a whole
	Field   string // users[1].email; "" when it is the file as a whole
	Problem string
	Cure    string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Problem)
	if e.Cure != "" {
		b.WriteString(" (" + e.Cure + ")")
	}
	return b.String()
}

//go:embed builtin.yaml
var builtIn []byte

// BuiltIn is the organisation there is when nobody states another.
func BuiltIn() directory.Organisation {
	org, err := Parse("built-in organisation", builtIn)
	if err != nil {
		panic(err) // a test reads the embedded file
	}
	return org
}

// Parse reads a seed. name is what errors call it. The organisation is valid:
// accounts are given by id, and "*" has become all of them. The error is an
// *Error.
func Parse(name string, data []byte) (directory.Organisation, error) {
	org, err := parse(data)
	if err != nil {
		err.File = name
		return directory.Organisation{}, err
	}
	return org, nil
}

func parse(data []byte) (directory.Organisation, *Error) {
	root, err := load(data)
	if err != nil {
		return directory.Organisation{}, err
	}
	d := decoder{lines: map[string]int{}}
	f := d.file(root)
	if d.err != nil {
		return directory.Organisation{}, d.err
	}
	org := f.organisation()
	// What is wrong with an account would otherwise be reported where an
	// assignment speaks of it.
	if err := d.valid(org); err != nil {
		return directory.Organisation{}, err
	}
	if err := f.resolve(&d, &org); err != nil {
		return directory.Organisation{}, err
	}
	if err := d.valid(org); err != nil {
		return directory.Organisation{}, err
	}
	return org, nil
}

// load reads the one document there must be.
func load(data []byte) (*yaml.Node, *Error) {
	if len(data) > MaxSize {
		return nil, &Error{Problem: fmt.Sprintf("it is larger than %d MiB", MaxSize>>20), Cure: "state a smaller organisation"}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	var document, second yaml.Node
	err = loader.Load(&document)
	if errors.Is(err, io.EOF) || (err == nil && empty(&document)) {
		return nil, &Error{Problem: "it is empty", Cure: "state users, accounts, permission_sets and assignments, or leave the file out for the built-in organisation"}
	}
	if err != nil {
		return nil, syntaxError(data, err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, &Error{Line: second.Line, Problem: "a second document begins here", Cure: "keep one document, without --- in between"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(data, err)
	}
	return document.Content[0], nil
}

func empty(document *yaml.Node) bool {
	return len(document.Content) == 0 || null(document.Content[0])
}

// syntaxError words what the YAML library says.
func syntaxError(data []byte, err error) *Error {
	e := &Error{Problem: "it is no YAML", Cure: "look at indentation, quotes and brackets on this line and the one before"}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return e
	}
	e.Problem = "it is no YAML: " + load.Message
	e.Line = load.Mark.Line
	if at := load.Mark.Index; e.Line == 0 && at > 0 && at <= len(data) {
		e.Line = 1 + bytes.Count(data[:at], []byte{'\n'})
	}
	lines := bytes.Split(data, []byte{'\n'})
	if e.Line > 0 && e.Line <= len(lines) && bytes.HasPrefix(bytes.TrimLeft(lines[e.Line-1], " "), []byte{'\t'}) {
		e.Cure = "indent with spaces, not with tabs"
	}
	return e
}

// valid asks package directory, and finds the line for its answer.
func (d *decoder) valid(org directory.Organisation) *Error {
	if err := org.Validate(); err != nil {
		return d.at("", err)
	}
	return nil
}
