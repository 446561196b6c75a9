package terminal

import (
	"context"
	"errors"
	"io"
	"time"
)

// maxLine is the longest answer, in bytes or, when edited, in characters.
const maxLine = 64 << 10

var errTooLong = errors.New("the answer is too long")

type readByte struct {
	b   byte
	err error
}

// errNoneYet is what next answers when the time is over.
var errNoneYet = errors.New("nothing was typed yet")

// next returns the next byte of the input. A read cannot be taken back: when
// the context ends or the time is over first, its byte goes to the next call.
// A patience of zero waits for as long as the context lasts.
func (t *Terminal) next(ctx context.Context, patience time.Duration) (byte, error) {
	if t.In == nil {
		return 0, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if t.pending == nil {
		t.pending = begin(t.In)
	}
	var over <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case r := <-t.pending:
		t.pending = nil
		return r.b, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-over:
		return 0, errNoneYet
	}
}

// soon reports whether there is something to read, or will be in a moment that
// nobody notices.
func (t *Terminal) soon() bool {
	if t.pending == nil {
		t.pending = begin(t.In)
	}
	moment := time.NewTimer(time.Millisecond)
	defer moment.Stop()
	select {
	case r := <-t.pending:
		t.pending <- r
		return true
	case <-moment.C:
		return false
	}
}

func begin(in io.Reader) chan readByte {
	c := make(chan readByte, 1)
	go func() {
		var b [1]byte
		for {
			n, err := in.Read(b[:])
			if n == 0 && err == nil {
				continue
			}
			if n > 0 {
				err = nil // it comes again
			} else if hungUp(err) {
				err = io.EOF
			}
			c <- readByte{b[0], err}
			return
		}
	}()
	return c
}

// readLine reads a line without its end, which is \n or \r\n, or missing from
// the last one.
func (t *Terminal) readLine(ctx context.Context) (string, error) {
	var line []byte
	for {
		b, err := t.next(ctx, 0)
		switch {
		case err == io.EOF && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		case b == '\n':
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line = line[:n-1]
			}
			return string(line), nil
		case len(line) == maxLine:
			return "", errTooLong
		}
		line = append(line, b)
	}
}
