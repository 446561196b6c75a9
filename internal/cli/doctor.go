package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/doctor"
	"github.com/portico-sso/portico/internal/terminal"
)

func newDoctor(a *App, g *globals) *cobra.Command {
	d := &doctorCommand{app: a, globals: g}
	c := &cobra.Command{
		Use:     "doctor",
		Short:   "Find out why something does not work, and cure it",
		GroupID: groupProfiles,
		Long: `Looks at the config and credentials files, the environment, the caches, the
network and the other AWS tools of this machine, and names what is wrong: the cause
in one line, why it hurts, and the command or edit that cures it. docs/doctor.md
explains every id. It opens no browser, asks for no password and shows no secret.

--fix cures what can be cured without a decision of yours. It shows what would
change first and asks; portico undo takes changes of the config file back.

--report writes what was found, and what a person who helps needs to know besides,
without tokens, keys, e-mail addresses, account numbers and names of portals. Read
it before you send it.

The exit code is 1 where there is an error or a warning, and 0 where there is none;
notes do not count.`,
		Example: `  portico doctor
  portico doctor --fix
  portico doctor --offline --json
  portico doctor --paths
  portico doctor --report portico-report.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	c.Flags().BoolVar(&d.fix, "fix", false, "cure what can be cured, after showing it and asking")
	d.addFlags(c)
	c.Flags().BoolVar(&d.offline, "offline", false, "ask nobody: do not use the network")
	c.Flags().BoolVar(&d.json, "json", false, "print JSON, as --output json does")
	c.Flags().BoolVar(&d.paths, "paths", false, "print instead where each profile's credentials come from, by tool")
	c.Flags().StringVar(&d.report, "report", "", "write a report without secrets to a file, or - for stdout")
	return c
}

type doctorCommand struct {
	consent
	app     *App
	globals *globals
	fix     bool
	offline bool
	json    bool
	paths   bool
	report  string
}

func (d *doctorCommand) run(ctx context.Context) error {
	if (d.Yes || d.DryRun) && !d.fix {
		return &usageError{Problem: "argument --yes, --dry-run: they belong to --fix"}
	}
	if d.fix && (d.json || d.report != "") {
		return &usageError{Problem: "argument --fix: not allowed with arguments --json and --report; run it again for those"}
	}
	a := d.app
	if d.paths {
		return d.showPaths()
	}
	facts := a.facts(ctx, d.globals, d.offline)
	if err := ctx.Err(); err != nil {
		return err
	}
	findings := doctor.Examine(facts)
	if d.fix {
		changed, err := d.cure(ctx, facts)
		if err != nil {
			return err
		}
		if changed {
			again := a.place().Read()
			facts.Refresh(again)
			findings = doctor.Examine(facts)
		}
	}
	if err := d.tell(facts, findings); err != nil {
		return err
	}
	if doctor.Trouble(findings) > 0 {
		return &exitError{Code: exitNo}
	}
	return nil
}

// cure makes the plan's changes, if the person agrees.
func (d *doctorCommand) cure(ctx context.Context, facts *doctor.Facts) (changed bool, err error) {
	a := d.app
	plan := doctor.MakePlan(facts)
	for _, file := range plan.Blocked {
		fmt.Fprintf(a.Stderr, "%s has a fault that you have to decide about, and is left alone until then.\n", terminal.Clean(file))
	}
	if len(plan.Changes)+len(plan.Actions) == 0 {
		return false, nil
	}
	f := few{}
	for _, found := range plan.Cures {
		if f.shows(found.ID) {
			fmt.Fprintf(a.Stdout, "%s: %s\n", found.ID, terminal.Clean(found.What))
		}
	}
	fmt.Fprint(a.Stdout, f.rest())
	for _, action := range plan.Actions {
		fmt.Fprintln(a.Stdout, terminal.Clean(action.String()))
	}
	if ok, err := a.confirmChange(ctx, d.consent, "Make these changes?", plan.Changes); err != nil || !ok {
		return false, err
	}
	files := a.files()
	for _, c := range plan.Changes {
		in := files
		if c.File != files.Config {
			// Its secrets belong into no backup.
			in.Config, in.Backups = c.File, nil
		}
		_, err := in.Replace(ctx, func(now []byte) ([]byte, error) {
			if !bytes.Equal(now, c.Before) {
				return nil, &hintedError{Err: fmt.Errorf("%s was changed while you were asked, and is left alone", c.File), Hint: "Run it again to see what it would do now."}
			}
			return c.After, nil
		})
		if err != nil {
			return true, err
		}
	}
	var failed error
	for _, action := range plan.Actions {
		failed = errors.Join(failed, action.Do())
	}
	if failed == nil {
		fmt.Fprintf(a.Stdout, "Cured: %s.\n\n", count(len(plan.Cures), "finding"))
	}
	return true, failed
}

// tell prints the findings, in the form that was asked for.
func (d *doctorCommand) tell(facts *doctor.Facts, findings []doctor.Finding) error {
	a := d.app
	if d.report != "" {
		return d.writeReport(facts, findings)
	}
	if d.json || d.globals.Output == "json" && d.globals.Query == "" {
		// The config, which says how output is to look, may be what is broken.
		if findings == nil {
			findings = []doctor.Finding{}
		}
		e := json.NewEncoder(a.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "    ")
		return e.Encode(struct {
			Checks   int              `json:"checks"`
			Offline  bool             `json:"offline"`
			Findings []doctor.Finding `json:"findings"`
		}{len(doctor.Checks()), d.offline, findings})
	}
	return a.show(d.globals, "doctor", map[string]any{"checks": len(doctor.Checks()), "findings": findings}, func() error { d.print(findings); return nil })
}

var severityColours = map[doctor.Severity]string{doctor.Error: "red", doctor.Warning: "yellow", doctor.Note: "cyan"}

func (d *doctorCommand) print(findings []doctor.Finding) {
	a := d.app
	var out strings.Builder
	counts := map[doctor.Severity]int{}
	fixable := 0
	shown := few{}
	for _, f := range findings {
		counts[f.Severity]++
		if f.Fixable {
			fixable++
		}
		if !shown.shows(f.ID) {
			continue
		}
		severity := strings.ToUpper(f.Severity.String())
		if a.terminal().Color() {
			severity = terminal.Paint(severityColours[f.Severity], severity)
		}
		where := ""
		if f.Where != "" {
			where = "  " + terminal.Clean(f.Where)
		}
		fmt.Fprintf(&out, "%s  %s\n", severity, terminal.Clean(f.What))
		fmt.Fprintf(&out, "  %s%s\n", f.ID, where)
		fmt.Fprintf(&out, "  Why:  %s\n", fold(f.Why, a.terminal().Columns(), "        "))
		by := ""
		if f.Fixable {
			by = "  (--fix does it)"
		}
		fmt.Fprintf(&out, "  Cure: %s%s\n\n", terminal.Clean(f.Cure), by)
	}
	if rest := shown.rest(); rest != "" {
		out.WriteString(rest + "\n")
	}
	checked := count(len(doctor.Checks()), "check")
	if d.offline {
		checked += ", without the network"
	}
	if doctor.Trouble(findings) == 0 {
		fmt.Fprintf(&out, "No problems found. (%s)\n", checked)
	} else {
		fmt.Fprintf(&out, "%s, %s, %s. (%s)\n", count(counts[doctor.Error], "error"), count(counts[doctor.Warning], "warning"), count(counts[doctor.Note], "note"), checked)
	}
	if fixable > 0 && !d.fix {
		fmt.Fprintf(&out, "To cure %s: %s doctor --fix\n", share(fixable, len(findings)), a.Name)
	}
	fmt.Fprint(a.Stdout, out.String())
}

// fold breaks a text into lines of a width between its words, the later ones
// indented like the first. 0 leaves it whole.
func fold(text string, width int, indent string) string {
	var b strings.Builder
	at := len(indent)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case width > 0 && at+1+n > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// few keeps what is wrong in one way in thousands of places from hiding the rest.
type few map[string]int

const fewOfOne = 5

func (f few) shows(id string) bool {
	f[id]++
	return f[id] <= fewOfOne
}

// rest says how much was left out.
func (f few) rest() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(f)) {
		if more := f[id] - fewOfOne; more > 0 {
			fmt.Fprintf(&b, "%s: %d more like these (--json has all)\n", id, more)
		}
	}
	return b.String()
}

// share says how many of all.
func share(n, all int) string {
	if n == all {
		return "what was found"
	}
	return fmt.Sprintf("%d of these", n)
}
