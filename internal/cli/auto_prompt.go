package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsargs"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/terminal"
)

// consistent refuses flags that contradict one another.
func (g *globals) consistent() error {
	if g.AutoPrompt && g.NoAutoPrompt {
		return &usageError{Problem: "Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time."}
	}
	return nil
}

// autoPrompt reports whether to ask for required arguments that are missing. The
// AWS CLI's two modes are one here: "on" asks no more than that either. Where
// nobody can answer, nobody is asked.
func (a *App) autoPrompt(g *globals) bool {
	if g.NoAutoPrompt || !a.terminal().InteractiveIn() {
		return false
	}
	mode := a.getenv("AWS_CLI_AUTO_PROMPT")
	if s := a.looseSettings(); mode == "" && s != nil {
		mode, _ = s.Profile.Get("cli_auto_prompt")
	}
	mode = strings.ToLower(mode)
	return g.AutoPrompt || mode == "on" || mode == "on-partial"
}

// promptCommand asks which of a family's commands is meant, and runs it.
func (a *App) promptCommand(family *cobra.Command) error {
	var commands []*cobra.Command
	width := 0
	for _, c := range family.Commands() {
		if c.IsAvailableCommand() {
			commands = append(commands, c)
			width = max(width, len(c.Name()))
		}
	}
	m := terminal.Menu{Title: "Which command of " + family.CommandPath() + "?"}
	for _, c := range commands {
		m.Items = append(m.Items, fmt.Sprintf("%-*s  %s", width, c.Name(), c.Short))
	}
	i, err := a.terminal().Pick(family.Context(), m)
	if err != nil {
		return err
	}
	commands[i].SetContext(family.Context())
	return commands[i].RunE(commands[i], nil)
}

// prompt asks for members of the operation's input, and returns the words with the
// answers as flags.
func (o *operation) prompt(ctx context.Context, missing, words []string, options awsargs.Options) ([]string, error) {
	t := o.App.terminal()
	// An answer is judged alone, whatever is wrong with the rest.
	options.Optional = nil
	for _, m := range o.Operation.Input.Members {
		options.Optional = append(options.Optional, m.Name)
	}
	for _, name := range missing {
		m, _ := o.Operation.Input.Member(name)
		flag := awsmodel.FlagName(name)
		if m.Doc != "" {
			fmt.Fprintln(o.App.Stderr, m.Doc)
		}
		q := terminal.Question{Prompt: fmt.Sprintf("--%s (%s): ", flag, valueWord(m.Shape)), Completions: terminal.Completions(m.Shape.Enum...),
			Validate: func(answer string) error {
				if answer == "" {
					return fmt.Errorf("--%s is required", flag)
				}
				_, err := awsargs.Parse(o.Operation, answerWords(m, answer), options)
				return err
			}}
		ask := t.Ask
		if m.Shape.Sensitive {
			ask = t.AskSecret
		}
		answer, err := ask(ctx, q)
		if err != nil {
			return nil, err
		}
		words = append(words[:len(words):len(words)], answerWords(m, answer)...)
	}
	return words, nil
}

// answerWords are what one would have typed. The elements of a list are
// separated as on a command line: by spaces outside of quotes and brackets.
func answerWords(m awsmodel.Member, answer string) []string {
	flag := "--" + awsmodel.FlagName(m.Name)
	if m.Shape.Kind != awsmodel.List {
		return []string{flag + "=" + answer}
	}
	var elements []string
	var quote rune
	depth, start := 0, 0
	for i, r := range answer + " " {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth--
		case r == ' ' && depth <= 0:
			if i > start {
				elements = append(elements, bare(answer[start:i]))
			}
			start = i + 1
		}
	}
	if start < len(answer) {
		elements = append(elements, answer[start:]) // a quote that does not end
	}
	if len(elements) == 1 {
		return []string{flag + "=" + elements[0]}
	}
	return append([]string{flag}, elements...)
}

// bare takes the quotes off that are around a whole word.
func bare(word string) string {
	if n := len(word); n > 1 && word[0] == word[n-1] && (word[0] == '\'' || word[0] == '"') {
		return word[1 : n-1]
	}
	return word
}
