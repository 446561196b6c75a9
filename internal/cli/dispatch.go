package cli

import (
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// An invocation is what a first look at the words of a command line finds, before
// anybody decides whose command it is.
type invocation struct {
	args    []string
	words   []int // where in args the words are that are no flags and no values of global ones
	flags   []int // where the long flags are
	unknown []string
	globals globals
	help    bool // --help or -h
	version bool
}

// look reads global flags wherever they stand, as the AWS CLI does: a name that
// is cut short means the one flag it can mean. What other flags are, and which
// of the words are their values, only their command knows.
func look(args []string) *invocation {
	l := &invocation{args: args}
	flags := globalFlags(&l.globals)
	for i := 0; i < len(args); i++ {
		name, long := strings.CutPrefix(args[i], "--")
		switch {
		case args[i] == "--":
			for i++; i < len(args); i++ {
				l.words = append(l.words, i)
			}
			return l
		case !long && len(name) > 1 && name[0] == '-':
			l.help = l.help || name == "-h"
			l.unknown = append(l.unknown, name)
			continue
		case !long:
			l.words = append(l.words, i)
			continue
		case name == "help":
			l.help = true
			continue
		case name == "version":
			l.version = true
			continue
		}
		l.flags = append(l.flags, i)
		name, value, given := strings.Cut(name, "=")
		f := findFlag(flags, name)
		if f == nil {
			l.unknown = append(l.unknown, "--"+name)
			continue
		}
		switch {
		case given:
		case f.NoOptDefVal != "":
			value = f.NoOptDefVal
		case i+1 < len(args):
			i++
			value = args[i]
		}
		_ = f.Value.Set(value) // whose command it is says what is wrong with it
	}
	return l
}

// findFlag finds a flag by its name, or by the beginning of its alone.
func findFlag(flags *pflag.FlagSet, name string) *pflag.Flag {
	if f := flags.Lookup(name); f != nil || name == "" {
		return f
	}
	var like []*pflag.Flag
	flags.VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, name) {
			like = append(like, f)
		}
	})
	if len(like) != 1 {
		return nil
	}
	return like[0]
}

// word is the n-th word that is no flag; "" when there are fewer.
func (l *invocation) word(n int) string {
	if n >= len(l.words) {
		return ""
	}
	return l.args[l.words[n]]
}

// A route says who runs a command line.
type route int

const (
	ours    route = iota
	through       // the AWS CLI, or whatever else is called aws
)

// inPart marks a command that portico has in part, and the AWS CLI as a whole:
// what is not portico's of it goes through.
const inPart = "in part"

// route decides whose a command line is. A word that nobody has goes through
// too, unless it is as good as one of portico's: that is portico's to refuse.
func (a *App) route(root *cobra.Command, l *invocation) route {
	aliased := a.Name == "aws" // then portico stands in nobody's way
	first := l.word(0)
	if first == "" {
		if aliased && l.version {
			return through // scripts look for the version of the AWS CLI
		}
		return ours
	}
	if strings.HasPrefix(first, "__complete") { // the shells' completion scripts say it
		return ours
	}
	c, depth := find(root, l)
	rest := l.word(depth)
	switch {
	case c == root:
		if !aliased && !a.knownToAWS(first) && len(root.SuggestionsFor(first)) > 0 {
			return ours
		}
		return through
	case c.Name() == "help" && rest != "":
		if topic, _ := find(root, &invocation{args: l.args, words: l.words[1:]}); topic == root {
			return through // a topic of the AWS CLI's help
		}
		return ours
	case topLevel(c).GroupID != groupAWS:
		return ours
	case c.HasSubCommands():
		switch {
		case rest == "" && c.Name() == "configure" && !l.help:
			return through // the wizard for long-term keys
		case rest == "":
			return ours
		case c.Annotations[inPart] != "":
			return through
		case rest == "help" || (!aliased && len(c.SuggestionsFor(rest)) > 0):
			return ours
		}
		return through
	case (c.Name() == "get" || c.Name() == "set") && ofAWS(rest):
		return through
	case c.Annotations[inPart] != "" && (rest != "" || slices.ContainsFunc(l.unknown, func(flag string) bool { return !has(c, flag) })):
		return through
	}
	return ours
}

// ofAWS tells variables of "configure get" and "configure set" that are in sections
// of the AWS CLI's own: its plugins and previews.
func ofAWS(variable string) bool {
	section, name, ok := strings.Cut(variable, ".")
	return ok && (section == "plugins" || section == "preview") && name != "" && !strings.Contains(name, ".")
}

// find follows the words into the command tree and says how many it used up.
func find(root *cobra.Command, l *invocation) (c *cobra.Command, depth int) {
	c = root
	for ; depth < len(l.words); depth++ {
		i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool {
			return sub.Name() == l.word(depth) || sub.HasAlias(l.word(depth))
		})
		if i < 0 {
			break
		}
		c = c.Commands()[i]
	}
	return c, depth
}

// topLevel is the command below the root that c belongs to.
func topLevel(c *cobra.Command) *cobra.Command {
	for c.HasParent() && c.Parent().HasParent() {
		c = c.Parent()
	}
	return c
}

func has(c *cobra.Command, flag string) bool {
	name, long := strings.CutPrefix(flag, "--")
	if !long {
		return flag == "-h"
	}
	return c.Flags().Lookup(name) != nil
}

// spelled are the words as cobra wants them: flags by their full names, and --help
// where the AWS CLI asks for help with the word help after a command's name.
func (l *invocation) spelled(root *cobra.Command) []string {
	c, depth := find(root, l)
	args := l.unabbreviated(c, depth)
	if c == root || l.word(depth) != "help" || topLevel(c).GroupID != groupAWS || l.words[depth] != l.words[depth-1]+1 {
		return args
	}
	args[l.words[depth]] = "--help"
	return args
}

// unabbreviated are the words with the full names of the command's flags that were
// cut short. AWS's operations see to it themselves, and what follows the name of a
// program that is to be run is that program's.
func (l *invocation) unabbreviated(c *cobra.Command, depth int) []string {
	args := slices.Clone(l.args)
	if c.DisableFlagParsing {
		return args
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.AddFlagSet(c.LocalFlags())
	flags.AddFlagSet(c.InheritedFlags())
	for _, i := range l.flags {
		if topLevel(c).GroupID != groupAWS && depth < len(l.words) && i > l.words[depth] {
			break
		}
		name, value, given := strings.Cut(args[i][2:], "=")
		f := findFlag(flags, name)
		if f == nil || f.Name == name {
			continue
		}
		args[i] = "--" + f.Name
		if given {
			args[i] += "=" + value
		}
	}
	return args
}

// awsCommands are the first words that the AWS CLI knows, a line each. New ones
// need not be added in haste: the list only keeps portico from taking one for a
// slip of the fingers.
//
//go:embed aws_commands.txt
var awsCommands string

// knownToAWS tells whether the AWS CLI has a command, or this user an alias in it.
func (a *App) knownToAWS(word string) bool {
	if strings.Contains("\n"+awsCommands, "\n"+word+"\n") {
		return true
	}
	aliases, err := os.ReadFile(filepath.Join(a.Home, ".aws", "cli", "alias"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(aliases)) {
		if name, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == word {
			return true
		}
	}
	return false
}
