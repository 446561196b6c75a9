package terminal

import (
	"os"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"
)

// A growing screen is drawn twice. After the first drawing on a wider screen the
// terminal library takes what is in the new columns for blank, and later leaves
// parts of it there (ultraviolet's TerminalRenderer.Render syncs only new lines).
// The second drawing begins from a cleared screen of the right size.
type growing struct {
	tea.Model
	out   *drawnOn
	width int
}

// drawnOn is an output that tells of the next drawing, if that is awaited.
type drawnOn struct {
	*os.File
	awaited atomic.Bool
	drawn   func()
}

func (d *drawnOn) Write(p []byte) (int, error) {
	n, err := d.File.Write(p)
	if d.awaited.CompareAndSwap(true, false) {
		go d.drawn()
	}
	return n, err
}

// drawAgain asks for the second drawing.
type drawAgain struct{}

func (g *growing) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case drawAgain:
		return g, tea.ClearScreen
	case tea.WindowSizeMsg:
		// The library has taken the size over by now: the next drawing is the first.
		if g.width > 0 && msg.Width > g.width {
			g.out.awaited.Store(true)
		}
		g.width = msg.Width
	}
	_, cmd := g.Model.Update(msg)
	return g, cmd
}
