package cli

import "strings"

// quoteWord writes s as one word of a POSIX shell, quoted only where it must be.
func quoteWord(s string) string {
	plain := s != "" && s[0] != '=' // zsh looks up commands for a leading one
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("%+,-./:=@_", r):
		default:
			plain = false
		}
	}
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteWindows is quoteWord for the rules of Windows' C runtime. Names hold no
// double quotes, see awsconfig.NameProblem.
func quoteWindows(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t&|<>^()%!") {
		return s
	}
	return `"` + s + `"`
}
