package awsconfig_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/config"
	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/awsconfig"
)

type checker interface {
	Context() context.Context
	Fatalf(format string, args ...any)
}

// TestSDKReadsOnlyWhatWasMeant writes profiles under names nobody chose with
// care and lets the AWS SDK for Go read them.
func TestSDKReadsOnlyWhatWasMeant(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	const before = "[profile victim]\nregion = us-east-1\n\n"
	check := func(t checker, name, value string) {
		d, err := awsconfig.Parse(path, []byte(before))
		if err != nil {
			t.Fatalf("%v", err)
		}
		err = d.Edit(awsconfig.Section{Kind: awsconfig.KindProfile, Name: name}, []awsconfig.KeyValue{
			awsconfig.Set("sso_account_id", "666666666666"), awsconfig.Set("output", value),
		})
		if err != nil || name == "victim" {
			return
		}
		if err := os.WriteFile(path, d.Bytes(), 0o600); err != nil {
			t.Fatalf("%v", err)
		}
		load := func(profile string) (sdk.SharedConfig, error) {
			return sdk.LoadSharedConfigProfile(t.Context(), profile, func(o *sdk.LoadSharedConfigOptions) {
				o.ConfigFiles = []string{path}
				o.CredentialsFiles = []string{filepath.Join(dir, "none")}
			})
		}
		victim, err := load("victim")
		if err != nil || victim.SSOAccountID != "" || victim.CredentialProcess != "" || victim.Region != "us-east-1" {
			t.Fatalf("after writing %q: got account %q, process %q, region %q, %v for another profile, want it as it was",
				name, victim.SSOAccountID, victim.CredentialProcess, victim.Region, err)
		}
		if awsconfig.NameProblem(name) != "" {
			return
		}
		mine, err := load(name)
		if err != nil || mine.SSOAccountID != "666666666666" || mine.CredentialProcess != "" {
			t.Fatalf("profile %q: got account %q, process %q, %v, want what was written", name, mine.SSOAccountID, mine.CredentialProcess, err)
		}
	}
	for _, name := range []string{
		"dev", "a b", "a#b", "a;b", "#", ";x", "a]", "x]\ncredential_process = evil", "[x", "a=b", "a:b", `a\`, "'", `"`, "a\u2028b", "é", "DEFAULT", "default", "profile", "sso-session x", "\t",
	} {
		check(t, name, "json")
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z #;=:'"\\\[\]\t/.@-]{1,12}`)).Draw(t, "name")
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"[profile victim]", "credential_process = evil", "# x"})).Draw(t, "value")
		check(t, name, value)
	})
}
