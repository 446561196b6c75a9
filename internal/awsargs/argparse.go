package awsargs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
)

// What a flag takes.
type nargs uint8

const (
	one      nargs = iota
	many           // whatever stands until the next flag, perhaps nothing
	optional       // one or none
	none
)

// A flag is one option of a command line.
type flag struct {
	name    string // without its dashes
	nargs   nargs
	negates string // the switch that it turns off
}

// A table holds the options of a command, in the order the AWS CLI has them.
type table []flag

func newTable(op *awsmodel.Operation) table {
	var t table
	for _, m := range op.Input.Members {
		f := flag{name: awsmodel.FlagName(m.Name)}
		switch m.Shape.Kind {
		case awsmodel.Boolean:
			f.nargs = none
			t = append(t, f)
			f.name, f.negates = "no-"+f.name, f.name
		case awsmodel.List:
			f.nargs = many
		}
		t = append(t, f)
	}
	t = append(t, flag{name: "cli-input-json"}, flag{name: "cli-input-yaml"})
	if p := op.Paging; p != nil {
		t = append(t, flag{name: "starting-token"})
		if p.Limit != "" {
			t = append(t, flag{name: "page-size"})
		}
		t = append(t, flag{name: "max-items"})
	}
	return append(t, flag{name: "generate-cli-skeleton", nargs: optional})
}

// given is what a command line has for a table.
type given struct {
	words    map[string][]string // of flags that take some
	switches map[string]bool
	unknown  []string
	help     bool
}

func (g given) has(name string) bool { _, ok := g.words[name]; return ok }

// word is the one word of a flag.
func (g given) word(name string) string {
	if words := g.words[name]; len(words) > 0 {
		return words[0]
	}
	return ""
}

// A token is a word as argparse sees it: a value, a flag it knows, or what looks
// like a flag and is none.
type token struct {
	word     string
	option   bool
	flag     *flag
	value    string // after =
	hasValue bool
	dashes   bool // the -- after which all are values
}

