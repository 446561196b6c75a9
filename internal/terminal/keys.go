package terminal

import (
	"context"
	"time"
	"unicode"
	"unicode/utf8"
)

// Keys that are characters of ASCII.
const (
	keyCtrlA     = 'a' & 0x1f
	keyCtrlB     = 'b' & 0x1f
	keyCtrlC     = 'c' & 0x1f
	keyCtrlD     = 'd' & 0x1f
	keyCtrlE     = 'e' & 0x1f
	keyCtrlF     = 'f' & 0x1f
	keyCtrlH     = 'h' & 0x1f
	keyTab       = '\t'
	keyCtrlJ     = '\n'
	keyCtrlK     = 'k' & 0x1f
	keyCtrlL     = 'l' & 0x1f
	keyEnter     = '\r'
	keyCtrlU     = 'u' & 0x1f
	keyCtrlW     = 'w' & 0x1f
	keyEscape    = 27
	keyBackspace = 127
)

// Keys that terminals send as escape sequences, as numbers no character has.
const (
	keyNone = unicode.MaxRune + 1 + iota // to be ignored
	keyLeft
	keyRight
	keyUp
	keyDown
	keyHome
	keyEnd
	keyDelete
	keyWordLeft
	keyWordRight
	keyBackTab
)

// sequences are what follows Esc. Terminals differ, and none sends all of them.
var sequences = map[string]rune{
	"[A": keyUp, "OA": keyUp,
	"[B": keyDown, "OB": keyDown,
	"[C": keyRight, "OC": keyRight,
	"[D": keyLeft, "OD": keyLeft,
	"[H": keyHome, "OH": keyHome, "[1~": keyHome, "[7~": keyHome,
	"[F": keyEnd, "OF": keyEnd, "[4~": keyEnd, "[8~": keyEnd,
	"[3~": keyDelete,
	"[Z":  keyBackTab,
	"b":   keyWordLeft, "[1;5D": keyWordLeft, "[1;3D": keyWordLeft, "[5D": keyWordLeft,
	"f": keyWordRight, "[1;5C": keyWordRight, "[1;3C": keyWordRight, "[5C": keyWordRight,
	"\x7f": keyCtrlW,
}

// escapeTime is how long the rest of a key's escape sequence may take. A
// person needs longer between Esc and the next key.
const escapeTime = 100 * time.Millisecond

// longestSequence is more than any key has.
const longestSequence = 32

// keys reads what is typed, a key at a time.
type keys struct {
	ctx      context.Context
	terminal *Terminal
	held     []byte // what was read to see whether it belongs to a key, and does not
}

// next waits for a key.
func (k *keys) next() (rune, error) {
	for {
		b, err := k.byte(0)
		if err != nil {
			return 0, err
		}
		afterCR := k.terminal.afterCR
		k.terminal.afterCR = b == keyEnter
		switch {
		case b == keyCtrlJ && afterCR:
			continue // the second half of Enter
		case b == keyEscape:
			return k.sequence()
		case b < utf8.RuneSelf:
			return rune(b), nil
		}
		letter := []byte{b}
		for !utf8.FullRune(letter) {
			if b, err = k.byte(0); err != nil {
				return 0, err
			}
			letter = append(letter, b)
		}
		r, n := utf8.DecodeRune(letter)
		// Of a terminal that speaks no UTF-8: what follows its letters are keys.
		k.held = append(letter[n:], k.held...)
		return r, nil
	}
}

// byte returns the next byte of the input, or errNoneYet when there is none for
// a while.
func (k *keys) byte(patience time.Duration) (byte, error) {
	if len(k.held) > 0 {
		b := k.held[0]
		k.held = k.held[1:]
		return b, nil
	}
	return k.terminal.next(k.ctx, patience)
}

// sequence reads what follows an Esc. What is unknown is no key, and an Esc that
// nothing follows is none either.
func (k *keys) sequence() (rune, error) {
	var s []byte
	for len(s) < longestSequence {
		b, err := k.byte(escapeTime)
		if err == errNoneYet {
			return keyNone, nil
		}
		if err != nil {
			return 0, err
		}
		if b == keyEscape {
			k.held = append(k.held, b) // another key begins
			return keyNone, nil
		}
		s = append(s, b)
		switch {
		case len(s) == 1 && (b == '[' || b == 'O'):
			continue
		case s[0] == '[' && (b < '@' || b > '~'):
			continue
		}
		break
	}
	if key, ok := sequences[string(s)]; ok {
		return key, nil
	}
	return keyNone, nil
}

// more reports whether another key is there already.
func (k *keys) more() bool { return len(k.held) > 0 || k.terminal.soon() }
