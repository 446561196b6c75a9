package directory_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// cheap is a password hash that costs next to nothing to verify.
func cheap(password string, memory, passes uint32) string {
	salt, enc := []byte("somesalt"), base64.RawStdEncoding
	key := argon2.IDKey([]byte(password), salt, passes, memory, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", memory, passes, enc.EncodeToString(salt), enc.EncodeToString(key))
}

// remembering is a Service with a server key, and passwords that are quick to
// check.
func remembering(t testing.TB) *directory.Service {
	t.Helper()
	s := open(t)
	s.Key = []byte(strings.Repeat("k", 32))
	org := directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		Users: []directory.User{
			{Name: "alice", PasswordHash: cheap("correct-horse", 8, 1)},
			{Name: "bob", PasswordHash: cheap("battery-staple", 8, 1)},
		},
		Accounts: []directory.Account{{ID: "111111111111", Name: "dev"}},
	}
	if err := s.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	return s
}

func remember(t testing.TB, s *directory.Service, device, name string) string {
	t.Helper()
	device, err := s.RememberDevice(device, name)
	if err != nil || device == "" {
		t.Fatalf("got %q and %v, want a proof", device, err)
	}
	return device
}

// Somebody tries a wrong password four times a second for an hour. The owner's
// browser does not notice; a browser that is new waits no longer than a minute
// once that is over.
func TestAttackOnAName(t *testing.T) {
	s := remembering(t)
	own := remember(t, s, "", "alice")
	guesses := 0
	now := start
	for i := range 4 * 60 * 60 {
		now = at(time.Duration(i) * 250 * time.Millisecond)
		_, err := s.Authenticate(t.Context(), now, "alice", "wrong", "")
		if errors.Is(err, directory.ErrBadCredentials) {
			guesses++
		} else if _, ok := errors.AsType[*directory.ThrottledError](err); !ok {
			t.Fatalf("got %v, want to be throttled", err)
		}
		if i%1000 == 999 {
			if _, err := s.Authenticate(t.Context(), now, "Alice", "correct-horse", own); err != nil {
				t.Fatalf("after %s: got %v, want alice signed in", now.Sub(start), err)
			}
		}
	}
	if guesses > 75 {
		t.Errorf("got %d guesses in an hour, want about one a minute", guesses)
	}
	_, err := s.Authenticate(t.Context(), now, "alice", "correct-horse", "")
	throttled, ok := errors.AsType[*directory.ThrottledError](err)
	if !ok || throttled.RetryAfter > time.Minute {
		t.Fatalf("a new browser: got %v, want to wait a minute at most", err)
	}
	// A try that comes too early does not begin the wait anew.
	for early := range 10 {
		_, err := s.Authenticate(t.Context(), now.Add(throttled.RetryAfter*time.Duration(early)/10), "alice", "correct-horse", "")
		if _, ok := errors.AsType[*directory.ThrottledError](err); !ok {
			t.Fatalf("got %v, want to be throttled", err)
		}
	}
	if _, err := s.Authenticate(t.Context(), now.Add(throttled.RetryAfter), "alice", "correct-horse", ""); err != nil {
		t.Errorf("a new browser after the wait: got %v, want none", err)
	}
}

// A known browser may guess no faster than strangers, and takes no wait from
// them.
func TestKnownDeviceIsSlowedDownToo(t *testing.T) {
	s := remembering(t)
	own, other := remember(t, s, "", "alice"), remember(t, s, "", "alice")
	try := func(password, device string) error {
		t.Helper()
		_, err := s.Authenticate(t.Context(), start, "alice", password, device)
		return err
	}
	throttled := func(err error) bool {
		_, ok := errors.AsType[*directory.ThrottledError](err)
		return ok
	}
	for range 5 {
		if err := try("wrong", own); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("got %v, want %v", err, directory.ErrBadCredentials)
		}
	}
	if err := try("correct-horse", own); !throttled(err) {
		t.Errorf("after five failures: got %v, want to be throttled", err)
	}
	for range 5 {
		if err := try("wrong", ""); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("a stranger: got %v, want %v", err, directory.ErrBadCredentials)
		}
	}
	if err := try("correct-horse", other); err != nil {
		t.Errorf("another known browser: got %v, want none", err)
	}
	// That success was not the strangers'.
	if err := try("correct-horse", ""); !throttled(err) {
		t.Errorf("a stranger: got %v, want to be throttled", err)
	}
}

