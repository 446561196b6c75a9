package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// crashDir tells the child process where its database is.
const crashDir = "PORTICO_TEST_CRASH_DIR"

var crashTime = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// TestCrashChild is the child of TestCrash: it works until it is killed, and
// says what was acknowledged, a line each, the moment it is.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("not the child")
	}
	s, done := service(t, dir)
	defer done()
	ctx, now := context.Background(), crashTime
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	say := func(words ...string) {
		_, err := fmt.Fprintln(os.Stdout, strings.Join(words, " "))
		must(err)
	}
	for {
		c, secret, err := s.RegisterClient(ctx, now, grant.Registration{Name: "c", Type: "public", Scopes: []string{"a"}})
		must(err)
		say("@client", c.ID, secret)
		cookie, sess, err := s.StartSession(ctx, now, "alice")
		must(err)
		say("@session", cookie)
		d, err := s.StartDevice(ctx, now, c.ID, secret, "https://d-1234567890.awsapps.com/start", grant.DeviceOptions{})
		must(err)
		r, err := s.ConfirmUserCode(ctx, now, sess, d.UserCode)
		must(err)
		_, err = s.Decide(ctx, now, sess, r.ID, true)
		must(err)
		say("@allowed", c.ID, secret, d.DeviceCode)
		tokens, err := s.RedeemDevice(ctx, now, c.ID, secret, d.DeviceCode)
		must(err)
		say("@redeemed", c.ID, secret, d.DeviceCode, tokens.AccessToken)
		for range 3 {
			next, err := s.Refresh(ctx, now, c.ID, secret, tokens.RefreshToken)
			must(err)
			say("@refreshed", c.ID, secret, tokens.RefreshToken, next.AccessToken, next.RefreshToken)
			tokens = next
		}
		cred, key, _, err := s.IssueRoleCredential(ctx, now, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: now.Add(time.Hour)})
		must(err)
		say("@credential", cred.AccessKeyID, key)
		must(s.SignOut(ctx, now, tokens.AccessToken))
		say("@ended", cookie, tokens.AccessToken)
	}
}

func service(t testing.TB, dir string) (*grant.Service, func()) {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := db.ServerKey(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := &grant.Service{Store: db.Grant(), Key: key}
	s.Policy.MaxLiveDeviceCodes = 1 << 30
	return s, func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCrash kills a working process again and again. Whatever it acknowledged is
// there afterwards.
func TestCrash(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	acknowledged := 0
	for round := range rounds {
		lines := crash(t, dir, time.Duration(rand.IntN(60))*time.Millisecond)
		s, done := service(t, dir)
		checkAcknowledged(t, s, lines)
		done()
		acknowledged += len(lines)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if acknowledged < rounds {
		t.Errorf("got %d acknowledged changes in %d rounds, want more", acknowledged, rounds)
	}
	t.Logf("%d acknowledged changes survived %d kills", acknowledged, rounds)
}

// crash runs the child, kills it some time after its first acknowledgement, and
// returns what it said.
func crash(t *testing.T, dir string, after time.Duration) (lines []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var other []string
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			break // a line without its end was not said
		}
		if !strings.HasPrefix(line, "@") {
			other = append(other, line)
			continue
		}
		if len(lines) == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	_ = cmd.Wait()
	if len(lines) == 0 {
		t.Fatalf("the child did nothing: %s", strings.Join(other, ""))
	}
	return lines
}

func checkAcknowledged(t *testing.T, s *grant.Service, lines []string) {
	t.Helper()
	ctx, now := context.Background(), crashTime
	refused := func(err error, code string) bool {
		e, ok := err.(*grant.Error)
		return ok && e.Code == code
	}
	ended := map[string]bool{}
	for _, line := range lines {
		if f := strings.Fields(line); f[0] == "@ended" {
			ended[f[1]] = true
		}
	}
	// The last sign-out may have happened without being acknowledged.
	unsaid := strings.HasPrefix(lines[len(lines)-1], "@credential")
	var last, cookie string
	for _, line := range lines {
		if f := strings.Fields(line); f[0] == "@session" {
			last = f[1]
		}
	}
	for _, line := range lines {
		f := strings.Fields(line)
		over := ended[cookie] || unsaid && cookie == last
		switch f[0] {
		case "@client":
			if _, err := s.StartDevice(ctx, now, f[1], f[2], "https://x", grant.DeviceOptions{}); err != nil {
				t.Errorf("client: %v", err)
			}
		case "@session":
			cookie = f[1]
			if _, err := s.Session(ctx, now, cookie); (err != nil) != ended[cookie] && !(unsaid && cookie == last) {
				t.Errorf("session: got %v, want ended %t", err, ended[cookie])
			}
		case "@allowed":
			// The redemption may be there unacknowledged, in the last line only.
			if _, err := s.RedeemDevice(ctx, now, f[1], f[2], f[3]); err != nil && !refused(err, grant.CodeInvalidGrant) {
				t.Errorf("allowed: %v", err)
			}
		case "@redeemed":
			if _, err := s.RedeemDevice(ctx, now, f[1], f[2], f[3]); !refused(err, grant.CodeInvalidGrant) {
				t.Errorf("redeemed: got %v again, want invalid_grant", err)
			}
			if _, err := s.AccessToken(ctx, now, f[4]); err != nil && !over {
				t.Errorf("redeemed: %v", err)
			}
		case "@refreshed":
			if _, err := s.AccessToken(ctx, now, f[4]); err != nil && !over {
				t.Errorf("refreshed: %v", err)
			}
			// A replay gives the same tokens, or none when a later one is spent.
			got, err := s.Refresh(ctx, now, f[1], f[2], f[3])
			if err == nil && (got.AccessToken != f[4] || got.RefreshToken != f[5]) {
				t.Error("refreshed: got other tokens, want the same")
			}
			if err != nil && !refused(err, grant.CodeInvalidGrant) {
				t.Errorf("refreshed: %v", err)
			}
		case "@credential":
			if _, key, _, err := s.RoleCredential(ctx, f[1]); err != nil || key != f[2] {
				t.Errorf("credential: got another secret or %v, want the same", err)
			}
		case "@ended":
			if _, err := s.AccessToken(ctx, now, f[2]); err == nil {
				t.Error("ended: the access token still opens")
			}
		}
	}
}
