package cli

import (
	"bytes"
	"strings"
	"testing"
)

// A name with a line end would be a command of its own to whoever runs the list line
// by line.
func TestPlanOfHostileNames(t *testing.T) {
	t.Parallel()
	hostile := place{Account: "111111111111", Role: "A\ntouch evil\n#", Session: "corp"}
	for _, form := range []string{planShell, planNUL, planJSON} {
		var out bytes.Buffer
		e := &each{App: &App{Name: "portico", Stdout: &out}, Argv: []string{"true"}, Plan: form}
		err := e.plan([]place{{Account: "222222222222", Role: "$(touch evil)"}, hostile})
		if (err != nil) != (form == planShell) {
			t.Errorf("%s: got %v", form, err)
		}
		if form == planShell && out.Len() > 0 {
			t.Errorf("%s: printed %q", form, out.String())
		}
		if form == planJSON && strings.Count(out.String(), "\n") != 2 {
			t.Errorf("%s: got %d lines, want 2", form, strings.Count(out.String(), "\n"))
		}
	}
}
