package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// However long a chain of roles is, what is assumed at its end is known for the
// session's at its beginning, to be sealed and written off with it. A circle has
// none.
func TestChainsLeadToTheirSession(t *testing.T) {
	var config strings.Builder
	config.WriteString("[sso-session corp]\n[profile role0]\nsso_session = corp\n")
	const roles = 30
	for i := range roles {
		fmt.Fprintf(&config, "[profile role%d]\nrole_arn = arn:aws:iam::111111111111:role/r%d\nsource_profile = role%d\n", i+1, i+1, i)
	}
	config.WriteString("[profile circle]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = back\n[profile back]\nrole_arn = arn:aws:iam::111111111111:role/b\nsource_profile = circle\n")
	doc, err := awsconfig.Parse("config", []byte(config.String()))
	if err != nil {
		t.Fatal(err)
	}
	c := awsconfig.NewConfig(doc, nil)
	for profile, want := range map[string]string{"role0": wallet.TokenKey("corp", ""), fmt.Sprint("role", roles): wallet.TokenKey("corp", ""), "circle": ""} {
		s := &setup{settings: awsconfig.ResolveLoose(c, awsconfig.Flags{Profile: profile}, func(string) (string, bool) { return "", false })}
		if got := s.sealedWith(); got != want {
			t.Errorf("%s is sealed with %q, want %q", profile, got, want)
		}
		if got := tokenKeyOf(c, profile); got != want {
			t.Errorf("%s is written off with %q, want %q", profile, got, want)
		}
	}
}
