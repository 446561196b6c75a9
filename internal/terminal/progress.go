package terminal

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"
)

const (
	progressAfter = time.Second // shorter work needs no sign
	progressEvery = 100 * time.Millisecond

	// An estimate is made from what was done in the last while, and not before some
	// of that has passed.
	estimateAfter = 3 * time.Second
	estimateOver  = 15 * time.Second
	estimateEvery = 500 * time.Millisecond
)

// A Progress tells the person at the terminal that something takes its time.
// It may be used from several goroutines, and nil is one that says nothing.
type Progress struct {
	out   io.Writer
	width func() int

	mu          sync.Mutex
	label       string
	done, total int
	past        []moment // of the last while, to tell how long the rest takes

	screen sync.Mutex // held while something is printed
	shown  string     // what is on the screen

	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
}

// Progress begins to tell of something, on Err, once it has taken a second and
// as long as Done is not called. It is silent when Err is no terminal.
func (t *Terminal) Progress(label string) *Progress {
	f := asTerminal(t.Err)
	if f == nil || t.dumb() {
		return nil
	}
	return newProgress(f, func() int { w, _ := size(f); return w }, label)
}

func newProgress(out io.Writer, width func() int, label string) *Progress {
	p := &Progress{out: out, width: width, label: Clean(label), stop: make(chan struct{}), stopped: make(chan struct{})}
	go p.run()
	return p
}

// Step says how many of how many are done. After some of them the person is told,
// too, how long the rest will take.
func (p *Progress) Step(done, total int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = done, total
	now := time.Now()
	if n := len(p.past); n > 0 && now.Sub(p.past[n-1].at) < estimateEvery && done >= p.past[n-1].done {
		return
	}
	if n := len(p.past); n > 0 && done < p.past[n-1].done { // it began anew
		p.past = p.past[:0]
	}
	for len(p.past) > 1 && now.Sub(p.past[1].at) > estimateOver {
		p.past = p.past[1:]
	}
	p.past = append(p.past, moment{now, done})
}

// A moment is how much was done when.
type moment struct {
	at   time.Time
	done int
}

// left is how long the rest takes if it goes on as it did of late; 0 where that is
// not known, or not worth telling.
func (p *Progress) left() time.Duration {
	if len(p.past) == 0 || p.done >= p.total {
		return 0
	}
	since, did := time.Since(p.past[0].at), p.done-p.past[0].done
	if since < estimateAfter || did <= 0 {
		return 0
	}
	return time.Duration(float64(since) / float64(did) * float64(p.total-p.done))
}

// about is a duration as an estimate is told.
func about(d time.Duration) string {
	switch {
	case d > 90*time.Second:
		return fmt.Sprintf("about %d min left", int(math.Round(d.Minutes())))
	case d > 10*time.Second:
		return fmt.Sprintf("about %d s left", 5*int(math.Ceil(d.Seconds()/5)))
	}
	return "some seconds left"
}

// Say changes what it is about.
func (p *Progress) Say(label string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.label, p.done, p.total = Clean(label), 0, 0
}

// Aside prints something else to the terminal, before which what is shown is taken
// off.
func (p *Progress) Aside(print func()) {
	if p == nil {
		print()
		return
	}
	p.screen.Lock()
	defer p.screen.Unlock()
	p.erase()
	print()
}

// erase takes what is shown off the screen, which must be held.
func (p *Progress) erase() {
	if p.shown != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = ""
	}
}

// Done erases what was shown and ends. It may be called more than once.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	p.once.Do(func() { close(p.stop) })
	<-p.stopped
}

func (p *Progress) run() {
	defer close(p.stopped)
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	begun := false
	for {
		select {
		case <-p.stop:
			p.screen.Lock()
			defer p.screen.Unlock()
			p.erase()
			return
		case <-timer.C:
		}
		if f, ok := p.out.(*os.File); ok && !begun {
			defer obeyEscapes(f)()
		}
		begun = true
		p.draw()
		timer.Reset(progressEvery)
	}
}

func (p *Progress) draw() {
	p.screen.Lock()
	defer p.screen.Unlock()
	if text := p.text(); text != p.shown {
		fmt.Fprint(p.out, "\r"+text+"\x1b[K")
		p.shown = text
	}
}

func (p *Progress) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.label
	if p.total > 0 {
		text = fmt.Sprintf("%s %d/%d", p.label, p.done, p.total)
		if left := p.left(); left > 0 {
			text += ", " + about(left)
		}
	}
	width := p.width()
	if width <= 0 {
		width = 80
	}
	// The last column stays free: some terminals wrap as soon as it is used.
	return cut(text, width-1)
}
