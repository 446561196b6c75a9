package interop

import (
	"strings"
	"testing"
)

// The same device login under the four decisions that can be scripted, with
// nobody at a browser: it ends in the same way whether portico waits or the AWS
// CLI.
func TestScriptedDecisions(t *testing.T) {
	t.Parallel()
	clients := []struct {
		name string
		argv func(t *testing.T) []string
		// patience is the exit code when nobody ever answers, impatient what is said.
		patience  int
		impatient string
	}{
		{"portico", func(*testing.T) []string {
			return []string{"portico", "sso", "login", "--use-device-code", "--no-browser", "--profile", "dev"}
		}, 255, "The pending authorization to retrieve an SSO token has expired"},
		{"awscli", func(t *testing.T) []string {
			return append([]string{awsCLI(t)}, deviceLogin("--no-browser", "--profile", "dev")...)
		}, 124, ""},
	}
	tests := []struct {
		name     string
		decision []string
		// meanwhile is what happens once the client waits.
		meanwhile []string
		code      int
		want      string
	}{
		{"allow", []string{"allow", "--as", "alice"}, nil,
			0, "Successfully logged into Start URL: " + startURL},
		{"allow, after a while", []string{"allow", "--as", "alice", "--after", "3s"}, nil,
			0, "Successfully logged into Start URL: " + startURL},
		{"deny", []string{"deny", "--as", "alice"}, nil,
			254, "AccessDeniedException"},
		{"allow, after the code's end", []string{"allow", "--as", "alice", "--after", "15m"}, []string{"clock", "advance", "11m"},
			255, "expired"},
	}
	for _, client := range clients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			argv := client.argv(t)
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					c := local(t, "--proxy")
					c.profiles(t)
					c.portico(t, append([]string{"decision", "add"}, test.decision...)...)
					cmd := c.command(t, argv[0], argv[1:]...)
					var out buffer
					cmd.Stdout, cmd.Stderr = &out, &out
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					if test.meanwhile != nil {
						eventually(t, "the client to wait", func() bool { return len(c.events(t, "CreateToken")) > 0 })
						c.portico(t, test.meanwhile...)
					}
					_ = cmd.Wait()
					if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(out.String(), test.want) {
						t.Errorf("got exit %d\n%s\nwant exit %d and %q", code, out.String(), test.code, test.want)
					}
				})
			}
			// The service goes on waiting past the end of the code, so it is patience
			// that ends: portico's own, and for the AWS CLI, which has none, that of
			// whoever started it.
			t.Run("never", func(t *testing.T) {
				t.Parallel()
				c := local(t, "--proxy", "--lifetime", "device-code=3s")
				c.profiles(t)
				c.portico(t, "decision", "add", "never")
				r := c.run(t, "timeout", append([]string{"20"}, argv...)...)
				if r.code != client.patience || !strings.Contains(r.String(), client.impatient) {
					t.Errorf("got %v, want exit %d and %q", r, client.patience, client.impatient)
				}
				polls := c.events(t, "CreateToken")
				if len(polls) < 3 {
					t.Errorf("it polled %d times", len(polls))
				}
				for _, e := range polls {
					if e.ErrorCode != "AuthorizationPendingException" {
						t.Errorf("a poll was answered with %q", e.ErrorCode)
					}
				}
			})
		})
	}
}
