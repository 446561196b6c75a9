// Package hexdigits writes bytes in hexadecimal for programs that must start
// fast: encoding/hex links fmt, and with it reflect.
package hexdigits

// Of are the digits of b, in lower case.
func Of(b []byte) string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 2*len(b))
	for _, c := range b {
		text = append(text, digits[c>>4], digits[c&0xf])
	}
	return string(text)
}
