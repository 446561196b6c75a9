package terminal

import (
	"os"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A growing screen is drawn twice. After the first drawing on a wider screen the
// terminal library takes what is in the new columns for blank, and later leaves
// parts of it there (ultraviolet's TerminalRenderer.Render syncs only new lines).
// The second drawing begins from a cleared screen of the right size.
//
// It also looks at the size once more soon after it began: who resizes a terminal
// before the library listens for that is not heard.
type growing struct {
	tea.Model
	out           *drawnOn
	width, height int
}

// settled is when the library listens.
const settled = 250 * time.Millisecond

// lookAgain asks for another look at the size.
type lookAgain struct{}

func (g *growing) Init() tea.Cmd {
	return tea.Batch(g.Model.Init(), tea.Tick(settled, func(time.Time) tea.Msg { return lookAgain{} }))
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
	case lookAgain:
		width, height := size(g.out.File)
		if width == 0 || width == g.width && height == g.height {
			return g, nil
		}
		return g, func() tea.Msg { return tea.WindowSizeMsg{Width: width, Height: height} }
	case tea.WindowSizeMsg:
		// The library has taken the size over by now: the next drawing is the first.
		if g.width > 0 && msg.Width > g.width {
			g.out.awaited.Store(true)
		}
		g.width, g.height = msg.Width, msg.Height
	}
	_, cmd := g.Model.Update(msg)
	return g, cmd
}
