package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// An outcome is how one run ended.
type outcome struct {
	place
	code     int
	problem  string // why it did not run, or was ended
	skipped  bool   // nobody began it, because the work was stopped
	stopped  bool   // it was running when the work was stopped
	duration time.Duration

	stdout, stderr string // files with what it printed; "" where there is none
}

func (o *outcome) failed() bool { return o.code != 0 || o.skipped }

// crew runs the command in all places. Its workers take one after the other; what
// is printed goes through report, one run at a time.
type crew struct {
	each     *each
	setup    *setup
	path     string
	dir      string // for what the runs print
	report   *eachReport
	progress *terminal.Progress

	stop context.CancelFunc // start no more

	record *eachRecord
	noting sync.Mutex
	noted  time.Time // when the record was written last

	mu       sync.Mutex
	outcomes []*outcome          // nil: not ended
	running  map[int]*os.Process // by the index of the place
	names    map[int]string
	done     int
	failed   int
	total    int
	halted   bool  // asked to stop
	broken   error // why nothing more can be done

	unheard chan struct{} // closed when nobody reads any more what is printed
}

func (e *each) runAll(ctx context.Context, s *setup, path string, places []place, record *eachRecord) error {
	dir, err := os.MkdirTemp("", "portico-each-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	starting, stop := context.WithCancel(ctx)
	defer stop()
	c := &crew{each: e, setup: s, path: path, dir: dir, stop: stop, running: map[int]*os.Process{}, names: map[int]string{}, total: len(places), unheard: make(chan struct{}),
		record: record, outcomes: make([]*outcome, len(places)),
		progress: e.App.terminal().Progress("")}
	defer c.progress.Done()
	c.report = e.newReport(c.progress)
	c.report.lost = func(err error) {
		c.fail(err)
		close(c.unheard)
	}
	warn := s.warn
	s.warn = func(problem string) { c.progress.Aside(func() { warn(problem) }) }
	began := time.Now()

	if err := record.save(places); err != nil {
		s.warn(fmt.Sprintf("what fails will not be remembered: %v", err))
	}
	signals := c.signals(ctx)
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range places {
			select {
			case next <- i:
			case <-starting.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range min(e.Parallel, len(places)) {
		workers.Go(func() {
			for i := range next {
				if starting.Err() == nil {
					c.ended(i, c.one(starting, i, places[i]))
					c.note(places)
				}
			}
		})
	}
	workers.Wait()
	ended := signals()
	outcomes := c.outcomes
	for i := range outcomes {
		if outcomes[i] == nil {
			outcomes[i] = &outcome{place: places[i], skipped: true}
		}
	}
	c.report.rest(outcomes)
	c.progress.Done()
	if err := record.save(c.left(places)); err != nil {
		s.warn(fmt.Sprintf("what failed is not remembered: %v", err))
	}
	if errors.Is(c.broken, syscall.EPIPE) {
		return &exitError{Code: (&signalError{Signal: syscall.SIGPIPE}).code()}
	}
	c.sum(outcomes, time.Since(began))
	if c.broken != nil {
		return c.broken
	}
	if e, ok := errors.AsType[*signalError](context.Cause(ctx)); ok && ended == nil {
		ended = e // one that only Main hears
	}
	if ended != nil {
		return &exitError{Code: ended.code()}
	}
	if code := exitCodeOf(outcomes); code != 0 {
		return &exitError{Code: code}
	}
	return ctx.Err()
}

// signals has Ctrl-C and its like stop the work: no more are started, and those that
// run are told, the second time to end at once. So they are ten seconds after any
// other end. What it returns takes that back, and returns the signal, if there was
// one.
func (c *crew) signals(ctx context.Context) (stop func() *signalError) {
	heard := make(chan os.Signal, 2)
	signal.Notify(heard, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	// Without this, the end of who reads our output would be ours, and not that of the
	// commands.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	c.each.App.children.Add(1) // from here on Ctrl-C is for us
	over, finished := make(chan struct{}), make(chan struct{})
	var first *signalError
	go func() {
		defer close(finished)
		ended, unheard := ctx.Done(), c.unheard
		var kill <-chan time.Time
		for {
			select {
			case <-over:
				return
			case s := <-heard:
				if first != nil {
					c.tell(os.Kill)
					continue
				}
				first = &signalError{Signal: s.(syscall.Signal)}
				c.halt(s)
				if s != os.Interrupt {
					kill = time.After(childWait)
				}
			case <-ended:
				ended = nil
				c.halt(syscall.SIGTERM)
				kill = time.After(childWait)
			case <-unheard:
				unheard = nil
				c.halt(syscall.SIGTERM)
				kill = time.After(childWait)
			case <-kill:
				c.tell(os.Kill)
			}
		}
	}()
	return func() *signalError {
		close(over)
		<-finished
		c.each.App.children.Add(-1)
		signal.Stop(heard)
		signal.Stop(pipes)
		return first
	}
}

// childWait is how long a command has to end after it was asked to.
const childWait = 10 * time.Second

// halt starts no more, and tells those that run.
func (c *crew) halt(s os.Signal) {
	c.stop()
	c.mu.Lock()
	again, names := c.halted, c.runningNames()
	c.halted = true
	c.mu.Unlock()
	if again {
		return
	}
	if len(names) > 0 {
		more := ""
		if s == os.Interrupt {
			more = "; Ctrl-C again ends them"
		}
		c.progress.Aside(func() {
			fmt.Fprintf(c.each.App.Stderr, "Waiting for the end of %s%s.\n", terminal.Clean(some(names)), more)
		})
	}
	c.tell(s)
}

// tell passes a signal on.
func (c *crew) tell(s os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.running {
		if s == os.Kill {
			killAll(p)
		} else {
			signalAll(p, s)
		}
	}
}

func (c *crew) runningNames() []string {
	names := make([]string, 0, len(c.names))
	for _, n := range c.names {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// one runs the command in one place.
func (c *crew) one(ctx context.Context, i int, p place) *outcome {
	o := &outcome{place: p}
	began := time.Now()
	defer func() { o.duration = time.Since(began) }()
	c.mu.Lock()
	c.names[i] = p.short()
	c.mu.Unlock()
	c.say()
	env, err := c.each.environment(ctx, c.setup, p)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil && ctx.Err() != nil {
		o.skipped = true
		return o
	}
	if err != nil {
		told := explain(c.each.App, err)
		o.code, o.problem = told.exit, told.sentence(false)
		if _, over := errors.AsType[*signin.RequiredError](err); over {
			c.fail(err) // so it is for all that are still to come
		}
		return o
	}
	c.start(i, o, env)
	return o
}

// fail ends the work for a reason that is told in the end.
func (c *crew) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil {
		c.broken = err
	}
	c.stop()
}

// start runs the command, its output going to files, which take no memory however
// much there is of it.
func (c *crew) start(i int, o *outcome, env []string) {
	cmd := &exec.Cmd{Path: c.path, Args: c.each.Argv, Env: env, SysProcAttr: apart(), WaitDelay: time.Second}
	done, err := c.report.attach(cmd, o, func(stream string) string { return filepath.Join(c.dir, fmt.Sprintf("%d.%s", i, stream)) })
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		err = notRun(c.each.Argv[0], err)
		o.code, o.problem = exitNotRunnable, err.Error()
		if e, ok := errors.AsType[*commandError](err); ok {
			o.code = e.Code
		}
		done()
		return
	}
	c.mu.Lock()
	c.running[i] = cmd.Process
	halted := c.halted
	c.mu.Unlock()
	if halted { // between the check and the start
		signalAll(cmd.Process, syscall.SIGTERM)
	}
	var late bool
	if c.each.Timeout > 0 {
		timer := time.AfterFunc(c.each.Timeout, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if p := c.running[i]; p != nil {
				late = true
				signalAll(p, syscall.SIGTERM)
				time.AfterFunc(childWait, func() {
					c.mu.Lock()
					defer c.mu.Unlock()
					if p := c.running[i]; p != nil {
						killAll(p)
					}
				})
			}
		})
		defer timer.Stop()
	}
	err = cmd.Wait()
	c.mu.Lock()
	delete(c.running, i)
	if o.stopped = c.halted; o.stopped || late {
		// A shell's commands in the background do not hear Ctrl-C.
		signalAll(cmd.Process, syscall.SIGTERM)
	}
	if late {
		o.problem = fmt.Sprintf("ended after %v", c.each.Timeout)
	}
	c.mu.Unlock()
	done()
	o.code = exitCode(cmd.ProcessState)
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited && !errors.Is(err, exec.ErrWaitDelay) && o.code == 0 {
		o.code, o.problem = exitGeneral, err.Error()
	}
	if late && o.code == 0 {
		o.code = exitGeneral
	}
}

// ended counts a run and prints what there is to print of it.
func (c *crew) ended(i int, o *outcome) {
	c.mu.Lock()
	c.outcomes[i] = o
	delete(c.names, i)
	if !o.skipped {
		c.done++
	}
	if o.failed() {
		c.failed++
	}
	c.mu.Unlock()
	if o.failed() && c.each.FailFast {
		c.stop()
	}
	c.say()
	c.report.ended(i, o)
}

// left is where it is still to be done: where it failed, or has not ended.
func (c *crew) left(places []place) []place {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := []place{}
	for i, o := range c.outcomes {
		if o == nil || o.failed() {
			left = append(left, places[i])
		}
	}
	return left
}

// noteEvery is how often what is left is written while the work goes on, for
// whoever goes on after a crash.
const noteEvery = time.Second

// note writes what is left, unless somebody has or does.
func (c *crew) note(places []place) {
	if !c.noting.TryLock() {
		return
	}
	defer c.noting.Unlock()
	if time.Since(c.noted) < noteEvery {
		return
	}
	_ = c.record.save(c.left(places)) // the first and the last say what is wrong
	c.noted = time.Now()
}

// say shows how far the work is.
func (c *crew) say() {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf("%d of %d done", c.done, c.total)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	if names := c.runningNames(); len(names) > 0 {
		text += "; running: " + strings.Join(names, ", ")
	}
	c.progress.Say(text)
}

// sum says on stderr how it went, and where it did not.
func (c *crew) sum(outcomes []*outcome, took time.Duration) {
	out := c.each.App.Stderr
	var failed []*outcome
	skipped := 0
	for _, o := range outcomes {
		switch {
		case o.skipped:
			skipped++
		case o.failed():
			failed = append(failed, o)
		}
	}
	text := fmt.Sprintf("%d of %d done in %s: %d succeeded", len(outcomes)-skipped, len(outcomes), spent(took), len(outcomes)-skipped-len(failed))
	if len(failed) > 0 {
		text += fmt.Sprintf(", %d failed", len(failed))
	}
	if skipped > 0 {
		text += fmt.Sprintf(", %d not started", skipped)
	}
	fmt.Fprintln(out, text+".")
	const most = 20
	for i, o := range failed {
		if i == most {
			fmt.Fprintf(out, "  and %d more\n", len(failed)-most)
			break
		}
		fmt.Fprintf(out, "  %s: %s\n", o.label(), o.words())
	}
	if len(failed) > 0 || skipped > 0 {
		fmt.Fprintln(out, "To run it there alone, add --retry-failed to the same command.")
	}
}

// words say how a run failed.
func (o *outcome) words() string {
	text := fmt.Sprintf("exit code %d", o.code)
	switch {
	case o.problem != "":
		text = cleanLines(o.problem)
	case o.stopped:
		text += ", interrupted"
	}
	return text
}

func spent(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// exitCodeOf is the one code for all runs: theirs, where those that failed agree.
func exitCodeOf(outcomes []*outcome) int {
	code := 0
	for _, o := range outcomes {
		switch {
		case o.skipped && code == 0:
			code = exitNo
		case o.skipped || o.code == 0:
		case code == 0:
			code = o.code
		case code != o.code:
			return exitNo
		}
	}
	return code
}
