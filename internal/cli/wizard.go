package cli

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// A wizard asks the questions of the configure commands. A question whose flag
// was given is not asked. When Auto is set nothing is asked: a question takes
// its default, and one that has none is an error that names its flag.
type wizard struct {
	Terminal *terminal.Terminal
	Auto     bool
	Given    func(flag string) *string // what a flag says, nil when it was not given
	Config   *awsconfig.Config         // where completions come from
	Resolve  func(ctx context.Context, startURL string) (signin.Resolved, error)
	Warn     func(problem string)
}

// A question is one prompt.
type question struct {
	Flag string // that answers it, such as sso-region

	Text     string // the prompt, without default and colon
	Current  string // what Enter takes
	Bare     bool   // show no default
	Optional bool   // nothing is an answer
	Validate func(string) error

	Complete []terminal.Completion
	List     bool // each item of the answer is completed
	Toolbar  func(answer string) (title, text string)
}

func (w *wizard) ask(ctx context.Context, q question) (string, error) {
	check := func(answer string) error {
		if strings.TrimSpace(answer) == "" {
			if q.Current != "" || q.Optional {
				return nil
			}
			if q.Validate == nil {
				return errRequired
			}
		}
		if q.Validate == nil {
			return nil
		}
		return q.Validate(answer)
	}
	if given := w.Given(q.Flag); given != nil {
		if err := check(*given); err != nil {
			return "", &usageError{Problem: "--" + q.Flag + ": " + err.Error()}
		}
		return orElse(strings.TrimSpace(*given), q.Current), nil
	}
	if w.Auto {
		if q.Current == "" && !q.Optional {
			return "", &usageError{Problem: "the following arguments are required: --" + q.Flag}
		}
		return q.Current, nil
	}
	prompt := q.Text
	if !q.Bare {
		prompt += " [" + orElse(q.Current, "None") + "]"
	}
	answer, err := w.Terminal.Ask(ctx, terminal.Question{Prompt: terminal.Clean(prompt) + ": ", Validate: check,
		Completions: q.Complete, List: q.List, Toolbar: q.Toolbar})
	if err != nil {
		return "", err
	}
	return orElse(strings.TrimSpace(answer), q.Current), nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

const (
	errRequired = words("A value is required")
	errStartURL = words("Not a valid Start URL")
	errRegion   = words("not a region; regions look like eu-west-1")
	errScopes   = words("Scope values must be separated by commas")
)

// hostName is a dotted name of letters, digits and hyphens, with a port or not.
var hostName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]{1,5})?$`)
})

func validStartURL(answer string) error {
	u, err := url.Parse(answer)
	if err != nil || !hostName().MatchString(u.Host) || u.User != nil || strings.ContainsAny(answer, " \t\r\n\x00") || len(answer) > 2048 {
		return errStartURL
	}
	return nil
}

func validRegion(answer string) error {
	r := strings.TrimSpace(answer)
	if r == "" {
		return errRequired
	}
	if !awsconfig.ValidRegion(r) {
		return errRegion
	}
	return nil
}

// validClientRegion lets a person leave the region of their commands unset, or
// give one that only their own endpoints know.
func validClientRegion(answer string) error {
	r := strings.TrimSpace(answer)
	if r == "" {
		return nil
	}
	if awsconfig.CheckRegion(r) != nil {
		return errRegion
	}
	return nil
}

// validScopes accepts a comma list; a blank inside an item means the commas
// were forgotten.
func validScopes(answer string) error {
	for item := range strings.SplitSeq(answer, ",") {
		if strings.ContainsAny(strings.TrimSpace(item), " \t") {
			return errScopes
		}
	}
	return nil
}

// outputFormats are what the output setting may be, for all AWS tools.
var outputFormats = []string{"json", "text", "table", "yaml", "yaml-stream", "off"}
