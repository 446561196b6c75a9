package terminal

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A Row is a line of a [Live] screen. Its text is printed without control
// characters, and cut where the screen ends.
type Row struct {
	Text  string
	Heavy bool // in bold type, where the terminal may be styled

	Colour string // one of [Colours], where it may be; "" for none
}

// Styled is a row's text for Out: clean, and in its type and colour where Out may be
// styled.
func (t *Terminal) Styled(r Row) string { return r.styled(Clean(r.Text), t.Color()) }

func (r Row) styled(text string, style bool) string {
	switch {
	case !style || text == "":
	case r.Heavy:
		text = "\x1b[1m" + text + "\x1b[m"
	case r.Colour != "":
		text = Paint(r.Colour, text)
	}
	return text
}

// A Scene is what a [Live] screen shows at one moment: a head and a foot that
// stay where they are, and between them as much of the body as there is room for.
type Scene struct{ Head, Body, Foot []Row }

// A Live is a screen of its own that is drawn anew every second, until the person
// leaves it with q or Ctrl-C. What does not fit can be scrolled to.
type Live struct {
	// Draw says what there is to see now. It is called for every drawing, and is to
	// be quick: what takes time belongs before Changed.
	Draw func(width int) Scene
	// Changed has the screen drawn before its second is over. May be nil.
	Changed <-chan struct{}
	// Notices ring the bell, and are shown by terminals that show notices of their
	// own (OSC 9). May be nil.
	Notices <-chan string
	// Refresh is called when the person presses r. It is not waited for.
	Refresh func()
}

// ErrNoScreen says that there is no screen to draw on: no terminal, one that
// cannot move the cursor, or somebody who is read to.
var ErrNoScreen = errors.New("there is no screen to draw on")

// Live shows a screen until it is left, which is nil for q and [ErrInterrupted] for
// Ctrl-C, or until ctx ends. It is [ErrNoScreen] where nothing can be drawn.
func (t *Terminal) Live(ctx context.Context, l Live) error {
	c := t.console()
	if c == nil {
		return ErrNoScreen
	}
	defer c.close()
	width, height := size(c.out)
	if width == 0 || t.dumb() || t.accessible() || asTerminal(t.Out) == nil {
		return ErrNoScreen
	}
	s := &live{Live: l, style: t.style(c), width: width, height: height}
	var p *tea.Program
	in := &watched{c.in, func() { p.Send(cancelled{io.EOF}) }}
	out := &drawnOn{File: c.out, drawn: func() { p.Send(drawAgain{}) }}
	p = tea.NewProgram(&growing{Model: s, out: out}, tea.WithInput(in), tea.WithOutput(out), tea.WithEnvironment(t.terminalEnv()), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, func() { p.Send(cancelled{ctx.Err()}) })()
	over := make(chan struct{})
	defer close(over)
	go s.relay(p, over)
	defer obeyEscapes(c.out)()
	_, err := p.Run()
	switch {
	case s.over:
		return s.err
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil || hungUp(err):
		return io.EOF
	}
	return err
}

// live is a Live on the screen.
type live struct {
	Live
	style         bool
	width, height int

	scene Scene
	top   int // the first row of the body that is on the screen

	over bool
	err  error
}

type (
	redraw struct{}
	notice string
)

// relay passes on what happens outside.
func (s *live) relay(p *tea.Program, over <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-over:
			return
		case <-second.C:
			p.Send(redraw{})
		case <-s.Changed:
			p.Send(redraw{})
		case text := <-s.Notices:
			p.Send(notice(text))
		}
	}
}

func (s *live) Init() tea.Cmd {
	s.draw()
	return nil
}

func (s *live) draw() { s.scene = s.Draw(s.width) }

func (s *live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if s.over {
		return s, nil
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 {
			s.width, s.height = msg.Width, msg.Height
			s.draw()
		}
	case redraw:
		s.draw()
	case notice:
		return s, tea.Raw("\a\x1b]9;" + Clean(string(msg)) + "\a")
	case tea.KeyPressMsg:
		s.press(msg.Key())
	case cancelled:
		s.over, s.err = true, msg.err
	}
	if s.over {
		return s, tea.Quit
	}
	s.scroll(0)
	return s, nil
}

func (s *live) press(k tea.Key) {
	switch k.Keystroke() {
	case "ctrl+c":
		s.over, s.err = true, ErrInterrupted
	case "q", "esc":
		s.over = true
	case "r":
		if s.Refresh != nil {
			s.Refresh()
		}
	case "up", "k", "ctrl+p":
		s.scroll(-1)
	case "down", "j", "ctrl+n", "enter":
		s.scroll(1)
	case "pgup", "b":
		s.scroll(-s.room())
	case "pgdown", "space":
		s.scroll(s.room())
	case "home", "g":
		s.scroll(-len(s.scene.Body))
	case "end", "shift+g", "G":
		s.scroll(len(s.scene.Body))
	}
}

// room is how many rows of the body fit.
func (s *live) room() int { return max(1, s.height-len(s.scene.Head)-len(s.scene.Foot)) }

func (s *live) scroll(by int) {
	s.top = max(0, min(s.top+by, len(s.scene.Body)-s.room()))
}

func (s *live) View() tea.View {
	v := tea.NewView(s.content())
	v.AltScreen = true
	return v
}

// content fills the screen: the foot is at its bottom.
func (s *live) content() string {
	if s.over {
		return ""
	}
	var rows []string
	add := func(list []Row) {
		for _, r := range list {
			rows = append(rows, r.styled(cut(Clean(r.Text), s.width), s.style))
		}
	}
	add(s.scene.Head)
	add(s.scene.Body[s.top:min(len(s.scene.Body), s.top+s.room())])
	for len(rows)+len(s.scene.Foot) < s.height {
		rows = append(rows, "")
	}
	add(s.scene.Foot)
	// What does not fit is given up from the bottom: what is wrong stands on top.
	return strings.Join(rows[:min(len(rows), s.height)], "\n")
}
