package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/terminal"
)

var colorChoices = []string{"on", "off", "auto"}

// A printer prints the answers of one operation: in the chosen format, after
// --query, through a pager on a terminal.
type printer struct {
	output.Printer
	pager     *pager // nil: none
	wireTimes bool   // times are wanted as the service writes them
}

// printer makes the one for an operation, which AWS calls by a name of its own.
// What is wrong with the settings it needs is told before anything is asked of
// anyone.
func (s *setup) printer(a *App, operation string) (*printer, error) {
	return a.printer(s.globals, s.settings, operation)
}

func (a *App) printer(g *globals, s *awsconfig.Settings, operation string) (*printer, error) {
	format, err := s.Output()
	if err != nil {
		return nil, err
	}
	query, err := output.Compile(g.Query)
	if err != nil {
		return nil, err
	}
	t := a.terminal()
	p := &printer{Printer: output.Printer{Out: a.Stdout, Format: output.Format(format), Query: query, Operation: operation, Columns: t.Columns()}}
	switch times, _ := s.Profile.Get("cli_timestamp_format"); times {
	case "wire":
		p.wireTimes = true
	case "", "iso8601":
	default:
		return nil, words(fmt.Sprintf(`Unknown cli_timestamp_format value: %s, valid values are "wire" or "iso8601"`, times))
	}
	if t.InteractiveOut() {
		p.Clean = terminal.Clean
	}
	p.Color = t.Color()
	if command := a.pagerCommand(s); t.InteractiveOut() && !g.NoPager && command != "" {
		p.pager = &pager{app: a, command: command}
		p.Out = p.pager
	}
	return p, nil
}

// Print prints the only answer there is.
func (p *printer) Print(v output.Object) error {
	err := p.Printer.Print(v)
	if closed := p.Close(); err == nil {
		err = closed
	}
	return err
}

// Close ends the pager's input and waits until its reader has seen enough. It
// follows the last answer of several.
func (p *printer) Close() error {
	if p.pager == nil {
		return nil
	}
	return p.pager.Close()
}

// choiceFlag adds a flag that takes one of a few words.
func choiceFlag(f *pflag.FlagSet, to *string, name string, choices []string, usage string) {
	f.Var(&choice{name, to, choices}, name, usage)
}

type choice struct {
	flag    string
	to      *string
	choices []string
}

func (c *choice) String() string { return *c.to }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.choices, word) {
		return &choiceError{Flag: "--" + c.flag, Word: word, Choices: c.choices}
	}
	*c.to = word
	return nil
}

// A choiceError refuses a word that is none of those a flag takes.
type choiceError struct {
	Flag, Word string
	Choices    []string
}

func (e *choiceError) Error() string {
	return fmt.Sprintf("argument %s: Found invalid choice '%s' (choose from %s)", e.Flag, e.Word, strings.Join(e.Choices, ", "))
}
