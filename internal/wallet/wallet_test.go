package wallet

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The keys below were read off the AWS CLI.
func TestKeys(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"session", TokenKey("corp", "ignored"), "ee0bfd2552fbd840c02cc48b6e823320543c450f"},
		{"session with a space", TokenKey("my sso", ""), "b3902c2d49b36c95af74dedb0f77c5828749e230"},
		{"legacy", TokenKey("", "https://d-1234567890.awsapps.com/start"), "7487b5b67d5fa1132cf33fa93ae51ef38cc37752"},
		{"legacy registration", RegistrationKey{Region: "us-east-1", StartURL: "https://d-1234567890.awsapps.com/start"}.name(), "365414a68be7c9bfc776c660981dbdbd942acea4"},
		{"registration with scopes", RegistrationKey{Region: "us-east-1", StartURL: "https://d-1234567890.awsapps.com/start", Session: "my sso", Scopes: []string{"sso:account:access", "codewhisperer:completions"}}.name(), "54839bc2457433e249c3f42a97bb9ea1cc724dc4"},
		{"role", RoleKey{AccountID: "111122223333", RoleName: "admin", Session: "corp"}.Name(), "577e5d1ddf23df61cdbae84ca0c1f99dae371d15"},
		{"legacy role", RoleKey{AccountID: "111122223333", RoleName: "admin", StartURL: "https://d-1234567890.awsapps.com/start"}.Name(), "691579297d219587cfc81c13ade78080a2f17811"},
		{"role with odd characters", RoleKey{AccountID: "000011112222", RoleName: "Admin Role+x/é&", Session: "corp"}.Name(), "263767cc650986e118414dacfd2b5e0bd0c2a218"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %s, want %s", tt.got, tt.want)
			}
		})
	}
}

func TestQuoteIsPythons(t *testing.T) {
	tests := map[string]string{
		"plain":          `"plain"`,
		"a\"b\\c":        `"a\"b\\c"`,
		"é<>&/":          `"\u00e9<>&/"`,
		"😀":              `"\ud83d\ude00"`,
		"\n\r\t\b\f\x01": `"\n\r\t\b\f\u0001"`,
		"\x7f":           `"\u007f"`,
	}
	for in, want := range tests {
		if got := quote(in); got != want {
			t.Errorf("quote(%q): got %s, want %s", in, got, want)
		}
	}
}

func testToken() Token {
	return Token{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		AccessToken: "access", ExpiresAt: time.Date(2026, 11, 21, 13, 33, 30, 0, time.UTC),
		ClientID: "client", ClientSecret: "secret", RegistrationExpiresAt: time.Date(2027, 2, 19, 0, 0, 0, 0, time.UTC),
		RefreshToken: "refresh",
	}
}

func TestTokenFileIsTheAWSCLIs(t *testing.T) {
	w := &Wallet{Home: t.TempDir()}
	key := TokenKey("corp", "")
	if err := w.PutToken(key, testToken()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Home, ".aws", "sso", "cache", key+".json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "us-east-1", "accessToken": "access", "expiresAt": "2026-11-21T13:33:30Z", "clientId": "client", "clientSecret": "secret", "registrationExpiresAt": "2027-02-19T00:00:00Z", "refreshToken": "refresh"}`
	if got := string(data); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if runtime.GOOS != "windows" {
		for p, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
			if fi, err := os.Stat(p); err != nil || fi.Mode() != mode {
				t.Errorf("%s: got mode %v (%v), want %v", p, fi.Mode(), err, mode)
			}
		}
	}
	got, err := w.Token(key)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(testToken(), got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
}

func TestUnknownKeysOfATokenSurvive(t *testing.T) {
	w := &Wallet{Home: t.TempDir()}
	dir := filepath.Join(w.Home, ".aws", "sso", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "k.json")
	if err := os.WriteFile(path, []byte(`{"zeta": {"a": [1, 2.50]}, "accessToken": "old", "expiresAt": "2026-01-01T00:00:00Z", "refreshToken": "gone", "alpha": null}`), 0o644); err != nil {
		t.Fatal(err)
	}
	tok := testToken()
	tok.RefreshToken = ""
	if err := w.PutToken("k", tok); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	if got := string(data); !strings.HasSuffix(got, `, "alpha": null, "zeta": {"a": [1, 2.50]}}`) || strings.Contains(got, "refreshToken") {
		t.Errorf("got %s", got)
	}
}

func TestReadingTokens(t *testing.T) {
	when := time.Date(2026, 11, 21, 13, 33, 30, 0, time.UTC)
	tests := []struct {
		name, content string
		want          time.Time
		corrupt       bool
	}{
		{"Z", `{"accessToken":"a","expiresAt":"2026-11-21T13:33:30Z"}`, when, false},
		{"UTC suffix", `{"accessToken":"a","expiresAt":"2026-11-21T13:33:30UTC"}`, when, false},
		{"offset", `{"accessToken":"a","expiresAt":"2026-11-21T14:33:30+01:00"}`, when, false},
		{"fraction", `{"accessToken":"a","expiresAt":"2026-11-21T13:33:30.000Z"}`, when, false},
		{"no expiry", `{"accessToken":"a"}`, time.Time{}, true},
		{"no token", `{"expiresAt":"2026-11-21T13:33:30Z"}`, time.Time{}, true},
		{"no zone", `{"accessToken":"a","expiresAt":"2026-11-21T13:33:30"}`, when, false},
		{"offset without colon", `{"accessToken":"a","expiresAt":"2026-11-21T12:33:30-0100"}`, when, false},
		{"blank for T", `{"accessToken":"a","expiresAt":"2026-11-21 13:33:30+00:00"}`, when, false},
		{"fraction and UTC suffix", `{"accessToken":"a","expiresAt":"2026-11-21T13:33:30.5UTC"}`, when.Add(500 * time.Millisecond), false},
		{"no date", `{"accessToken":"a","expiresAt":"tomorrow"}`, time.Time{}, true},
		{"empty date", `{"accessToken":"a","expiresAt":""}`, time.Time{}, true},
		{"truncated", `{"accessToken":"SECRET-MARKER`, time.Time{}, true},
		{"array", `[1]`, time.Time{}, true},
		{"wrong type", `{"accessToken":5}`, time.Time{}, true},
		{"BOM", "\xef\xbb\xbf{}", time.Time{}, true},
		{"empty", ``, time.Time{}, true},
		{"too large", `{"accessToken":"` + strings.Repeat("a", maxFile) + `"}`, time.Time{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &Wallet{Home: t.TempDir()}
			dir := filepath.Join(w.Home, ".aws", "sso", "cache")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "k.json"), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := w.Token("k")
			if _, corrupt := errors.AsType[*CorruptError](err); corrupt != tt.corrupt {
				t.Fatalf("got error %v, want corrupt %v", err, tt.corrupt)
			}
			if err != nil && strings.Contains(err.Error(), "MARKER") {
				t.Errorf("the error quotes the file: %v", err)
			}
			if !got.ExpiresAt.Equal(tt.want) {
				t.Errorf("got expiry %v, want %v", got.ExpiresAt, tt.want)
			}
		})
	}
	if _, err := (&Wallet{Home: t.TempDir()}).Token("k"); !errors.Is(err, ErrNotFound) {
		t.Errorf("missing: got %v, want ErrNotFound", err)
	}
}

