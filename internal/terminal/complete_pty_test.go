//go:build unix

package terminal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

func TestTab(t *testing.T) {
	regions := []string{"eu-central-1", "eu-west-1", "eu-west-2", "us-east-1"}
	p := sitDown(t, 40, 12)
	answer := p.asked(Question{Prompt: "Region: ", Completions: Completions(regions...)})
	p.sees("Region:")
	p.types("x\t")
	p.seesOnly("Region: x")
	p.types("\x7fEU-W\t")
	p.seesOnly("Region: eu-west-")
	p.types("\t")
	p.seesOnly("Region: eu-west-\n  eu-west-1   eu-west-2")
	p.types("\t")
	p.seesOnly("Region: eu-west-1\n> eu-west-1   eu-west-2")
	p.types("\x1b[Z")
	p.seesOnly("Region: eu-west-2\n  eu-west-1 > eu-west-2")
	p.types("\x15\t")
	p.seesOnly("Region:\n  eu-central-1   eu-west-1\n  eu-west-2      us-east-1")
	p.types("us\t\r")
	p.answers(answer, "us-east-1", nil)
	p.seesOnly("Region: us-east-1")
}

// The list finds room at the bottom of the screen, and is gone afterwards.
func TestTabAtTheBottom(t *testing.T) {
	p := sitDown(t, 24, 4)
	fmt.Fprint(p.slave, "1\n2\n3\n")
	answer := p.asked(Question{Prompt: "? ", Completions: Completions("alpha", "beta", "gamma", "delta", "epsilon")})
	p.sees("?")
	p.types("\t")
	p.seesOnly("?\n  alpha     beta\n  gamma     delta\n  epsilon")
	p.types("\t\x1b[D!")
	p.seesOnly("? alph!a")
	p.types("\r")
	p.answers(answer, "alph!a", nil)
}

func TestToolbar(t *testing.T) {
	p := sitDown(t, 30, 8)
	fmt.Fprint(p.slave, "1\n2\n3\n4\n")
	answer := p.asked(Question{Prompt: "Name: ", Toolbar: func(answer string) (string, string) {
		if answer != "corp" {
			return "", ""
		}
		return "Session: corp", "{\n  \"region\": \"eu-west-1\"\n}"
	}})
	p.sees("Name:")
	p.types("cor")
	p.seesOnly("1\n2\n3\n4\nName: cor")
	p.types("p")
	shown := "4\nName: corp\n" + strings.Repeat("─", 30) + "\nSession: corp\n\n{\n  \"region\": \"eu-west-1\"\n}"
	p.seesOnly(shown)
	p.types("x")
	p.seesOnly("4\nName: corpx")
	p.types("\x7f")
	p.seesOnly(shown)
	if got, want := p.screen.Styled(func(s screen.Style) bool { return s.Bold }), "Session: corp"; got != want {
		t.Errorf("in bold: got %q, want %q", got, want)
	}
	p.types("\x1b[D") // moving changes nothing
	p.types("\r")
	p.answers(answer, "corp", nil)
	p.seesOnly("4\nName: corp")
}
