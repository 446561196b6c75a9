package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a shell would do something with is not offered: bash puts what several
// candidates begin with on the line as it is.
func TestCandidatesAreHarmless(t *testing.T) {
	t.Parallel()
	candidates := []string{"dev", "with blank", "a:b=c/d@e", "é", "111111111111\tname",
		"$(touch x)", "`x`", "a;b", "a&b", "a|b", "a>b", "it's", `q"q`, `a\\b`, "a*", "~root", "a\nb", "a\x1b[31mb", "#a", "{a,b}"}
	if got, want := beginning(slices.Clone(candidates), ""), candidates[:5]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := beginning(slices.Clone(candidates), "w"), []string{"with blank"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A person waits at each Tab, and at each prompt.
func BenchmarkCompleteAndPrompt10000(b *testing.B) {
	home := b.TempDir()
	var text strings.Builder
	text.WriteString("[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\n")
	for i := range 10000 {
		fmt.Fprintf(&text, "[profile account-%d-ReadOnly]\nsso_session = acme\nsso_account_id = %012d\nsso_role_name = ReadOnly\nregion = eu-west-1\n\n", i, i)
	}
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, args := range [][]string{{"__complete", "use", ""}, {"__complete", "exec", "--profile", "account-99"}, {"prompt"}} {
		b.Run(strings.Join(args, " "), func(b *testing.B) {
			for b.Loop() {
				var out, problems strings.Builder
				a := App{Name: "portico", Stdout: &out, Stderr: &problems, Home: home, Env: []string{"HOME=" + home, "AWS_PROFILE=account-9999-ReadOnly"}}
				if code := a.Run(b.Context(), args); code != 0 || out.Len() == 0 {
					b.Fatalf("got code %d\n%s", code, problems.String())
				}
			}
		})
	}
}
