//go:build unix

package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"rsc.io/qr"
)

// remote is an environment in which no browser can come back.
func remote(t *testing.T) (env []string, home string) {
	t.Helper()
	env, home = local(t)
	configured(t, home, corp)
	env = slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "BROWSER=") })
	return append(env, "SSH_CONNECTION=10.0.0.1 50000 10.0.0.2 22", "LANG=C.UTF-8"), home
}

func decide(t *testing.T, env []string, args ...string) {
	t.Helper()
	if _, stderr, code := outcome(t, program(t, env, append([]string{"local", "decision"}, args...)...)); code != 0 {
		t.Fatal(stderr)
	}
}

// A capture is a transcript of which everything is kept, escapes included.
type capture struct {
	*transcript
	mu  sync.Mutex
	all strings.Builder
}

func film(t *testing.T, env []string, size pty.Winsize, args ...string) *capture {
	t.Helper()
	r := &capture{transcript: &transcript{t: t, seen: make(chan string, 1024), cmd: program(t, env, args...)}}
	var err error
	if r.tty, err = pty.StartWithSize(r.cmd, &size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.cmd.Process.Kill()
		r.tty.Close()
	})
	go func() {
		defer close(r.seen)
		buf := make([]byte, 4096)
		for {
			n, err := r.tty.Read(buf)
			if n > 0 {
				r.mu.Lock()
				r.all.Write(buf[:n])
				r.mu.Unlock()
				r.seen <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return r
}

func (r *capture) whole() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.String()
}

var roomy = pty.Winsize{Rows: 40, Cols: 100}

// until reads to the end of a line that begins with prefix and returns it.
func (s *capture) until(prefix string) string {
	s.t.Helper()
	s.expect(prefix)
	for !strings.Contains(s.text, "\n") {
		more, ok := <-s.seen
		if !ok {
			s.t.Fatalf("the program ended after %q", prefix)
		}
		s.text += escapes.ReplaceAllString(more, "")
	}
	line, rest, _ := strings.Cut(s.text, "\n")
	s.text = rest
	return prefix + line
}

// The browser is on another machine: where it ended is pasted, what is wrong is
// said, and neither is shown.
func TestPasteOnATerminal(t *testing.T) {
	env, home := remote(t)
	decide(t, env, "add", "allow", "--as", "alice", "--flow", "pkce")
	s := film(t, env, roomy, "sso", "login", "--sso-session", "corp", "--no-browser")
	address := s.until("http://127.0.0.1:")
	browser := &http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Path == "/oauth/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back := resp.Header.Get("Location")
	if !strings.Contains(back, "code=") {
		t.Fatalf("the browser ended with status %d at %q", resp.StatusCode, back)
	}
	const prompt = "If the browser ends at a page that does not load, paste its address here: "
	s.expect(prompt)
	s.send("http://127.0.0.1:1/oauth/callback?code=SECRET&state=SECRET" + enter)
	s.expect("that address is not one this sign-in comes back to")
	s.expect(prompt)
	s.send(back + enter)
	s.expect("Successfully logged into Start URL: https://d-1234567890.awsapps.com/start")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if strings.Contains(s.whole(), "SECRET") || strings.Contains(s.whole(), back) {
		t.Errorf("what was pasted is on the screen:\n%s", s.whole())
	}
	if files, _ := filepath.Glob(filepath.Join(home, ".aws", "sso", "cache", "*.json")); len(files) != 2 {
		t.Errorf("got %d cache files, want the token and the registration", len(files))
	}
}

// Ctrl-C at the prompt, which is no signal there, and a browser that comes back
// by itself after all.
func TestPasteGivenUp(t *testing.T) {
	env, _ := remote(t)
	s := film(t, env, roomy, "sso", "login", "--sso-session", "corp", "--no-browser")
	s.expect("paste its address here: ")
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}

	decide(t, env, "add", "allow", "--as", "alice", "--flow", "pkce")
	s = film(t, env, roomy, "sso", "login", "--sso-session", "corp", "--no-browser")
	address := s.until("http://127.0.0.1:")
	s.expect("paste its address here: ")
	s.send(ctrlD) // nothing to paste
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.expect("Successfully logged into")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

// The QR code is the address with the code in it, and only where there is room
// and the characters for it.
func TestQROnATerminal(t *testing.T) {
	t.Parallel()
	env, _ := remote(t)
	for _, tt := range []struct {
		name       string
		rows, cols uint16
		env        string
		args       []string
		shown      bool
	}{
		{"room", 40, 100, "", nil, true},
		{"--use-device-code", 40, 100, "", []string{"--use-device-code"}, true},
		{"narrow", 40, 30, "", nil, false},
		{"low", 12, 100, "", nil, false},
		{"no UTF-8", 40, 100, "LC_ALL=C", nil, false},
		{"a terminal that only prints", 40, 100, "TERM=dumb", nil, false},
		{"a browser here", 40, 100, "BROWSER=no-browser-in-tests %s", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			decide(t, env, "clear")
			s := film(t, append(slices.Clip(env), tt.env), pty.Winsize{Rows: tt.rows, Cols: tt.cols}, append([]string{"sso", "login", "--sso-session", "corp"}, tt.args...)...)
			if tt.name == "a browser here" {
				s.expect("--use-device-code")
			} else {
				s.expect("Then enter the code:")
			}
			deadline := time.After(2 * time.Second) // long after it would have been drawn
			for waiting := true; waiting && !(tt.shown && strings.Count(s.whole(), "\x1b[0m") > 15); {
				select {
				case _, ok := <-s.seen:
					waiting = ok
				case <-deadline:
					waiting = false
				}
			}
			s.send(ctrlC)
			s.end()
			if got := strings.ContainsAny(s.whole(), "█▀▄"); got != tt.shown {
				t.Fatalf("got a QR code %v, want %v; screen:\n%s", got, tt.shown, s.whole())
			}
			if tt.shown {
				matches(t, s.whole(), tt.args == nil)
			}
		})
	}
}

