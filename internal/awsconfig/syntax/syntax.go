// Package syntax is what a line of an AWS config file can be and what a section
// header means: the part of reading that package awsconfig, which reads whole
// files, shares with package scan, which looks for one profile.
package syntax

import (
	"math"
	"strings"
	"unicode"
)

// Kinds of sections of the config file.
const (
	Profile  = "profile"     // [default], [profile X]
	Session  = "sso-session" // [sso-session X]
	Services = "services"    // [services X]
)

// Inherited is the header of the section whose keys every other section has too.
const Inherited = "DEFAULT"

// Meaning is what a header means in the config file: the header is split as a
// shell would, and must be two words. Everything else means nothing, and is no
// error.
func Meaning(header string) (kind, name string, ok bool) {
	for _, kind := range []string{Profile, Session, Services} {
		if !strings.HasPrefix(header, kind) {
			continue
		}
		words, ok := Words(header)
		if !ok || len(words) != 2 {
			return "", "", false
		}
		return kind, words[1], true
	}
	if header == "default" {
		return Profile, header, true
	}
	return "", "", false
}

// Header is the text between the brackets of a header line without the blanks
// around it. Like configparser it runs to the last ] of the line and ignores what
// follows.
func Header(content string) (string, bool) {
	end := strings.LastIndexByte(content, ']')
	if content[0] != '[' || end < 2 {
		return "", false
	}
	return content[1:end], true
}

// Option cuts a line without the blanks around it into a key, in lower case, and
// a value. Where there is no delimiter or nothing before it, it is not ok.
func Option(content string) (key, value string, ok bool) {
	at := strings.IndexAny(content, "=:")
	if at <= 0 {
		return "", "", false
	}
	return strings.ToLower(Strip(content[:at])), Strip(content[at+1:]), true
}

// Indent counts the blanks before the text.
func Indent(text string) int {
	n := 0
	for _, r := range text {
		if !IsSpace(r) {
			return n
		}
		n++
	}
	return math.MaxInt
}

// IsSpace is Python's str.isspace, which has four more than Go's.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || (0x1c <= r && r <= 0x1f) }

// Strip is Python's str.strip.
func Strip(s string) string { return strings.TrimFunc(s, IsSpace) }

// Words splits as Python's shlex.split does: POSIX quoting, no comments, nothing
// expanded. An unclosed quote is not ok.
func Words(s string) (words []string, ok bool) {
	var word strings.Builder
	inWord := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, false
			}
			word.WriteString(s[i+1 : i+1+end])
			i += end + 1
			inWord = true
		case '"':
			i++
			for ; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
					i++
				}
				word.WriteByte(s[i])
			}
			if i >= len(s) {
				return nil, false
			}
			inWord = true
		case '\\':
			i++
			if i >= len(s) {
				return nil, false
			}
			word.WriteByte(s[i])
			inWord = true
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, true
}
