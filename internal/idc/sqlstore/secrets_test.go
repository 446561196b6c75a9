package sqlstore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// Nothing that opens anything is in the database, in whatever form.
func TestNoSecretAtRest(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &grant.Service{Store: db.Grant(), Key: key}
	people := &directory.Service{Store: db.Directory(), Key: key}
	secrets := mint(t, s, people)
	codes := sendCodes(t, people, secrets)
	scan(t, dir, secrets, "open")
	scanCodes(t, dir, codes, "open")
	if err := s.Collect(t.Context(), crashTime.Add(10*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	scan(t, dir, secrets, "closed")
	scanCodes(t, dir, codes, "closed")
}

// sendCodes has codes sent by e-mail: one is given, one is got wrong, one waits.
// It adds the browsers' secrets.
func sendCodes(t *testing.T, people *directory.Service, secrets map[string]string) (codes []string) {
	t.Helper()
	alice, err := people.UserByName(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	for n, answer := range []func(string) string{strings.Clone, reversed, nil} {
		challenge, err := people.BeginChallenge(t.Context(), crashTime, alice.ID)
		if err != nil {
			t.Fatal(err)
		}
		mail, err := people.ChallengeMail(t.Context(), crashTime, challenge)
		if err != nil {
			t.Fatal(err)
		}
		secrets[fmt.Sprint("challenge ", n)] = challenge
		codes = append(codes, mail[0].Code)
		if answer != nil {
			// That a code reads the same backwards does no harm here.
			_, _ = people.AnswerChallenge(t.Context(), crashTime, challenge, answer(mail[0].Code))
		}
	}
	return codes
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// scanCodes looks for codes as they are, and under hashes that the million there
// are can be tried against. One may be there by chance, all of them are not.
func scanCodes(t *testing.T, dir string, codes []string, when string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files and %v, want some", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string]func(code string) []byte{
			"codes":                       func(code string) []byte { return []byte(code) },
			"codes backwards":             func(code string) []byte { return []byte(reversed(code)) },
			"hashes of codes":             func(code string) []byte { h := sha256.Sum256([]byte(code)); return h[:] },
			"hashes in hex":               func(code string) []byte { return fmt.Appendf(nil, "%x", sha256.Sum256([]byte(code))) },
			"codes in hex":                func(code string) []byte { return fmt.Appendf(nil, "%x", code) },
			"codes in an e-mail's base64": func(code string) []byte { return []byte(base64.StdEncoding.EncodeToString([]byte(code))) },
		} {
			there := 0
			for _, code := range codes {
				if bytes.Contains(data, form(code)) {
					there++
				}
			}
			if there == len(codes) {
				t.Errorf("%s, %s: holds the %s", when, filepath.Base(file), name)
			}
		}
	}
}

// mint goes once through everything that makes a secret.
func mint(t *testing.T, s *grant.Service, people *directory.Service) map[string]string {
	ctx, now := context.Background(), crashTime
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	secrets := map[string]string{"password": "correct-horse-battery", "wrong password": "Tr0ub4dor&3-in-the-name-field"}
	must(people.Seed(ctx, directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		Users: []directory.User{{Name: "alice", Email: "alice@example.com", MFA: directory.MFAEmail, Password: secrets["password"]}},
	}))
	_, err := people.Authenticate(ctx, now, secrets["wrong password"], "x", "")
	if err == nil {
		t.Fatal("got no error for an unknown user")
	}
	c, secret, err := s.RegisterClient(ctx, now, grant.Registration{Name: "c", Type: "public", Scopes: []string{"a"}, RedirectURIs: []string{"http://127.0.0.1"}})
	must(err)
	cookie, sess, err := s.StartSession(ctx, now, "alice")
	must(err)
	d, err := s.StartDevice(ctx, now, c.ID, secret, "https://x", grant.DeviceOptions{})
	must(err)
	r, err := s.ConfirmUserCode(ctx, now, sess, d.UserCode)
	must(err)
	_, err = s.Decide(ctx, now, sess, r.ID, true)
	must(err)
	first, err := s.RedeemDevice(ctx, now, c.ID, secret, d.DeviceCode)
	must(err)
	second, err := s.Refresh(ctx, now, c.ID, secret, first.RefreshToken)
	must(err)
	verifier := strings.Repeat("verifier", 8)
	id, err := s.BeginAuthorization(ctx, now, grant.AuthorizeParams{
		ResponseType: "code", ClientID: c.ID, RedirectURI: "http://127.0.0.1:1/", CodeChallengeMethod: "S256",
		CodeChallenge: base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
	})
	must(err)
	_, err = s.Request(ctx, now, sess, id)
	must(err)
	decision, err := s.Decide(ctx, now, sess, id, true)
	must(err)
	u, err := url.Parse(decision.RedirectTo)
	must(err)
	_, err = s.RedeemCode(ctx, now, c.ID, secret, u.Query().Get("code"), "http://127.0.0.1:1/", verifier)
	if err == nil {
		t.Fatal("got tokens for a wrong verifier")
	}
	scripted, err := s.BeginAuthorization(ctx, now, grant.AuthorizeParams{
		ResponseType: "code", ClientID: c.ID, RedirectURI: "http://127.0.0.1:1/", CodeChallengeMethod: "S256",
		CodeChallenge: base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
		Script: func(context.Context, string) (grant.Script, error) {
			return grant.Script{UserID: "alice", Answer: grant.AnswerAllow}, nil
		},
	})
	must(err)
	answer, scriptsCookie, _, err := s.Settle(ctx, now, scripted)
	must(err)
	answered, err := url.Parse(answer.RedirectTo)
	must(err)
	_, accessKey, sessionToken, err := s.IssueRoleCredential(ctx, now, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: now.Add(time.Hour)})
	must(err)
	issued, _, _, err := s.IssueRoleCredential(ctx, now, grant.RoleCredential{PermissionSet: "ReadOnly", ExpiresAt: now.Add(time.Hour)})
	must(err)
	signinToken, err := s.IssueSigninToken(ctx, now, issued, 0)
	must(err)
	unusedToken, err := s.IssueSigninToken(ctx, now, issued, 0)
	must(err)
	consoleCookie, _, err := s.OpenConsoleSession(ctx, now, signinToken)
	must(err)
	for name, value := range map[string]string{
		"sign-in token": signinToken, "unused sign-in token": unusedToken, "console cookie": consoleCookie,
		"client secret": secret, "cookie": cookie, "device code": d.DeviceCode, "user code": d.UserCode,
		"plain user code": strings.ReplaceAll(d.UserCode, "-", ""), "request id": id, "device request id": r.ID,
		"code": u.Query().Get("code"), "verifier": verifier,
		"scripted request id": scripted, "script's cookie": scriptsCookie, "script's code": answered.Query().Get("code"),
		"access token": first.AccessToken, "refresh token": first.RefreshToken,
		"second access token": second.AccessToken, "second refresh token": second.RefreshToken,
		"secret access key": accessKey, "session token": sessionToken,
	} {
		if len(value) < 8 {
			t.Fatalf("%s: got %q, want a secret", name, value)
		}
		secrets[name] = value
	}
	return secrets
}

func scan(t *testing.T, dir string, secrets map[string]string, when string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files and %v, want some", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, secret := range secrets {
			forms := [][]byte{[]byte(secret), []byte(strings.ToLower(secret)), []byte(hex.EncodeToString([]byte(secret)))}
			for _, enc := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
				if raw, err := enc.DecodeString(secret); err == nil && len(raw) >= 8 {
					forms = append(forms, raw, []byte(hex.EncodeToString(raw)))
				}
			}
			for _, form := range forms {
				if bytes.Contains(data, form) {
					t.Errorf("%s, %s: holds the %s", when, filepath.Base(file), name)
				}
			}
		}
	}
}
