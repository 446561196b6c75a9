package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

func openTTY() (*os.File, error) { return os.OpenFile("CONOUT$", os.O_RDWR, 0) }

// obeyEscapes makes a console obey escape sequences, which older ones do only
// when asked.
func obeyEscapes(f *os.File) (restore func()) {
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return func() {}
	}
	want := mode | windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	if want == mode || windows.SetConsoleMode(console, want) != nil {
		return func() {}
	}
	return func() { _ = windows.SetConsoleMode(console, mode) }
}

// hungUp is for Unix.
func hungUp(error) bool { return false }
