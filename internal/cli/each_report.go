package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/terminal"
)

// An eachReport prints what the runs printed, each in one piece: in the order in
// which they end, or in that of the list.
type eachReport struct {
	app      *App
	terminal *terminal.Terminal
	progress *terminal.Progress
	order    bool
	lines    bool
	json     bool

	mu      sync.Mutex
	next    int              // with order: the first that is not printed
	waiting map[int]*outcome // with order: that have ended before it
	err     error            // of the first write that failed
	lost    func(error)      // is told of it, once
}

func (e *each) newReport(progress *terminal.Progress) *eachReport {
	return &eachReport{app: e.App, terminal: e.App.terminal(), progress: progress, order: e.Order, lines: e.Lines, json: e.JSON, waiting: map[int]*outcome{}}
}

// prefix is what stands before each line of a run.
func (o *outcome) prefix() string {
	name := o.short()
	if o.Region != "" {
		name += " " + o.Region
	}
	return terminal.Clean(name) + " | "
}

// attach says where a run's output goes: to files, or line by line to where it
// belongs. done is to be called when the run has ended.
func (r *eachReport) attach(cmd *exec.Cmd, o *outcome, path func(stream string) string) (done func(), err error) {
	if r.lines {
		out := &lineWriter{report: r, to: r.app.Stdout, prefix: o.prefix()}
		errs := &lineWriter{report: r, to: r.app.Stderr, prefix: out.prefix}
		cmd.Stdout, cmd.Stderr = out, errs
		return func() { out.end(); errs.end() }, nil
	}
	var files []*os.File
	done = func() {
		for _, f := range files {
			f.Close()
		}
	}
	open := func(stream string) (*os.File, error) {
		f, err := os.OpenFile(path(stream), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			files = append(files, f)
		}
		return f, err
	}
	out, err := open("out")
	if err != nil {
		return done, err
	}
	errs, err := open("err")
	if err != nil {
		return done, err
	}
	cmd.Stdout, cmd.Stderr = out, errs
	o.stdout, o.stderr = out.Name(), errs.Name()
	return done, nil
}

// ended prints a run that has ended, or keeps it until it is its turn.
func (r *eachReport) ended(i int, o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.order {
		r.print(o)
		return
	}
	r.waiting[i] = o
	for o := r.waiting[r.next]; o != nil; o = r.waiting[r.next] {
		delete(r.waiting, r.next)
		r.next++
		r.print(o)
	}
}

// wrote takes note of a write. That it failed is told once.
func (r *eachReport) wrote(err error) {
	if err != nil && r.err == nil {
		r.err = err
		r.lost(err)
	}
}

// rest prints what was kept for a turn that never came.
func (r *eachReport) rest(outcomes []*outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range outcomes {
		if o := r.waiting[i]; o != nil {
			r.print(o)
		}
	}
}

func (r *eachReport) print(o *outcome) {
	if r.err != nil || o.skipped {
		return
	}
	r.progress.Aside(func() {
		switch {
		case r.json:
			r.wrote(r.printJSON(o))
		case r.lines:
			if o.problem != "" {
				fmt.Fprintf(r.app.Stderr, "%s%s\n", o.prefix(), o.words())
			}
		default:
			r.wrote(r.printGroup(o))
		}
	})
	for _, path := range []string{o.stdout, o.stderr} {
		if path != "" {
			_ = os.Remove(path)
		}
	}
}

// printGroup prints a run below a line that says whose it is, as tail does for
// files.
func (r *eachReport) printGroup(o *outcome) error {
	head := "==> " + o.label()
	if o.failed() {
		head += ", " + o.words()
	}
	if _, err := fmt.Fprintln(r.app.Stdout, r.terminal.Bold(head+" <==")); err != nil {
		return err
	}
	if err := copyFile(r.app.Stdout, o.stdout); err != nil {
		return err
	}
	return copyFile(r.app.Stderr, o.stderr)
}

// copyFile prints a file, and a line end where its last line has none.
func copyFile(to io.Writer, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	last := &lastByte{Writer: to}
	if _, err := io.Copy(last, f); err != nil || last.byte == '\n' || last.byte == 0 {
		return err
	}
	_, err = io.WriteString(to, "\n")
	return err
}

type lastByte struct {
	io.Writer
	byte byte
}

func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.byte = p[len(p)-1]
	}
	return l.Writer.Write(p)
}

// printJSON prints a run as one line of JSON. What the run printed goes from its
// file into the line, however long it is.
func (r *eachReport) printJSON(o *outcome) error {
	w := bufio.NewWriter(r.app.Stdout)
	member := func(name string, value any) {
		text, err := marshal(value)
		if err == nil {
			fmt.Fprintf(w, `%q:%s,`, name, text)
		}
	}
	w.WriteByte('{')
	for _, m := range []struct{ name, value string }{
		{"accountId", o.Account}, {"accountName", o.AccountName}, {"roleName", o.Role}, {"ssoSession", o.Session}, {"profile", o.Profile}, {"region", o.Region},
	} {
		if m.value != "" {
			member(m.name, m.value)
		}
	}
	member("exitCode", o.code)
	if o.problem != "" {
		member("error", o.problem)
	}
	member("duration", float64(o.duration.Milliseconds())/1000)
	for i, path := range []string{o.stdout, o.stderr} {
		fmt.Fprintf(w, `"%s":"`, []string{"stdout", "stderr"}[i])
		if err := quoteFile(w, path); err != nil {
			return err
		}
		w.WriteString([]string{`",`, `"}` + "\n"}[i])
	}
	return w.Flush()
}

// marshal writes JSON that keeps <, > and &.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// quoteFile writes a file as the inside of a JSON string. What is no UTF-8 becomes
// U+FFFD.
func quoteFile(w *bufio.Writer, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := bufio.NewReader(f); ; {
		c, _, err := r.ReadRune()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case c == '"' || c == '\\':
			w.WriteByte('\\')
			w.WriteRune(c)
		case c == '\n':
			w.WriteString(`\n`)
		case c == '\t':
			w.WriteString(`\t`)
		case c == '\r':
			w.WriteString(`\r`)
		case c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029':
			fmt.Fprintf(w, `\u%04x`, c)
		default:
			if _, err := w.WriteRune(c); err != nil {
				return err
			}
		}
	}
}

// maxLine is how much of a line without an end is kept before it is printed.
const maxLine = 64 << 10

// A lineWriter passes on whole lines, each behind a prefix.
type lineWriter struct {
	report *eachReport
	to     io.Writer
	prefix string
	line   []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		l.print(append(l.line, p[:i]...))
		l.line, p = l.line[:0], p[i+1:]
	}
	if l.line = append(l.line, p...); len(l.line) > maxLine {
		l.end()
	}
	return n, nil // a reader who has gone stops the work, and not one run of it
}

func (l *lineWriter) end() {
	if len(l.line) > 0 {
		l.print(l.line)
		l.line = l.line[:0]
	}
}

func (l *lineWriter) print(line []byte) {
	r := l.report
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.progress.Aside(func() {
		if !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte(string(utf8.RuneError)))
		}
		_, err := fmt.Fprintf(l.to, "%s%s\n", l.prefix, line)
		r.wrote(err)
	})
}
