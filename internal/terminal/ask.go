package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Question wants one line of text.
type Question struct {
	Prompt string // printed as it is

	// Default says that Enter is an answer, whatever Validate thinks of it.
	// The caller knows what it stands for.
	Default string

	// Validate refuses an answer with an error whose text is shown before the
	// question is asked again.
	Validate func(answer string) error

	// Completions are what Tab offers.
	Completions []Completion

	// List says that the answer is a comma list, each of whose items Tab
	// completes.
	List bool

	// Toolbar is what to show below the line while it is edited: a title in bold
	// type and a text. Without a title nothing shows.
	Toolbar func(answer string) (title, text string)
}

// Ask returns the answer as it was typed, not trimmed; "" means Enter. The
// error is ErrInterrupted after Ctrl-C, io.EOF after Ctrl-D or at the end of
// the input, or that of the context.
func (t *Terminal) Ask(ctx context.Context, q Question) (string, error) {
	return t.ask(ctx, q, false)
}

// AskSecret is Ask for what must not be seen: nothing that is typed is shown.
func (t *Terminal) AskSecret(ctx context.Context, q Question) (string, error) {
	q.Completions = nil
	return t.ask(ctx, q, true)
}

// Confirm asks a question that is answered with y or n; Enter means def.
func (t *Terminal) Confirm(ctx context.Context, prompt string, def bool) (bool, error) {
	choice := " [y/N]: "
	if def {
		choice = " [Y/n]: "
	}
	yes := def
	_, err := t.Ask(ctx, Question{Prompt: prompt + choice, Validate: func(answer string) error {
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "":
			yes = def
		case "y", "yes":
			yes = true
		case "n", "no":
			yes = false
		default:
			return errors.New("please answer y or n")
		}
		return nil
	}})
	return yes && err == nil, err
}

func (t *Terminal) ask(ctx context.Context, q Question, secret bool) (string, error) {
	if t.In == nil {
		return "", io.EOF
	}
	for {
		answer, refusal, err := t.once(ctx, q, secret)
		if err != nil || refusal == nil {
			return answer, err
		}
	}
}

// once asks once, and says what was wrong with the answer where the question
// was.
func (t *Terminal) once(ctx context.Context, q Question, secret bool) (answer string, refusal, err error) {
	out := writer(t.Out)
	c := t.console()
	if c != nil {
		defer c.close()
		out = c.out
	}
	// A terminal without escape sequences has the system's own line editing,
	// which shows what is typed, so a secret has to do without.
	if c != nil && (secret || !t.dumb()) {
		answer, err = t.edit(ctx, c, q, secret)
	} else {
		answer, err = t.plainAnswer(ctx, out, q.Prompt)
	}
	if err != nil || q.Validate == nil || answer == "" && q.Default != "" {
		return answer, nil, err
	}
	if refusal = q.Validate(answer); refusal != nil {
		fmt.Fprintln(out, refusal)
	}
	return answer, refusal, nil
}

// plainAnswer reads a line as it comes.
func (t *Terminal) plainAnswer(ctx context.Context, out io.Writer, prompt string) (string, error) {
	typed := t.InteractiveIn()
	if !typed && !t.warned {
		t.warned = true
		fmt.Fprintln(writer(t.Err), "Warning: Input is not a terminal (fd=0).")
	}
	fmt.Fprint(out, prompt)
	answer, err := t.readLine(ctx)
	if !typed || err != nil {
		fmt.Fprintln(out) // nobody's Enter did
	}
	return answer, err
}
