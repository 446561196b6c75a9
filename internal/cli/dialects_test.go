//go:build unix

package cli

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostileValues are a thousand that a stranger's credential_process, or a name in
// the configuration, may hold. None has a control character: those are refused.
func hostileValues() []string {
	values := []string{
		"", "plain/+=", "$(touch pwned)", "`touch pwned`", `"; touch pwned; "`, "'; touch pwned; '", "; touch pwned", "| touch pwned", "&& touch pwned", "(touch pwned)",
		`\"$HOME\\`, "${HOME}", "$HOME", "~", "~root", "=ls", "*", "?", "[a-z]*", "{a,b}", "#x", "a #x", "!x", "!!", "!$", "%PATH%", "%s%n", "a&b|c;d", `\`, `\\`, `\'`, `"`, `'`, "''", "$'x'", "$\"x\"",
		" ", "  a  ", "-n", "--", "a\u201d; touch pwned", "\u2018touch pwned\u2019", "\u00a0", "\u3000x", "\U0001f600", "é", "\u202eabc", "\ufeffx", "<(touch pwned)", ">pwned", "2>pwned", "&>pwned", "$((1+1))", "$[1+1]",
		"(status)", "(touch pwned | psub)", "^x^y", ":(){ :|:& };:", "true;false", "export PATH=", "\xff\xfe", "a\u2028b", "a=b", "=", "a=", "$#", "$$", "$?", "$@", "$0", "$-", "\\$(touch pwned)", "'\"'\"'",
	}
	pieces := []string{"$(touch pwned)", "`touch pwned`", "'", `"`, `\`, "$", "`", "(", ")", "{", "}", "[", "]", "<", ">", "|", "&", ";", "#", "!", "*", "?", "~", "=", "%", "^", " ", "a", "/", "+", "\u201c", "\u2019", "é", "touch pwned", "-", ",", "."}
	r := rand.New(rand.NewPCG(1, 2))
	for len(values) < 1000 {
		var b strings.Builder
		for range 1 + r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		values = append(values, b.String())
	}
	return values
}

// What is printed for a shell sets the variables to what they are, whatever that
// is, and does nothing else.
func TestHostileValuesInShells(t *testing.T) {
	t.Parallel()
	for _, shell := range []struct {
		name, dialect string
		print         string // writes the variable %s and a NUL
	}{
		{"sh", "env", `printf '%%s\0' "$%s"`}, {"bash", "env", `printf '%%s\0' "$%s"`}, {"zsh", "env", `printf '%%s\0' "$%s"`},
		{"sh", "env-no-export", `printf '%%s\0' "$%s"`},
		{"sh", "dotenv", `printf '%%s\0' "$%s"`}, // whose quotes are a shell's, as far as they go
		{"fish", "fish", `printf '%%s\0' "$%s"`},
		{"pwsh", "powershell", `[Console]::Write("$($Env:%s)` + "`0" + `")`},
	} {
		t.Run(shell.name+" "+shell.dialect, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell.name)
			if err != nil {
				if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), shell.name) {
					t.Fatal(shell.name + " is required, and absent")
				}
				t.Skip(shell.name + " is absent")
			}
			var script bytes.Buffer
			var want []string
			for _, value := range hostileValues() {
				if shell.name == "fish" && value == "\xff\xfe" {
					continue // the escapes are those of a text
				}
				name := fmt.Sprintf("V%d", len(want))
				if err := writeVariables(&script, [][2]string{{name, value}}, dialects[shell.dialect]); err != nil {
					if shell.dialect == "dotenv" {
						continue // refused: nobody knows how it would be read
					}
					t.Fatal(err)
				}
				fmt.Fprintf(&script, shell.print+"\n", name)
				want = append(want, value)
			}
			if len(want) < 200 {
				t.Fatalf("only %d values are tried", len(want))
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "script")
			if err := os.WriteFile(file, script.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			run := exec.CommandContext(t.Context(), path, file)
			run.Dir, run.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
			var said bytes.Buffer
			run.Stderr = &said
			out, err := run.Output()
			if err != nil || said.Len() > 0 {
				t.Errorf("%v\n%s", err, &said)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
			for i := range want {
				if i >= len(got) || got[i] != want[i] {
					t.Fatalf("value %d: got %q, want %q", i, append(got, "nothing")[min(i, len(got))], want[i])
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("a value was run")
			}
		})
	}
}

// As text, where there is no such shell to ask: nothing between the quotes is left
// that PowerShell or cmd.exe obeys.
func TestHostileValuesAsText(t *testing.T) {
	t.Parallel()
	for _, value := range hostileValues() {
		line, err := dialects["powershell"].set("V", value)
		if err != nil {
			t.Fatal(err)
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(line, `$Env:V="`), `"`)
		for i, r := 0, []rune(inside); i < len(r); i++ {
			if r[i] == '`' {
				i++ // escaped
			} else if strings.ContainsRune("\"$\u201c\u201d\u201e", r[i]) {
				t.Errorf("PowerShell obeys %q in %s", r[i], line)
			}
		}
		line, err = dialects["windows-cmd"].set("V", value)
		if refused := strings.ContainsAny(value, `%!"`); (err != nil) != refused {
			t.Errorf("%q: got %v", value, err)
		}
		for i, inside := 0, strings.TrimPrefix(line, "set V="); i < len(inside); i++ {
			if inside[i] == '^' {
				i++
			} else if strings.ContainsRune("&|<>()", rune(inside[i])) {
				t.Errorf("cmd.exe obeys %q in %s", inside[i], line)
			}
		}
	}
}

// A control character is refused in every dialect, and none of the lines is
// written.
func TestControlCharactersAreRefused(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		for r := range rune(0x100) {
			if !unicode.IsControl(r) {
				continue
			}
			var out strings.Builder
			if err := writeVariables(&out, [][2]string{{"A", "fine"}, {"B", "x" + string(r) + "y"}}, d); err == nil || out.Len() > 0 {
				t.Errorf("%s, %U: got %q, %v", name, r, &out, err)
			}
		}
	}
}

// A profile's name goes into prompts, which shells expand.
func TestPromptMarkHoldsNothingAShellExpands(t *testing.T) {
	t.Parallel()
	for _, value := range append(hostileValues(), "a\x1b[31m\nb", `\u@\h`, "%n", "a'b") {
		m := newPromptMark(value, time.Now())
		for _, text := range []string{m.text, m.over} {
			inside := strings.TrimSuffix(strings.TrimPrefix(text, "("), ") ")
			if strings.ContainsAny(inside, "$`\\'\"%!{}()[]<>|&;*#^~=") || strings.ContainsFunc(inside, unicode.IsControl) {
				t.Errorf("%q: got %q", value, text)
			}
		}
	}
}