func TestRegistrationRoundTrip(t *testing.T) {
	w := &Wallet{Home: t.TempDir()}
	key := RegistrationKey{StartURL: "https://x.awsapps.com/start", Region: "eu-west-1", Session: "s", Scopes: []string{"sso:account:access"}}
	want := Registration{ClientID: "id", ClientSecret: "se", ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		Scopes: []string{"sso:account:access"}, GrantTypes: []string{"authorization_code", "refresh_token"}}
	if err := w.PutRegistration(key, want); err != nil {
		t.Fatal(err)
	}
	got, err := w.Registration(key)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if tokens, err := w.Tokens(); err != nil || len(tokens) != 0 {
		t.Errorf("a registration counts as a token: %v, %v", tokens, err)
	}
}

func TestRoleCredentials(t *testing.T) {
	w := &Wallet{Home: t.TempDir()}
	corp := RoleKey{AccountID: "111122223333", RoleName: "admin", Session: "corp"}
	other := RoleKey{AccountID: "111122223333", RoleName: "admin", Session: "other"}
	want := RoleCredentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t", AccountID: "111122223333",
		Expiration: time.Date(2026, 11, 21, 6, 42, 3, 0, time.UTC)}
	for _, k := range []RoleKey{corp, other} {
		if err := w.PutRoleCredentials(k, want); err != nil {
			t.Fatal(err)
		}
	}
	assumed := filepath.Join(w.roleDir(), "assumed.json")
	if err := os.WriteFile(assumed, []byte(`{"Credentials": {"AccessKeyId": "a"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := w.RoleCredentials(corp)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n, err := w.DeleteRoleCredentials(TokenKey("corp", "")); n != 1 || err != nil {
		t.Errorf("delete of one session: got %d, %v, want 1", n, err)
	}
	if _, err := w.RoleCredentials(other); err != nil {
		t.Errorf("another session's credentials went too: %v", err)
	}
	if n, err := w.DeleteRoleCredentials(""); n != 1 || err != nil {
		t.Errorf("delete of all: got %d, %v, want 1", n, err)
	}
	if _, err := os.Stat(assumed); err != nil {
		t.Errorf("an assumed role's entry was deleted: %v", err)
	}
}

// The names below were read off botocore.
func TestAssumedRole(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:role/Admin"
	for want, r := range map[string]AssumedRole{
		"20d1c4c47209b5c6f6727fa999b7ec9c34fe8643": {ARN: arn},
		"bb9d507e53909c035141fcebb985a6e44d70eee7": {ARN: arn, ExternalID: "x é", MFASerial: "arn:aws:iam::1:mfa/m", Duration: 900},
		"2be9f0c6a8cc82dd8104d29f99085c252382e1aa": {ARN: arn, SessionName: "me"},
	} {
		if got := r.Name(); got != want {
			t.Errorf("%+v: got %s, want %s", r, got, want)
		}
	}
	w := &Wallet{Home: t.TempDir()}
	role, want := AssumedRole{ARN: arn}, RoleCredentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t", Expiration: time.UnixMilli(1222172800000 + 1000000).UTC()}
	if err := w.PutAssumedRole(role, want, AssumedUser{ID: "AROA:x", ARN: "arn:x"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(w.assumedEntry(role).path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), `{"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2008-09-23T12:43:20Z"}, "AssumedRoleUser": {"AssumedRoleId": "AROA:x", "Arn": "arn:x"}}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, err := w.AssumedRole(role); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}
