package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// A dialect is how a shell, or a kind of file, writes a variable down.
type dialect struct {
	set   func(name, value string) (string, error)
	unset func(name string) string // nil: there is no way
}

// dialects go by the AWS CLI's names where it has one. Keys as AWS issues them
// need no quotes in any; those of a stranger's credential_process may be anything.
var dialects = map[string]dialect{
	"env": {
		set:   func(name, value string) (string, error) { return "export " + name + "=" + quoteWord(value), nil },
		unset: func(name string) string { return "unset " + name },
	},
	"env-no-export": {
		set: func(name, value string) (string, error) { return name + "=" + quoteWord(value), nil },
	},
	"powershell": {
		set: func(name, value string) (string, error) {
			// PowerShell takes typographic quotes for plain ones.
			return "$Env:" + name + `="` + escape(value, "`", "`$\"\u201c\u201d\u201e") + `"`, nil
		},
		unset: func(name string) string { return "Remove-Item -ErrorAction Ignore Env:" + name },
	},
	"windows-cmd": {
		set: func(name, value string) (string, error) {
			if strings.ContainsAny(value, `%!"`) {
				return "", fmt.Errorf("%s holds a character that nothing protects from cmd.exe (%% ! or \"): use another --format", name)
			}
			return "set " + name + "=" + escape(value, "^", "^&|<>()"), nil
		},
		unset: func(name string) string { return "set " + name + "=" },
	},
	"fish": {
		set: func(name, value string) (string, error) {
			return "set -gx " + name + ` "` + escape(value, `\`, `\$"`) + `"`, nil
		},
		unset: func(name string) string { return "set -e " + name },
	},
	"dotenv": {set: dotenvLine},
}

// dotenvLine writes what all readers of .env files agree on. Without quotes that
// is what AWS issues; docker run --env-file takes quotes for a part of the value.
// Between single quotes a backslash, a quote and ${ mean something to one reader
// and nothing to the next.
func dotenvLine(name, value string) (string, error) {
	if quoted := quoteWord(value); quoted == value {
		return name + "=" + value, nil
	}
	if strings.ContainsAny(value, `'\`) || strings.Contains(value, "${") {
		return "", fmt.Errorf(`%s holds a character that readers of .env files do not agree on (' \ or ${)`, name)
	}
	return name + "='" + value + "'", nil
}

// escape puts mark before each of the special characters.
func escape(value, mark, special string) string {
	var b strings.Builder
	for _, r := range value {
		if strings.ContainsRune(special, r) {
			b.WriteString(mark)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// writeVariables writes all lines or none.
func writeVariables(w io.Writer, variables [][2]string, d dialect) error {
	var lines []string
	for _, kv := range variables {
		if strings.ContainsFunc(kv[1], unicode.IsControl) {
			return fmt.Errorf("%s holds a control character, which a terminal would obey when it is pasted", kv[0])
		}
		text, err := d.set(kv[0], kv[1])
		if err != nil {
			return err
		}
		lines = append(lines, text)
	}
	out := bufio.NewWriter(w)
	for _, l := range lines {
		fmt.Fprintln(out, l)
	}
	return out.Flush()
}
