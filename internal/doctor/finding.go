package doctor

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// Severity says how much a finding hurts.
type Severity int

// A Note hurts nobody today; a Warning hurts some tool or some day; with an Error
// something does not work.
const (
	Note Severity = iota
	Warning
	Error
)

// String is the severity in one word.
func (s Severity) String() string {
	return [...]string{"note", "warning", "error"}[s]
}

// MarshalText puts the word into JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Finding is one thing that is wrong. Its texts hold no secret.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	What     string   `json:"what"` // the cause, in one line
	Why      string   `json:"why"`  // why it hurts
	Cure     string   `json:"cure"` // the command or the edit that cures it
	Where    string   `json:"where,omitempty"`
	Fixable  bool     `json:"fixable"` // the rest cures it

	Lines   []LineEdit       `json:"-"` // before Edits, which take a file that can be read
	Edits   []awsconfig.Edit `json:"-"`
	Actions []Action         `json:"-"`
}

// A Check looks for one cause. Its texts are what docs/doctor.md says of it.
type Check struct {
	ID       string
	Family   string
	Severity Severity
	Title    string // the cause, as the docs call it
	Why      string
	Cure     string // in general; a finding has the exact one
	Fixes    bool   // --fix cures it, at least where nothing has to be decided
	find     func(f *Facts, report func(Finding))
}

// Examine runs every check, and returns the worst findings first. Ties keep the
// order of the checks.
func Examine(f *Facts) []Finding {
	var all []Finding
	seen := map[[3]string]bool{}
	for _, c := range Checks() {
		c.find(f, func(found Finding) {
			found.ID, found.Why = c.ID, cmp.Or(found.Why, c.Why)
			if found.Severity == Note {
				found.Severity = c.Severity
			}
			found.Fixable = len(found.Lines)+len(found.Edits)+len(found.Actions) > 0
			if id := [3]string{found.ID, found.What, found.Where}; !seen[id] {
				seen[id] = true
				all = append(all, found)
			}
		})
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return all
}

// Trouble counts the findings that are more than notes.
func Trouble(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if f.Severity > Note {
			n++
		}
	}
	return n
}

// Checks are all there are, by families in the order in which one reads them.
func Checks() []Check {
	return slices.Concat(readingChecks(), agreementChecks(), profileChecks(), startURLChecks(), environmentChecks(), networkChecks(), cacheChecks(), fileChecks(), toolChecks())
}

// family gives checks the name of their family.
func family(name string, checks ...Check) []Check {
	for i := range checks {
		checks[i].Family = name
	}
	return checks
}

// plural is "1 profile", "2 profiles".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