// Only a proof of this server for that very name counts.
func TestDeviceProofs(t *testing.T) {
	s := remembering(t)
	for range 5 {
		_, _ = s.Authenticate(t.Context(), start, "alice", "wrong", "")
	}
	alices := remember(t, s, "", "ALICE")
	foreign := remembering(t)
	foreign.Key = []byte(strings.Repeat("x", 32))
	many := remember(t, s, "", "alice")
	for i := range 8 {
		many = remember(t, s, many, fmt.Sprint("user", i))
	}
	tampered := []byte(alices)
	tampered[0] ^= 1
	for name, test := range map[string]struct {
		device string
		known  bool
	}{
		"none":                 {"", false},
		"own":                  {alices, true},
		"own and bob's":        {remember(t, s, alices, "bob"), true},
		"own again":            {remember(t, s, alices, "alice"), true},
		"bob's":                {remember(t, s, "", "bob"), false},
		"another server's":     {remember(t, foreign, "", "alice"), false},
		"another nonce":        {string(tampered), false},
		"half":                 {alices[:len(alices)/2], false},
		"no base64":            {"!!!", false},
		"nonce alone":          {base64.RawURLEncoding.EncodeToString(make([]byte, 16)), false},
		"eight others since":   {many, false},
		"back among the eight": {remember(t, s, many, "alice"), true},
		"much too long":        {strings.Repeat(alices, 1000), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Authenticate(t.Context(), start, "alice", "correct-horse", test.device)
			if got := err == nil; got != test.known {
				t.Errorf("got %v, want known %t", err, test.known)
			}
		})
	}
	if len(many) > 200 {
		t.Errorf("got a proof of %d bytes, want one that fits a cookie", len(many))
	}
	if again := remember(t, s, alices, "alice"); again != alices {
		t.Errorf("got another proof for the same person, want the same")
	}
	s.Key = nil
	if device, err := s.RememberDevice("", "alice"); device != "" || err != nil {
		t.Errorf("without a key: got %q and %v, want nothing", device, err)
	}
	if _, err := s.Authenticate(t.Context(), start, "alice", "correct-horse", alices); err == nil {
		t.Error("without a key the proof still counts")
	}
}

// Whatever the hashes of a seed ask for, every try takes as much as the costliest
// of them: the same memory in the same number of passes.
func TestMixedHashesCostTheSame(t *testing.T) {
	s := open(t)
	org := directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		Users: []directory.User{
			{Name: "standard", Password: "a"},
			{Name: "cheap", PasswordHash: cheap("b", 64, 2)},
			{Name: "dear", PasswordHash: cheap("c", 48*1024, 2)},
		},
		Accounts: []directory.Account{{ID: "111111111111", Name: "dev"}},
	}
	if err := s.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"standard", "cheap", "dear", "nobody"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := s.Authenticate(t.Context(), at(time.Duration(i)*time.Hour), name, "wrong", "")
		runtime.ReadMemStats(&after)
		if !errors.Is(err, directory.ErrBadCredentials) {
			t.Errorf("%s: got %v, want %v", name, err, directory.ErrBadCredentials)
		}
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib < 48 || mib > 52 {
			t.Errorf("%s: allocated %d MiB, want the 48 of the costliest hash", name, mib)
		}
	}
}

// A seed that says the same password keeps its hash.
func TestSeedKeepsHashes(t *testing.T) {
	s := seeded(t)
	hashes := func() map[string]string {
		users, err := s.Users(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, u := range users {
			all[u.Name] = u.PasswordHash
		}
		return all
	}
	before := hashes()
	org := sample()
	org.Users[0].DisplayName = "Alice"
	org.Users[1].Password = "changed"
	if err := s.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	after := hashes()
	for name, kept := range map[string]bool{"alice": true, "bob": false, "carol": true, "dave": true} {
		if got := before[name] == after[name]; got != kept {
			t.Errorf("%s: got the same hash %t, want %t", name, got, kept)
		}
	}
	for name, password := range map[string]string{"alice": "correct-horse", "bob": "changed"} {
		if _, err := s.Authenticate(t.Context(), start, name, password, ""); err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
	}
}
