package awsargs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"
)

// files loads what file:// and fileb:// name.
type files struct {
	read   func(string) ([]byte, error)
	lookup func(string) (string, bool)
	stdin  io.Reader
}

// parameter loads the file that a word names. A word that names none is not
// loaded. A text has its line ends as on Unix, a binary is as it is.
func (f files) parameter(flag, word string) (content []byte, loaded bool, err error) {
	name, binary := strings.CutPrefix(word, "fileb://")
	name, text := strings.CutPrefix(name, "file://")
	if !binary && !text {
		return nil, false, nil
	}
	if binary {
		name = strings.TrimPrefix(word, "fileb://")
	}
	problem := func(format string, args ...any) error {
		return &UsageError{Problem: fmt.Sprintf("Error parsing parameter '%s': Unable to load paramfile %s", flag, fmt.Sprintf(format, args...))}
	}
	name = f.expand(name)
	if name == "/dev/stdin" && f.stdin != nil {
		content, err = io.ReadAll(f.stdin)
	} else {
		content, err = f.read(name)
	}
	if err != nil {
		return nil, true, problem("%s: %s", word, osError(err, name))
	}
	if binary {
		return content, true, nil
	}
	if !utf8.Valid(content) {
		return nil, true, problem("(%s), text contents could not be decoded.  If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.", name)
	}
	return []byte(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content))), true, nil
}

// expand puts the home directory for ~ and values for $NAME and ${NAME}. Names
// without a value stay.
func (f files) expand(name string) string {
	if name == "~" || strings.HasPrefix(name, "~/") || strings.HasPrefix(name, `~\`) {
		for _, v := range []string{"HOME", "USERPROFILE"} {
			if home, ok := f.lookup(v); ok {
				name = strings.TrimRight(home, "/") + name[1:]
				break
			}
		}
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(name, "$")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		variable, braces := strings.CutPrefix(after, "{")
		length := strings.IndexFunc(variable, func(r rune) bool { return !(isKey(r) || r == '_') || strings.ContainsRune("-.#/:", r) })
		if length < 0 {
			length = len(variable)
		}
		rest := variable[length:]
		if braces {
			var closed bool
			if rest, closed = strings.CutPrefix(rest, "}"); !closed {
				length = 0
			}
		}
		value, set := f.lookup(variable[:length])
		if length == 0 || !set {
			b.WriteByte('$')
			name = after
			continue
		}
		b.WriteString(value)
		name = rest
	}
}

// osError tells of a failure to read as Python does.
func osError(err error, name string) string {
	number, text := 0, ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		number, text = 2, "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		number, text = 13, "Permission denied"
	case errors.Is(err, syscall.EISDIR):
		number, text = 21, "Is a directory"
	default:
		if e, ok := errors.AsType[*os.PathError](err); ok {
			err = e.Err
		}
		return err.Error()
	}
	return fmt.Sprintf("[Errno %d] %s: %s", number, text, pythonRepr(name))
}
