package terminal

import (
	"encoding/base64"
	"fmt"
)

// Copy puts a text on the clipboard of whoever sits at the terminal, wherever this
// runs (OSC 52). Many terminals want to be told to allow it, and none says whether
// it did.
func (t *Terminal) Copy(text string) {
	if out := asTerminal(t.Out); out != nil && !t.dumb() {
		defer obeyEscapes(out)()
		fmt.Fprintf(out, "\x1b]52;c;%s\a", base64.StdEncoding.EncodeToString([]byte(text)))
	}
}
