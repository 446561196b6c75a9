package cli

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// chainVariable carries, from one credential_process to the next, the profiles
// that are being resolved: "a,b" says that resolving a started us for b. The AWS
// CLI reads and writes it too.
const chainVariable = "_AWS_CLI_PROFILE_CHAIN"

// maxChain is how many may be under way already.
const maxChain = 4

// enterChain refuses to resolve a profile that is being resolved already, and
// chains that are longer than anybody means. What is started from here on finds
// the profile in its environment.
func (s *setup) enterChain() error {
	var seen []string
	if text, _ := s.lookup(chainVariable); text != "" {
		r := csv.NewReader(strings.NewReader(text))
		r.LazyQuotes = true
		seen, _ = r.Read()
	}
	name := s.settings.ProfileName
	if slices.Contains(seen, name) {
		return &configError{Kind: "Configuration",
			Problem: "Credential process resolution detected an infinite loop, profile cycle: " + strings.Join(append(seen, name), " -> "),
			Hint:    fmt.Sprintf("The credential_process of a profile must not ask for the credentials of that profile; see credential_process of %s.", seen[len(seen)-1])}
	}
	if len(seen) >= maxChain {
		return &configError{Kind: "Configuration",
			Problem: fmt.Sprintf("Maximum recursive credential process resolution reached (%d).\nProfiles seen: %s", maxChain, strings.Join(seen, " -> ")),
			Hint:    "Let the first of these profiles take its credentials from the last one's source."}
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	if err := w.Write(append(seen, name)); err != nil {
		return err
	}
	w.Flush()
	s.chain = strings.TrimSuffix(text.String(), "\n")
	return nil
}