// tokens reads words by the table. Flags may be shortened as long as they stay
// unambiguous.
func (t table) tokens(words []string) ([]token, error) {
	tokens := make([]token, 0, len(words))
	for i, w := range words {
		if w == "--" {
			tokens = append(tokens, token{word: w, dashes: true})
			for _, w := range words[i+1:] {
				tokens = append(tokens, token{word: w})
			}
			return tokens, nil
		}
		token, err := t.token(w)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

func (t table) token(w string) (token, error) {
	if !strings.HasPrefix(w, "-") || w == "-" {
		return token{word: w}, nil
	}
	name, value, hasValue := strings.Cut(w, "=")
	if bare, ok := strings.CutPrefix(name, "--"); ok {
		found, err := t.find(bare, w)
		if err != nil {
			return token{}, err
		}
		if found != nil {
			return token{word: w, option: true, flag: found, value: value, hasValue: hasValue}, nil
		}
	}
	if isNegativeNumber(w) || strings.Contains(w, " ") {
		return token{word: w}, nil
	}
	return token{word: w, option: true}, nil
}

// find returns the flag of that name, or the only one whose name begins so.
func (t table) find(name, word string) (*flag, error) {
	var found []*flag
	for i := range t {
		if t[i].name == name {
			return &t[i], nil
		}
		if strings.HasPrefix(t[i].name, name) {
			found = append(found, &t[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = "--" + f.name
	}
	return nil, &UsageError{Problem: fmt.Sprintf("ambiguous option: %s could match %s", word, strings.Join(names, ", "))}
}

// isNegativeNumber reports whether a word is a value in spite of its dash.
func isNegativeNumber(w string) bool {
	whole, fraction, point := strings.Cut(w[1:], ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if point {
		return digits(whole) && digits(fraction) && fraction != ""
	}
	return digits(whole) && whole != ""
}

// take returns the values of the flag at tokens[i], and where the next token is.
func take(tokens []token, i int) ([]string, int, error) {
	at := tokens[i]
	next := i + 1
	if at.hasValue {
		if at.flag.nargs == none {
			return nil, 0, &UsageError{Problem: fmt.Sprintf("argument --%s: ignored explicit argument %s", at.flag.name, pythonRepr(at.value))}
		}
		return []string{at.value}, next, nil
	}
	values := []string{}
	for next < len(tokens) && !tokens[next].option && !tokens[next].dashes {
		if at.flag.nargs == none || at.flag.nargs != many && len(values) == 1 {
			break
		}
		values = append(values, tokens[next].word)
		next++
	}
	if at.flag.nargs == one && len(values) == 0 {
		return nil, 0, &UsageError{Problem: fmt.Sprintf("argument --%s: expected one argument", at.flag.name)}
	}
	return values, next, nil
}

// takeGlobals takes the global flags from among the words. They come first, as
// in the AWS CLI, where they may hide a value that looks like one of them.
func takeGlobals(words []string, globals []Global, own table) (taken, rest []string, err error) {
	t := make(table, len(globals))
	for i, g := range globals {
		t[i] = flag{name: g.Name}
		if !g.Value {
			t[i].nargs = none
		}
	}
	// What is an option of the operation in full is no short form of a global one.
	ofOperation := func(w string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		isThat := func(f flag) bool { return f.name == name }
		return strings.HasPrefix(w, "--") && slices.ContainsFunc(own, isThat) && !slices.ContainsFunc(t, isThat)
	}
	// Words after -- are values, and stay so.
	head := words
	if end := slices.Index(words, "--"); end >= 0 {
		head = words[:end]
	}
	tokens := make([]token, len(head))
	for i, w := range head {
		if tokens[i] = (token{word: w, option: true}); ofOperation(w) {
			continue
		}
		if tokens[i], err = t.token(w); err != nil {
			return nil, nil, err
		}
	}
	for i := 0; i < len(tokens); {
		at := tokens[i]
		if at.flag == nil {
			rest = append(rest, at.word)
			i++
			continue
		}
		var values []string
		if values, i, err = take(tokens, i); err != nil {
			return nil, nil, err
		}
		word := "--" + at.flag.name
		if at.flag.nargs == one {
			word += "=" + values[0]
		}
		taken = append(taken, word)
	}
	return taken, append(rest, words[len(head):]...), nil
}

// skeletons are what --generate-cli-skeleton makes, as a complaint lists them.
const skeletons = "input                                    | output                                  \nyaml-input                              "

// parse reads words by the table.
func (t table) parse(words []string) (given, error) {
	g := given{words: map[string][]string{}, switches: map[string]bool{}}
	if len(words) > 0 && words[0] == "--" {
		words = words[1:] // the AWS CLI loses it with the operation's name
	}
	// Help is asked for in portico's way too.
	t = append(slices.Clone(t), flag{name: "help", nargs: none})
	tokens, err := t.tokens(words)
	if err != nil {
		return given{}, err
	}
	stray, strayed := "", false
	for i := 0; i < len(tokens); {
		at := tokens[i]
		switch {
		case at.flag != nil:
			var values []string
			if values, i, err = take(tokens, i); err != nil {
				return given{}, err
			}
			if err := g.set(*at.flag, values); err != nil {
				return given{}, err
			}
			continue
		case at.word == "-h" && at.option:
			g.help = true
		case at.dashes && (!strayed || i > 0 && tokens[i-1].word == stray && !tokens[i-1].option):
			// It goes with that word.
		case !at.option && !at.dashes && !strayed:
			// argparse keeps the first word that belongs to no flag for help, and the
			// AWS CLI complains of it last.
			stray, strayed = at.word, true
		default:
			g.unknown = append(g.unknown, at.word)
		}
		i++
	}
	g.help = g.help || stray == "help"
	if strayed && stray != "help" {
		g.unknown = append(g.unknown, stray)
	}
	return g, nil
}

func (g *given) set(f flag, values []string) error {
	switch {
	case f.name == "help":
		g.help = true
	case f.nargs == none && f.negates != "":
		g.switches[f.negates] = false
	case f.nargs == none:
		g.switches[f.name] = true
	case f.nargs == optional && len(values) == 0:
		g.words[f.name] = []string{"input"}
	case f.nargs == optional && !slices.Contains([]string{"input", "output", "yaml-input"}, values[0]):
		return &UsageError{Problem: "argument --" + f.name + ": Invalid choice, valid choices are:\n\n" + skeletons}
	case f.name == "page-size" || f.name == "max-items":
		if _, ok := pythonInt(values[0]); !ok {
			return &UsageError{Problem: fmt.Sprintf("argument --%s: invalid int value: %s", f.name, pythonRepr(values[0]))}
		}
		g.words[f.name] = values
	default:
		g.words[f.name] = values
	}
	return nil
}

func requireAll(op *awsmodel.Operation, g given, optional []string) error {
	e := &UsageError{}
	var flags []string
	for _, m := range op.Input.Members {
		// No switch is required by its flags; validation asks for it.
		flag := awsmodel.FlagName(m.Name)
		if m.Required && m.Shape.Kind != awsmodel.Boolean && !g.has(flag) && !slices.Contains(optional, m.Name) {
			e.Missing = append(e.Missing, m.Name)
			flags = append(flags, "--"+flag)
		}
	}
	if len(e.Missing) == 0 {
		return nil
	}
	e.Problem = "the following arguments are required: " + strings.Join(flags, ", ")
	return e
}
