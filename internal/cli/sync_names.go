package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/profiles"
	"github.com/portico-sso/portico/internal/terminal"
)

// namesLimit is how long a command that gives names may take for all of them.
const namesLimit = time.Minute

// namesMost is more than the names of all roles of anybody, and saidMost enough of
// what a program has to say of itself.
const (
	namesMost = 16 << 20
	saidMost  = 64 << 10
)

// namesByCommand asks a command for the names of profiles: one process for all
// roles, a JSON object on each line of its stdin, and a name on each line of its
// stdout.
func (a *App) namesByCommand(ctx context.Context, command string, rows []profiles.Row) ([]string, error) {
	words, ok := awsconfig.SplitCommand(command)
	if !ok || len(words) == 0 {
		return nil, &usageError{Problem: fmt.Sprintf("the command %q for names cannot be read as words", command)}
	}
	failed := func(format string, args ...any) error {
		return &hintedError{Err: fmt.Errorf("the command for names, %s: %s", terminal.Clean(words[0]), fmt.Sprintf(format, args...)),
			Hint: fmt.Sprintf("It gets a role as JSON on each line of its input and prints a line for each, a name or %s. It is set by %s in the sso-session, or --command.", profiles.Skip, profiles.KeyCommand)}
	}
	path, err := a.lookPath(words[0])
	if err != nil {
		return nil, failed("%v", err)
	}
	var in bytes.Buffer
	out := bounded{Most: namesMost, Full: errors.New("it prints without end")}
	said := bounded{Most: saidMost}
	e := json.NewEncoder(&in)
	e.SetEscapeHTML(false)
	for _, r := range rows {
		if err := e.Encode(r); err != nil {
			return nil, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, namesLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, path, words[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = a.Env, &in, &out, &said
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, failed("it did not end within %s", namesLimit)
	case out.Overflowed:
		return nil, failed("%v", out.Full)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, failed("%v%s", err, lastLine(said.String()))
	}
	text := strings.TrimSuffix(strings.ReplaceAll(out.String(), "\r\n", "\n"), "\n")
	names := strings.Split(text, "\n")
	if text == "" && len(rows) == 0 {
		names = nil
	}
	if len(names) != len(rows) {
		return nil, failed("it printed %s for %s%s", count(len(names), "line"), count(len(rows), "role"), lastLine(said.String()))
	}
	return names, nil
}

// A bounded keeps what a program prints, but no more than Most bytes. What is more
// ends the program with the error Full, or is dropped where there is none.
type bounded struct {
	Most       int
	Full       error
	Overflowed bool

	kept bytes.Buffer // no embedded one, whose ReadFrom would go round Write
}

func (b *bounded) String() string { return b.kept.String() }

func (b *bounded) Write(p []byte) (int, error) {
	room := b.Most - b.kept.Len()
	if len(p) <= room {
		return b.kept.Write(p)
	}
	b.Overflowed = true
	n, _ := b.kept.Write(p[:room])
	if b.Full != nil {
		return n, b.Full
	}
	return len(p), nil
}

// lastLine is what a command said last, to be put behind an error.
func lastLine(said string) string {
	said = strings.TrimSpace(said)
	if said == "" {
		return ""
	}
	return ": " + terminal.Clean(said[strings.LastIndexByte(said, '\n')+1:])
}
