package awsconfig

import (
	"runtime"
	"strings"
)

// SplitCommand splits a command that a setting holds, such as credential_process,
// as the AWS CLI does on this system: like a shell, and on Windows by the rules of
// its C runtime, where a backslash is part of a path. An unclosed quote is not ok.
func SplitCommand(command string) (words []string, ok bool) {
	if runtime.GOOS == "windows" {
		return splitWindows(command)
	}
	return SplitWords(command)
}

// splitWindows knows double quotes alone. Backslashes stand for themselves, but for
// those before a double quote: there two are one, and an odd one protects the quote.
func splitWindows(s string) (words []string, ok bool) {
	var word strings.Builder
	inWord, quoted := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			end := i + len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
			n := end - i
			if end < len(s) && s[end] == '"' {
				word.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					word.WriteByte('"')
					end++
				}
			} else {
				word.WriteString(s[i:end])
			}
			inWord = true
			i = end - 1
		case c == '"':
			quoted, inWord = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quoted {
		return nil, false
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, true
}
