package doctor

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what docs/doctor.md says of the checks")

const page = "../../docs/doctor.md"

// docs/doctor.md has every check, in the words that a finding has.
func TestDocs(t *testing.T) {
	const mark = "<!-- Written by the test of internal/doctor, with -update. -->\n"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(data), mark)
	if !ok {
		t.Fatalf("%s has no mark", page)
	}
	var b strings.Builder
	b.WriteString(before + mark)
	family := ""
	for _, c := range Checks() {
		if c.Family != family {
			family = c.Family
			fmt.Fprintf(&b, "\n### %s\n", family)
		}
		fix := ""
		if c.Fixes {
			fix = " `--fix` does it."
		}
		fmt.Fprintf(&b, "\n#### %s\n\n%s (%s). %s\n\nCure: %s%s\n", c.ID, c.Title, c.Severity, strings.ReplaceAll(c.Why, "[", `\[`), stop(c.Cure), fix)
	}
	want := b.String()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Errorf("%s is not what the checks say; to write it: go test ./internal/doctor -run TestDocs -update", page)
	}
}

func stop(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// Ids are what people search for: each is there once, and a fault is planted for it.
func TestChecks(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if c.ID == "" || seen[c.ID] || c.Title == "" || c.Why == "" || c.Cure == "" || c.find == nil {
			t.Errorf("%q: without a text, or twice", c.ID)
		}
		seen[c.ID] = true
		if !slices.ContainsFunc(faults, func(p planted) bool { return p.want == c.ID }) {
			t.Errorf("%s: no fault is planted for it", c.ID)
		}
		if c.Fixes && !slices.ContainsFunc(faults, func(p planted) bool { return p.want == c.ID && !p.remains }) {
			t.Errorf("%s: claims that --fix cures it, and no test sees it", c.ID)
		}
	}
	for _, p := range faults {
		if !seen[p.want] {
			t.Errorf("%s: there is no check %s", p.name, p.want)
		}
	}
}

// What guides to AWS SSO tell their readers to look out for, in their words, and what
// people have complained of most: for each a fault is planted.
func TestSymptomsOfGuides(t *testing.T) {
	for _, symptom := range []string{
		"Missing sso_start_url, sso_region", "Token is expired", "SSL certificate verification failed", "aws: command not found", "SSO authorization page failed to open",
		"Invalid grant", "Unable to locate credentials", "Browser doesn't open", "The SSO session associated with this profile has expired or is invalid",
		"AWS CLI version 2.x", "Legacy SSO configuration (CLI v2.0-2.8)", "< v2.22.0", "Never commit credentials",
		"Access denied", "wrong account/role selected", "pain 3", "pains 5 and 7", "pain 10", "pain 11", "pain 12", "pain 13", "pain 18", "pain 21", "pain 29", "pain 39",
	} {
		if !slices.ContainsFunc(faults, func(p planted) bool { return strings.Contains(p.symptom, symptom) }) {
			t.Errorf("no fault is planted for %q", symptom)
		}
	}
}
