package terminal

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

type screenWriter struct{ *screen.Screen }

func (w screenWriter) Write(p []byte) (int, error) {
	w.Screen.Write(string(p))
	return len(p), nil
}

// However a line came about, it looks as if it had been drawn at once, and what
// was on the screen before is still above it.
func TestDrawingAgainIsDrawingAtOnce(t *testing.T) {
	const width, height = 14, 7
	pressed := []rune{'a', 'b', ' ', '東', 'é', '\u0301', keyTab, keyTab, keyBackTab, keyLeft, keyLeft, keyRight, keyHome, keyEnd,
		keyBackspace, keyBackspace, keyDelete, keyCtrlK, keyCtrlW, keyWordLeft, keyWordRight, 'x', 'y', 'z', ','}
	question := Question{Prompt: "Prompt: ", List: true, Completions: Completions("alpha", "beta", "gamma"), Toolbar: func(answer string) (string, string) {
		if !strings.Contains(answer, "x") {
			return "", ""
		}
		return "Title", "{\n  text\n}"
	}}
	start := func() (*editor, *screen.Screen) {
		s := screen.New(width, height)
		s.Write("above\r\n")
		var out io.Writer = screenWriter{s}
		return &editor{question: question, prompt: question.Prompt, style: true, drawing: drawing{out: out, size: func() (int, int) { return width, height }}}, s
	}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		e, s := start()
		var keys []rune
		most := 0 // rows that were ever drawn
		for range 60 {
			key := pressed[random.IntN(len(pressed))]
			keys = append(keys, key)
			if _, err := e.press(key); err != nil {
				t.Fatal(err)
			}
			e.draw()
			most = max(most, len(e.drawing.rows))
			fresh, want := start()
			fresh.line, fresh.pos, fresh.offer = e.line, e.pos, e.offer
			fresh.draw()
			got, wanted := s.Text(), want.Text()
			if most >= height { // the screen has scrolled at some time
				got, wanted = strings.TrimPrefix(got, "above\n"), strings.TrimPrefix(wanted, "above\n")
			}
			if got != wanted || s.X != want.X || (most < height && s.Y != want.Y) || len(s.Unknown) > 0 {
				t.Fatalf("seed %d, keys %s: got\n%s\n(column %d)\nwant\n%s\n(column %d)", seed, fmt.Sprintf("%q", string(keys)), got, s.X, wanted, want.X)
			}
		}
	}
}