// matches reads the code's modules back from the screen, and compares them with
// those of the address that is shown.
func matches(t *testing.T, screen string, addressShown bool) {
	t.Helper()
	var address string
	var rows []string
	for line := range strings.Lines(screen) {
		line = strings.TrimRight(line, "\r\n")
		if i := strings.Index(line, "http"); i >= 0 && strings.Contains(line, "user_code=") {
			address = line[i:]
		}
		if i := strings.Index(line, "\x1b[38;5;16;48;5;231m"); i >= 0 {
			line, _, _ = strings.Cut(line[i+len("\x1b[38;5;16;48;5;231m"):], "\x1b[0m")
			rows = append(rows, line)
		}
	}
	if (address != "") != addressShown {
		t.Fatalf("got the address %q", address)
	}
	if !addressShown {
		return // what a browser would be given has not been said
	}
	code, err := qr.Encode(address, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	const quiet = 4
	if want := (code.Size + 2*quiet + 1) / 2; len(rows) != want {
		t.Fatalf("got %d lines, want %d", len(rows), want)
	}
	for y, row := range rows {
		for x, glyph := range []rune(row) {
			upper, lower := glyph == '▀' || glyph == '█', glyph == '▄' || glyph == '█'
			if upper != code.Black(x-quiet, 2*y-quiet) || lower != code.Black(x-quiet, 2*y+1-quiet) {
				t.Fatalf("the module at %d,%d is %q", x, y, glyph)
			}
		}
	}
}

// A sign-in that is killed halfway leaves nothing half-written and nobody
// waiting.
func TestLoginKilled(t *testing.T) {
	env, home := remote(t)
	cmd := program(t, env, "sso", "login", "--sso-session", "corp")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for buf := make([]byte, 512); !strings.Contains(seen.String(), "Then enter the code:"); {
		n, err := out.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %q", err, seen.String())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, out)
	cmd.Wait()
	entries, err := os.ReadDir(filepath.Join(home, ".aws", "sso", "cache"))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || filepath.Ext(entries[0].Name()) != ".json" {
		t.Errorf("got %v, want the registration alone", entries)
	}
	decide(t, env, "add", "allow", "--as", "alice", "--flow", "device")
	stdout, stderr, code := outcome(t, program(t, env, "sso", "login", "--sso-session", "corp", "--use-device-code"))
	if code != 0 || stderr != "" || !strings.Contains(stdout, "Successfully logged into") {
		t.Errorf("afterwards: got code %d, %q, %q", code, stdout, stderr)
	}
}

// Two at once: one is answered, both are signed in.
func TestTwoLoginsAtOnce(t *testing.T) {
	t.Parallel()
	env, _ := remote(t)
	first := film(t, env, roomy, "sso", "login", "--sso-session", "corp")
	first.expect("Then enter the code:")
	second := film(t, env, roomy, "sso", "login", "--sso-session", "corp")
	second.expect(fmt.Sprintf("Waiting for process %d, which signs in to corp…", first.cmd.Process.Pid))
	address := first.until("http://127.0.0.1:")
	if _, stderr, code := outcome(t, program(t, env, "local", "browse", "--as", "alice", address)); code != 0 {
		t.Fatal(stderr)
	}
	for _, s := range []*capture{first, second} {
		s.expect("Successfully logged into Start URL: https://d-1234567890.awsapps.com/start")
		if code := s.end(); code != 0 {
			t.Errorf("got exit code %d, want 0", code)
		}
	}
	if strings.Contains(second.whole(), "enter the code") {
		t.Error("the second asked for itself")
	}

	// Ctrl-C while waiting.
	first = film(t, env, roomy, "sso", "login", "--sso-session", "corp")
	first.expect("Then enter the code:")
	second = film(t, env, roomy, "sso", "login", "--sso-session", "corp")
	second.expect(fmt.Sprintf("Waiting for process %d, which signs in to corp…", first.cmd.Process.Pid))
	second.send(ctrlC)
	if code := second.end(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}
	first.send(ctrlC)
	if code := first.end(); code != 130 {
		t.Errorf("the first: got exit code %d, want 130", code)
	}
}

// The browser comes back by itself while the terminal is read for what might be
// pasted: the first key that is pressed then belongs to the next question.
func TestPasteNotNeeded(t *testing.T) {
	env, _ := remote(t)
	for _, tt := range []struct{ name, keys, chosen string }{
		{"an arrow", down + enter, "999999999999"},
		{"a letter", "m" + enter, "999999999999"},
		{"enter", enter, "111111111111"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			decide(t, env, "clear")
			decide(t, env, "add", "allow", "--as", "alice", "--flow", "pkce")
			s := film(t, env, roomy, "configure", "sso", "--no-browser", "--sso-session", "corp"+strings.ReplaceAll(tt.name, " ", "-"),
				"--sso-start-url", "https://d-1234567890.awsapps.com/start", "--sso-region", "us-east-1", "--sso-registration-scopes", "sso:account:access", "--profile", "p")
			address := s.until("http://127.0.0.1:")
			s.expect("paste its address here: ")
			resp, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			s.expect("There are 3 AWS accounts available to you.")
			s.expect("prod, aws+prod@example.com (222222222222)")
			s.send(tt.keys)
			s.expect("Using the account ID " + tt.chosen)
			s.send(ctrlC)
			s.end()
		})
	}
}
