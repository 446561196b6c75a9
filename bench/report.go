package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A report is what was measured.
type report struct {
	machine string
	rounds  int
	missing []unmeasured
	floor   *series
	hot     []*hotRow
	flights []*flightRow
}

type hotRow struct {
	program program
	sizes   []*series // as sizes
	start   *series   // nil: it does nothing else
}

type flightRow struct {
	program        program
	valid, expired []*flight // as crowds
}

// The figures stand between these lines.
const (
	begin = "<!-- measured: begin. Written by bench/run. -->\n"
	end   = "<!-- measured: end -->\n"
)

// writePage puts the figures into the page, and leaves the rest as it is.
func (r *report) writePage(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, opened := bytes.Cut(page, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		return fmt.Errorf("%s has no place for the figures: the lines %q and %q", file, begin, end)
	}
	return os.WriteFile(file, slices.Concat(before, []byte(begin), []byte(r.tables()), []byte(end), after), 0o644)
}

func (r *report) tables() string {
	var t strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&t, format+"\n", args...) }
	p("\n%s. %s, in each of which everything was measured in turn; medians, and in brackets the least and the most.\n", r.machine, counted(r.rounds, "round"))
	p("### Cached credentials to stdout\n")
	p("Wall time in ms. The floor takes %s.\n", r.floor.spread())
	p("| | 10 profiles | 100 | 1,000 | 10,000 |\n|-|-|-|-|-|")
	for _, row := range r.hot {
		var cells []string
		for _, s := range row.sizes {
			cells = append(cells, s.spread())
		}
		p("| %s | %s |", row.program.title(), strings.Join(cells, " | "))
	}
	for _, m := range r.missing {
		p("| %s | not measured: %s | | | |", m.title, strings.ReplaceAll(strings.TrimSuffix(m.why, "."), "|", "\\|"))
	}
	p("\nThe same, set against the floor's runs of the same round: times as much wall time and processor time (user and system). Memory is the most it had at once.\n")
	p("| | wall, 10 profiles | processor, 10 profiles | wall, 10,000 | processor, 10,000 | memory, 10 profiles |\n|-|-|-|-|-|-|")
	p("| floor | 1 (%s ms) | 1 (%s ms) | | | %s |", figure(median(r.floor.mid)), figure(median(r.floor.cpu)), mib(r.floor.peak))
	for _, row := range r.hot {
		few, many := row.sizes[0], row.sizes[len(row.sizes)-1]
		p("| %s | %s | %s | %s | %s | %s |", row.program.title(), ratio(few.mid, r.floor.mid), ratio(few.cpu, r.floor.cpu),
			ratio(many.mid, r.floor.mid), ratio(many.cpu, r.floor.cpu), mib(few.peak))
	}
	p("\n### Start-up\n")
	p("What it takes to do nothing: `--version`, or `import boto3`.\n")
	p("| | ms | × floor | memory |\n|-|-|-|-|")
	p("| floor | %s | 1 | %s |", r.floor.spread(), mib(r.floor.peak))
	for _, row := range r.hot {
		if row.start != nil {
			p("| %s | %s | %s | %s |", cmp.Or(row.program.starts, row.program.title()), row.start.spread(), ratio(row.start.mid, r.floor.mid), mib(row.start.peak))
		}
	}
	p("\n### Many at once\n")
	p("Refreshes / GetRoleCredentials / callers that failed, as the service counted them, and the time from the first start to the last end. The service answers %v late, and its refresh tokens are good for one use.\n", latency)
	r.crowded(p, "Credentials in the cache:", func(row *flightRow) []*flight { return row.valid })
	r.crowded(p, "The sign-in has run out and can be refreshed, no role credentials:", func(row *flightRow) []*flight { return row.expired })
	p("### Notes\n")
	for _, row := range r.hot {
		if row.program.note != "" {
			p("- %s %s.", row.program.name, row.program.note)
		}
	}
	p("")
	return t.String()
}

func (r *report) crowded(p func(string, ...any), caption string, of func(*flightRow) []*flight) {
	p("%s\n", caption)
	p("| callers | 1 | 10 | 50 | 200 |\n|-|-|-|-|-|")
	for _, row := range r.flights {
		var cells []string
		for _, f := range of(row) {
			cells = append(cells, f.String())
		}
		p("| %s | %s |", row.program.title(), strings.Join(cells, " | "))
	}
	p("")
}

func (f *flight) String() string {
	if len(f.wall) == 0 {
		return f.untried
	}
	text := fmt.Sprintf("%v / %v / %v, %s s", f.refreshes, f.roles, f.failures, figure(median(f.wall)/1000))
	if f.tabs.most > 0 {
		text += fmt.Sprintf(", tabs: %v", f.tabs)
	}
	if f.lost > 0 {
		text += fmt.Sprintf(", **sign-in lost** in %d of %d", f.lost, len(f.wall))
	}
	return text
}

func (p program) title() string { return strings.TrimSpace(p.name + " " + p.version) }

func (s *series) spread() string {
	return fmt.Sprintf("%s (%s–%s)", figure(median(s.wall)), figure(slices.Min(s.wall)), figure(slices.Max(s.wall)))
}

func ratio(a, b []float64) string { return figure(times(a, b)) }

func mib(peak float64) string {
	if peak == 0 {
		return "not measured: there is no GNU time"
	}
	return figure(peak) + " MiB"
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// figure is a number with three digits that count.
func figure(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// machine says what it was measured on, and nothing of whose it is.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	} else if out, err := exec.Command("sysctl", "-n", "machdep.cpu.brand_string").Output(); err == nil {
		model = strings.TrimSpace(string(out))
	}
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("%s, %d cores, %s, %s", model, runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version())
}
