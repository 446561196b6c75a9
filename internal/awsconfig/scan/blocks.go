package scan

import (
	"bytes"
	"io"
)

// blockSize is what is read at once: it stays in the processor's cache, whatever
// the size of the file.
const blockSize = 32 << 10

// inBlocks has block look at a file, some whole lines at a time, until it wants no
// more. It is false then, and when the file cannot be read, begins with a byte
// order mark, or has a line longer than size.
func inBlocks(r io.Reader, size int, block func([]byte) bool) bool {
	buffer := make([]byte, size)
	n, first := 0, true
	for {
		if n == size {
			return false
		}
		m, err := r.Read(buffer[n:])
		n += m
		if err != nil && err != io.EOF {
			return false
		}
		end := n
		if err == nil {
			end = bytes.LastIndexByte(buffer[:n], '\n') + 1
		}
		if end == 0 && err == nil {
			continue
		}
		if first && bytes.HasPrefix(buffer[:end], []byte("\xef\xbb\xbf")) {
			return false
		}
		first = false
		if !block(buffer[:end]) {
			return false
		}
		if err == io.EOF {
			return true
		}
		n = copy(buffer, buffer[end:n])
	}
}

// lineAt is the line that begins there, without its end. It ends at LF or CR; the
// two together make an empty line more, which means nothing.
func lineAt(b []byte, at int) string {
	for i, c := range b[at:] {
		if c == '\n' || c == '\r' {
			return string(b[at : at+i])
		}
	}
	return string(b[at:])
}

// startsLine tells whether a [ is the first of its line. It is not known where
// only what may be blanks is before it: then it takes the lines above to tell a
// header from a value that goes on.
func startsLine(b []byte, at int) (starts, known bool) {
	for i := at; ; i-- {
		if i == 0 || b[i-1] == '\n' || b[i-1] == '\r' {
			return i == at, i == at
		}
		switch c := b[i-1]; {
		case c == ' ', '\t' <= c && c <= '\f', 0x1c <= c && c <= 0x1f, c >= 0x80:
		default:
			return false, true
		}
	}
}
