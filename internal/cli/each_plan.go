package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The forms of --plan.
const (
	planJSON  = "json"
	planShell = "sh"
	planNUL   = "nul"
)

// A planned is one line of the work list.
type planned struct {
	place
	Argv    []string `json:"argv"`
	Command string   `json:"command"` // argv for a POSIX shell
}

// argv runs the command in one place.
func (e *each) argv(p place) []string {
	argv := []string{e.App.Name, "exec"}
	if p.Profile != "" {
		argv = append(argv, "--profile", p.Profile)
	} else {
		argv = append(argv, "--account-id", p.Account, "--role-name", p.Role)
		if p.Session != "" {
			argv = append(argv, "--sso-session", p.Session)
		}
	}
	if p.Region != "" {
		argv = append(argv, "--region", p.Region)
	}
	return append(append(argv, "--"), e.Argv...)
}

// plan prints the work list for whatever else is to do the work.
func (e *each) plan(places []place) error {
	if e.Plan == planShell {
		// Whoever runs the list line by line would run the rest of such a word.
		for _, p := range places {
			if slices.ContainsFunc(e.argv(p), func(word string) bool { return strings.ContainsAny(word, "\r\n") }) {
				return &usageError{Problem: "argument --plan: an argument of the command, or the name of a role, has a line end in it, which takes --plan=nul or --plan=json"}
			}
		}
	}
	w := bufio.NewWriter(e.App.Stdout)
	for _, p := range places {
		argv := e.argv(p)
		words := make([]string, len(argv))
		for i, word := range argv {
			words[i] = quoteWord(word)
		}
		line := planned{place: p, Argv: argv, Command: strings.Join(words, " ")}
		switch e.Plan {
		case planShell:
			fmt.Fprintln(w, line.Command)
		case planNUL:
			fmt.Fprint(w, line.Command, "\x00")
		default:
			text, err := marshal(line)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\n", text)
		}
	}
	return w.Flush()
}

// list says where the command would run.
func (e *each) list(places []place) error {
	if e.JSON {
		w := bufio.NewWriter(e.App.Stdout)
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, p := range places {
			if err := enc.Encode(p); err != nil {
				return err
			}
		}
		return w.Flush()
	}
	return e.App.show(e.Globals, "places", map[string]any{"places": places}, func() error {
		rows := [][]string{{"ACCOUNT", "NAME", "ROLE", "SESSION", "PROFILE", "REGION"}}
		for _, p := range places {
			rows = append(rows, []string{p.Account, p.AccountName, p.Role, p.Session, p.Profile, p.Region})
		}
		return writeTable(e.App.Stdout, rows)
	})
}
