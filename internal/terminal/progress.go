package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	progressAfter = time.Second // shorter work needs no sign
	progressEvery = 100 * time.Millisecond
)

// A Progress tells the person at the terminal that something takes its time.
// It may be used from several goroutines, and nil is one that says nothing.
type Progress struct {
	out   io.Writer
	width func() int

	mu          sync.Mutex
	label       string
	done, total int

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

// Step says how many of how many are done.
func (p *Progress) Step(done, total int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = done, total
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
	}
	width := p.width()
	if width <= 0 {
		width = 80
	}
	// The last column stays free: some terminals wrap as soon as it is used.
	return cut(text, width-1)
}
