package cli_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
)

func in(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }

// What a profile's credentials come to, by what is in the caches.
func TestTokensAndCredentials(t *testing.T) {
	t.Parallel()
	signedIn := signedIn(t)
	const (
		expired   = "[ERROR]: Error when retrieving token from sso: Token has expired and refresh failed\n"
		ended     = "[ERROR]: The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run portico sso login with the corresponding profile.\n"
		invalid   = "[ERROR]: Error loading SSO Token: Token for " + legacyURL + " is invalid\n"
		missing   = "[ERROR]: Error loading SSO Token: Token for corp does not exist\n"
		signIn    = "Sign in with: portico sso login --sso-session corp\n"
		corrupted = "[WARNING]: cache file "
	)
	edited := func(file string, changes map[string]any) func(person) {
		return func(p person) { p.edit(file, changes) }
	}
	put := func(file, content string) func(person) { return func(p person) { p.put(file, content) } }
	drop := func(file string) func(person) {
		return func(p person) {
			if err := os.Remove(p.path(file)); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	// role is a cached entry of corp's role that could not come from the service.
	role := func(expires string) func(person) {
		return put(corpRole, `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "CACHED", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "`+expires+`"}}`)
	}
	noRole, noLegacyRole := drop(corpRole), drop(legacyRole)
	type events struct{ refreshed, fetched int }
	for _, c := range []struct {
		name    string
		profile string // "" means dev
		given   []func(person)
		env     []string
		fault   idctest.Fault
		events  events
		code    int
		stderr  []string
		cached  bool // the entry made by role is what comes
	}{
		{name: "a good token", given: []func(person){noRole}, events: events{0, 1}},
		{name: "a good token, legacy", profile: "old", given: []func(person){noLegacyRole}, events: events{0, 1}},
		{name: "16 minutes left", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(16 * time.Minute)})}, events: events{0, 1}},
		{name: "14 minutes left", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(14 * time.Minute)})}, events: events{1, 1}},
		{name: "expired", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour)})}, events: events{1, 1}},
		{name: "expired, minimal", given: []func(person){noRole, put(corpToken, `{"accessToken": "a", "expiresAt": "2020-01-01T00:00:00Z"}`)}, code: 255, stderr: []string{expired, signIn}},
		{name: "expired, and the registration too", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour), "registrationExpiresAt": in(-time.Minute)})}, code: 255, stderr: []string{expired, signIn}},
		{name: "expired, a registration without a date", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour), "registrationExpiresAt": "soon"})}, code: 255, stderr: []string{expired}},
		{name: "expired, no client", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour), "clientId": nil})}, code: 255, stderr: []string{expired}},
		{name: "expired, no secret", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour), "clientSecret": nil})}, code: 255, stderr: []string{expired}},
		{name: "expired, a refresh that is refused", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(-time.Hour), "refreshToken": "unknown"})}, events: events{1, 0}, code: 255, stderr: []string{expired, signIn}},
		{name: "14 minutes left, a refresh that is refused", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(14 * time.Minute), "refreshToken": "unknown"})}, events: events{1, 1}},
		{name: "14 minutes left, nothing to refresh with", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(14 * time.Minute), "refreshToken": nil})}, events: events{0, 1}},
		{name: "14 minutes left, no service", env: []string{"AWS_ENDPOINT_URL_SSO_OIDC=http://127.0.0.1:1"}, given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": in(14 * time.Minute)})}, events: events{0, 1}},
		{name: "a token the service has ended", given: []func(person){noRole, edited(corpToken, map[string]any{"accessToken": "unknown", "refreshToken": nil})}, events: events{0, 1}, code: 255, stderr: []string{ended, signIn}},
		{name: "expired, legacy", profile: "old", given: []func(person){noLegacyRole, edited(legacyToken, map[string]any{"expiresAt": in(-time.Second)})}, code: 255, stderr: []string{ended, "Sign in with: portico sso login --profile old\n"}},
		{name: "a minute left, legacy", profile: "old", given: []func(person){noLegacyRole, edited(legacyToken, map[string]any{"expiresAt": in(time.Minute)})}, events: events{0, 1}},
		{name: "expired, legacy, with a refresh token", profile: "old", given: []func(person){noLegacyRole, func(p person) {
			p.edit(legacyToken, map[string]any{"expiresAt": in(-time.Second), "refreshToken": "r", "registrationExpiresAt": in(time.Hour)})
		}}, code: 255, stderr: []string{ended}},
		{name: "ended by the service, legacy", profile: "old", given: []func(person){noLegacyRole, edited(legacyToken, map[string]any{"accessToken": "unknown"})}, events: events{0, 1}, code: 255, stderr: []string{ended}},
		{name: "no token", given: []func(person){noRole, drop(corpToken)}, code: 255, stderr: []string{missing, signIn}},
		{name: "no token, legacy", profile: "old", given: []func(person){noLegacyRole, drop(legacyToken)}, code: 255, stderr: []string{"Token for " + legacyURL + " does not exist"}},
		{name: "no expiresAt", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": nil})}, code: 255, stderr: []string{corrupted, invalid, signIn}},
		{name: "no accessToken", given: []func(person){noRole, edited(corpToken, map[string]any{"accessToken": nil})}, code: 255, stderr: []string{corrupted, invalid, signIn}},
		{name: "half a token file", given: []func(person){noRole, put(corpToken, `{"accessToken": "a`)}, code: 255, stderr: []string{corrupted, invalid, signIn}},
		{name: "a token file with a BOM", given: []func(person){noRole, put(corpToken, "\ufeff{}")}, code: 255, stderr: []string{corrupted, invalid, signIn}},
		{name: "a token file that is an array", given: []func(person){noRole, put(corpToken, "[]")}, code: 255, stderr: []string{corrupted, invalid, signIn}},
		{name: "a directory where the token should be", given: []func(person){noRole, drop(corpToken), put(corpToken+"/x", "")}, code: 255, stderr: []string{"directory"}},
		{name: "the AWS CLI's UTC", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": strings.Replace(in(time.Hour), "Z", "UTC", 1)})}, events: events{0, 1}},
		{name: "an offset", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": time.Now().Add(time.Hour).In(time.FixedZone("", 3*3600)).Format(time.RFC3339)})}, events: events{0, 1}},
		{name: "an offset, expired", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": time.Now().Add(-time.Hour).In(time.FixedZone("", 3*3600)).Format(time.RFC3339)})}, events: events{1, 1}},
		{name: "a fraction", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": strings.Replace(in(time.Hour), "Z", ".123456Z", 1)})}, events: events{0, 1}},
		{name: "no zone", given: []func(person){noRole, edited(corpToken, map[string]any{"expiresAt": strings.Replace(in(time.Hour), "Z", "", 1)})}, events: events{0, 1}},

		{name: "a cached role and no token", given: []func(person){role(in(16 * time.Minute)), drop(corpToken)}, cached: true},
		{name: "a cached role and no service", env: []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, given: []func(person){role(in(16 * time.Minute))}, cached: true},
		{name: "a cached role near its end", given: []func(person){role(in(14 * time.Minute))}, events: events{0, 1}},
		{name: "a cached role near its end, no token", given: []func(person){role(in(14 * time.Minute)), drop(corpToken)}, code: 255, stderr: []string{missing}},
		{name: "a cached role near its end, no service", fault: idctest.Fault{Op: "GetRoleCredentials", Status: 503}, given: []func(person){role(in(14 * time.Minute))}, events: events{0, 3}, cached: true, stderr: []string{"[WARNING]: using cached credentials that expire in 1"}},
		{name: "a cached role that has expired", given: []func(person){role(in(-time.Minute))}, events: events{0, 1}},
		{name: "a cached role, UTC", given: []func(person){role(strings.Replace(in(time.Hour), "Z", "UTC", 1))}, cached: true},
		{name: "a cached role, an offset", given: []func(person){role(strings.Replace(in(time.Hour), "Z", "+00:00", 1))}, cached: true},
		{name: "a cached role, no date", given: []func(person){role("soon")}, events: events{0, 1}, stderr: []string{corrupted}},
		{name: "half a role file", given: []func(person){put(corpRole, `{"Prov`)}, events: events{0, 1}, stderr: []string{corrupted}},
		{name: "a role file with a BOM", given: []func(person){put(corpRole, "\ufeff{}")}, events: events{0, 1}, stderr: []string{corrupted}},
		{name: "a role file that is an array", given: []func(person){put(corpRole, "[1]")}, events: events{0, 1}, stderr: []string{corrupted}},
		{name: "a role file without credentials", given: []func(person){put(corpRole, `{"ProviderType": "sso"}`)}, events: events{0, 1}, stderr: []string{corrupted}},
		{name: "an empty role file", given: []func(person){put(corpRole, "")}, events: events{0, 1}, stderr: []string{corrupted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := signedIn.copy(t)
			p.env = c.env
			for _, do := range c.given {
				do(p)
			}
			if c.fault.Op != "" {
				fault, err := p.ic.Inject(t.Context(), c.fault)
				if err != nil {
					t.Fatal(err)
				}
				defer fault.Remove()
			}
			profile := c.profile
			if profile == "" {
				profile = "dev"
			}
			before := lastEvent(t.Context(), t, p.ic)
			stdout, stderr, code := p.run("configure", "export-credentials", "--profile", profile)
			if code != c.code {
				t.Errorf("got code %d, want %d: %s", code, c.code, stderr)
			}
			if code == 0 && strings.Contains(stdout, `"CACHED"`) != c.cached {
				t.Errorf("got\n%s\nwant the cached: %v", stdout, c.cached)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr: got\n%s\nwant\n%s", stderr, want)
				}
			}
			if strings.Count(stderr, corrupted) > 1 {
				t.Errorf("stderr: got\n%s\nwant each warning once", stderr)
			}
			if len(c.stderr) == 0 && stderr != "" {
				t.Errorf("stderr: got\n%s", stderr)
			}
			if n := strings.Count(stderr, corrupted); n > 1 {
				t.Errorf("the same is told %d times:\n%s", n, stderr)
			}
			got := events{calls(t.Context(), t, p.ic, "CreateToken", before), calls(t.Context(), t, p.ic, "GetRoleCredentials", before)}
			if got != c.events {
				t.Errorf("got %+v, want %+v", got, c.events)
			}
		})
	}
}

// What others keep in a token file survives a refresh and a new login; files that
// the Go SDK and boto3 wrote are as good as the AWS CLI's.
func TestTokenFilesOfOthers(t *testing.T) {
	t.Parallel()
	signedIn := signedIn(t)
	for _, c := range []struct {
		name  string
		write func(token map[string]any) ([]byte, error)
	}{
		{"Go", func(token map[string]any) ([]byte, error) {
			data, err := json.Marshal(token) // compact, sorted
			return append(data, '\n'), err
		}},
		{"boto3", func(token map[string]any) ([]byte, error) { return json.MarshalIndent(token, "", "  ") }},
	} {
		for _, command := range [][]string{{"credential-process", "--profile", "dev"}, {"sso", "login", "--sso-session", "corp"}} {
			t.Run(c.name+" "+command[0], func(t *testing.T) {
				p := signedIn.copy(t)
				p.edit(corpToken, map[string]any{"expiresAt": in(-time.Hour), "zeta": map[string]any{"a": 1}, "receivedAt": "2026-01-01T00:00:00Z"})
				token := p.token(corpToken)
				data, err := c.write(token)
				if err != nil {
					t.Fatal(err)
				}
				p.put(corpToken, string(data))
				if err := os.Remove(p.path(corpRole)); err != nil {
					t.Fatal(err)
				}
				p.must(command...)
				fresh := p.token(corpToken)
				if fresh["accessToken"] == token["accessToken"] || fresh["receivedAt"] != token["receivedAt"] || fresh["zeta"].(map[string]any)["a"] != 1.0 {
					t.Errorf("got %v, want another token and what else there was", fresh)
				}
			})
		}
	}
}

// A registration that cannot be read costs a warning and a new one.
func TestCorruptRegistration(t *testing.T) {
	t.Parallel()
	signedIn := signedIn(t)
	for _, content := range []string{`{"clientId"`, "[1]", "\ufeff{}", "", `{"clientId": "c"}`} {
		p := signedIn.copy(t)
		entries, err := os.ReadDir(p.path("sso/cache"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			name := "sso/cache/" + e.Name()
			if p.token(name)["accessToken"] == nil {
				p.put(name, content)
				n++
			}
		}
		_, stderr, code := p.run("sso", "login", "--sso-session", "corp")
		if code != 0 || n != 3 || !strings.Contains(stderr, "[WARNING]: cache file ") || !strings.Contains(stderr, "registering anew") {
			t.Errorf("%q in %d files: got code %d and %s", content, n, code, stderr)
		}
	}
}
