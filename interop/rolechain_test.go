package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// chainProfiles are deploy, by way of build and dev, and the same from a profile
// without a session: older botocores look for the token of a source's session under
// the wrong profile. The entries in the cache are the same, whatever the source.
func chainProfiles() string {
	var b strings.Builder
	for _, way := range []struct{ suffix, source string }{{"", "dev"}, {"-old", "old"}} {
		fmt.Fprintf(&b, `
[profile build%[1]s]
role_arn = arn:aws:iam::111111111111:role/build
source_profile = %[2]s
region = us-east-1

[profile deploy%[1]s]
role_arn = arn:aws:iam::222222222222:role/ci/deploy
source_profile = build%[1]s
external_id = partner-7
duration_seconds = 1800
role_session_name = ci-run
region = us-east-1
`, way.suffix, way.source)
	}
	return b.String()
}

// Everybody goes up the same chain of roles, from Identity Center to a role of a
// role. What portico has kept for the AWS CLI, that needs not ask STS for, and the
// other way round; SDKs keep nothing.
func TestRoleChain(t *testing.T) {
	t.Parallel()
	awsCLI(t)
	c := local(t, "--proxy", "--as", "alice", "--org", "testdata/chain.yaml")
	c.profiles(t)
	config, err := os.ReadFile(c.home(".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.home(".aws", "config"), string(config)+chainProfiles())
	for _, profile := range []string{"dev", "old"} {
		c.must(t, "portico", "sso", "login", "--profile", profile, "--use-device-code")
	}

	clients := map[string]client{}
	for _, client := range c.clients(t) {
		clients[client.name] = client
	}
	for _, turn := range []struct {
		name, profile string
		asks          int // calls of AssumeRole
	}{
		{"portico", "deploy", 2}, {"awscli", "deploy", 0}, {"portico", "deploy-old", 0},
		{"forget", "", 0}, {"awscli", "deploy-old", 2}, {"portico", "deploy", 0},
		{"debian-boto3", "deploy-old", 2}, {"boto3", "deploy", 2}, {"go", "deploy", 2}, {"node", "deploy", 2},
	} {
		if turn.name == "forget" {
			c.forget(t)
			continue
		}
		client, there := clients[turn.name]
		if !there {
			continue // TestSignIn says who is missing
		}
		before := len(c.events(t, "AssumeRole"))
		if account, ok := client.account(t, turn.profile); !ok || account != "222222222222" {
			t.Errorf("%s got account %q", turn.name, account)
		}
		if asked := len(c.events(t, "AssumeRole")) - before; asked != turn.asks {
			t.Errorf("%s asked STS %d times, want %d", turn.name, asked, turn.asks)
		}
	}
	for _, e := range c.events(t, "AssumeRole") {
		if e.ErrorCode != "" {
			t.Errorf("a call of %s ended in %s", e.UserAgent, e.ErrorCode)
		}
		if arn := e.RequestParameters["roleArn"]; strings.HasSuffix(arn.(string), "/deploy") &&
			(e.RequestParameters["externalId"] != "partner-7" || e.RequestParameters["durationSeconds"] != "1800" || e.RequestParameters["roleSessionName"] != "ci-run") {
			t.Errorf("%s asked for %v", e.UserAgent, e.RequestParameters)
		}
	}
}
