package wallet

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The copy of a token opens what the token opens, and cannot be renewed. It comes
// and goes with the token; what others put in its place is theirs.
func TestCopies(t *testing.T) {
	t.Parallel()
	first, second := TokenKey("corp", ""), TokenKey("", testToken().StartURL)
	w := &Wallet{Home: t.TempDir(), Copies: map[string]string{first: second}}
	if err := w.PutToken(first, testToken()); err != nil {
		t.Fatal(err)
	}
	access := Token{StartURL: testToken().StartURL, Region: "us-east-1", AccessToken: "access", ExpiresAt: testToken().ExpiresAt}
	for key, want := range map[string]Token{first: testToken(), second: access} {
		if got, err := w.Token(key); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %v (-want +got)\n%s", key, err, cmp.Diff(want, got))
		}
	}
	all, err := w.Tokens()
	if err != nil || len(all) != 2 || all[0].CopyOf != first || all[1].CopyOf != "" {
		t.Errorf("got %+v, %v", all, err)
	}
	if err := w.DeleteToken(first); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{first, second} {
		if _, err := w.Token(key); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want that it is gone", key, err)
		}
	}

	// Found by its mark, also by who has no copies any more.
	if err := w.PutToken(first, testToken()); err != nil {
		t.Fatal(err)
	}
	plain := &Wallet{Home: w.Home}
	if err := plain.DropCopies(TokenKey("other", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Token(second); err != nil {
		t.Errorf("the copy of another went: %v", err)
	}
	if err := plain.DropCopies(first); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Token(second); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want no copy", err)
	}

	// A sign-in of its own under the start URL is no copy, whatever was there.
	if err := w.CopyToken(first); err != nil {
		t.Fatal(err)
	}
	if err := plain.PutToken(second, testToken()); err != nil {
		t.Fatal(err)
	}
	if err := plain.DeleteToken(first); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Token(second); err != nil || got.RefreshToken == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A token whose copy cannot be written is stored all the same.
func TestCopyThatCannotBe(t *testing.T) {
	t.Parallel()
	first, second := TokenKey("corp", ""), TokenKey("", testToken().StartURL)
	w := &Wallet{Home: t.TempDir(), Copies: map[string]string{first: second}}
	in := filepath.Join(w.tokenDir(), second+".json", "in the way")
	if err := os.MkdirAll(in, 0o700); err != nil {
		t.Fatal(err)
	}
	err := w.PutToken(first, testToken())
	if e, ok := errors.AsType[*CopyError](err); !ok || filepath.Base(e.Path) != second+".json" {
		t.Errorf("got %v, want that the copy could not be written", err)
	}
	if _, err := w.Token(first); err != nil {
		t.Errorf("the token: %v", err)
	}
}
