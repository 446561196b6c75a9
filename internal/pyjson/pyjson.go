// Package pyjson writes JSON strings as Python's json.dumps does. The AWS CLI's
// cache files are named by such text and its output is made of it, so that every
// byte counts. It links next to nothing, for programs that must start fast.
package pyjson

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Append appends s as a JSON string to b. ascii escapes what is not ASCII, which
// is Python's default. What is not UTF-8 becomes U+FFFD.
func Append(b []byte, s string, ascii bool) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r < 0x20 || ascii && r > 0x7e && r <= 0xffff:
			b = appendEscaped(b, r)
		case ascii && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = appendEscaped(appendEscaped(b, high), low)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func appendEscaped(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&0xf], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
}
