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
	shown := ""
	for {
		select {
		case <-p.stop:
			if shown != "" {
				fmt.Fprint(p.out, "\r\x1b[K")
			}
			return
		case <-timer.C:
		}
		if shown == "" {
			if f, ok := p.out.(*os.File); ok {
				defer obeyEscapes(f)()
			}
		}
		if text := p.text(); text != shown {
			fmt.Fprint(p.out, "\r"+text+"\x1b[K")
			shown = text
		}
		timer.Reset(progressEvery)
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
