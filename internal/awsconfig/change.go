package awsconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"

	"github.com/aymanbagabas/go-udiff"
)

// Change is what edits would do, or did, to one file. A file that does not exist is
// empty.
type Change struct {
	File          string // its path
	Before, After []byte
}

// Preview is what [Files.Update] would change, and changes nothing. Checks of the
// edits are asked, and nobody is waited for: another program may change the files
// before Update does.
func (f Files) Preview(edits ...Edit) ([]Change, error) {
	files, err := f.pending(edits)
	if err != nil {
		return nil, err
	}
	for _, p := range files {
		if f.options().Interrupted(p.path) {
			if err := f.repair(p.path); err != nil {
				return nil, err
			}
		}
	}
	if err := f.edit(files, edits); err != nil {
		return nil, err
	}
	var changes []Change
	for _, p := range files {
		if !bytes.Equal(p.old, p.new) {
			changes = append(changes, Change{File: p.path, Before: p.old, After: p.new})
		}
	}
	return changes, nil
}

// diffContext is how many lines are shown around what changed.
const diffContext = 3

// Diff is the change in the unified format, empty where there is none. The values
// of keys that are secrets are masked, also in comments; that they differ shows.
func (c Change) Diff() string {
	before, after := mask(string(c.Before)), mask(string(c.After))
	text, err := udiff.ToUnified(c.File, c.File, before, lineEdits(before, after), diffContext)
	if err != nil {
		panic("awsconfig: a diff with edits that overlap") // lineEdits makes none
	}
	return maskMark().ReplaceAllString(text, "")
}

// Lines counts the lines that the change adds and takes away.
func (c Change) Lines() (added, removed int) {
	before, after := string(c.Before), string(c.After)
	for _, e := range lineEdits(before, after) {
		added += len(textLines(e.New))
		removed += len(textLines(before[e.Start:e.End]))
	}
	return added, removed
}

const masked = "****"

// maskMark stands behind what is masked while lines are compared, so that two
// secrets are equal only if they are.
var maskMark = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x00[0-9a-f]{64}") })

// secretKey tells keys by the words that name secrets. The AWS CLI, the SDKs and
// other tools have more of them than anybody lists.
func secretKey(key string) bool {
	key = strings.ToLower(key)
	if strings.HasSuffix(key, "_file") {
		return false
	}
	for _, word := range []string{"secret", "session_token", "security_token", "password", "passphrase"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}

// mask hides the secrets of a file that need not be one that can be read.
func mask(text string) string {
	lower := strings.ToLower(text)
	if !strings.Contains(lower, "secret") && !strings.Contains(lower, "token") && !strings.Contains(lower, "pass") && !strings.Contains(text, "@") {
		return text
	}
	var out strings.Builder
	below := false // the value of a secret may go on
	for _, l := range physicalLines(text) {
		content := strings.TrimLeft(strip(l.text), "#; \t")
		at := strings.IndexAny(content, "=:")
		switch {
		case at >= 0 && secretKey(strip(content[:at])):
			start := len(l.text) - len(strings.TrimLeft(l.text, "#; \t")) + at + 1
			l.text = l.text[:start] + hidden(l.text[start:])
			below = true
		case content == "":
		case below && indentText(l.text) != "":
			indent := indentText(l.text)
			l.text = indent + hidden(l.text[len(indent):])
		default:
			below = false
			l.text = maskWithin(l.text)
		}
		out.WriteString(l.text)
		out.WriteString(l.eol)
	}
	return out.String()
}

// within are secrets in values that are no secret as a whole: a password in an
// address, and options of commands that are called after one.
var within = sync.OnceValue(func() [2]*regexp.Regexp {
	return [2]*regexp.Regexp{
		regexp.MustCompile(`(://[^/\s@:]*:)([^/\s@]+)(@)`),
		regexp.MustCompile(`(?i)(\s--?[\w-]*(?:password|passwd|passphrase|secret|token)[= ]+)([^\s]+)()`),
	}
})

func maskWithin(line string) string {
	for i, mark := range [2]string{"@", " -"} {
		if strings.Contains(line, mark) {
			line = within()[i].ReplaceAllStringFunc(line, func(found string) string {
				part := within()[i].FindStringSubmatch(found)
				return part[1] + hidden(part[2]) + part[3]
			})
		}
	}
	return line
}

func hidden(value string) string {
	if strip(value) == "" {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return strings.Repeat(" ", len(value)-len(strings.TrimLeft(value, " "))) + masked + "\x00" + hex.EncodeToString(sum[:])
}
