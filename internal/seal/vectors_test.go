package seal

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"strings"
	"testing"

	agetest "c2sp.org/CCTV/age"
	"filippo.io/age"
)

// The vectors that all implementations of age share: what is to be opened is, and
// of what is not, nothing comes out. Armored files are none of portico's.
func TestVectors(t *testing.T) {
	t.Parallel()
	files, err := fs.ReadDir(agetest.Vectors, ".")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, f := range files {
		data, err := fs.ReadFile(agetest.Vectors, f.Name())
		if err != nil {
			t.Fatal(err)
		}
		head, file, _ := bytes.Cut(data, []byte("\n\n"))
		var expect, payload string
		var identities []age.Identity
		armored := false
		for line := range strings.Lines(string(head)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			var id age.Identity
			var err error
			switch key {
			case "expect":
				expect = value
			case "payload":
				payload = value
			case "armored":
				armored = true
			case "passphrase":
				id, err = age.NewScryptIdentity(value)
			case "identity":
				if id, err = age.ParseX25519Identity(value); err != nil {
					id, err = age.ParseHybridIdentity(value)
				}
			case "compressed":
				var r io.Reader
				if r, err = zlib.NewReader(bytes.NewReader(file)); err == nil {
					file, err = io.ReadAll(r)
				}
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", f.Name(), key, err)
			}
			if id != nil {
				identities = append(identities, id)
			}
		}
		if armored {
			continue
		}
		plain, err := decrypt(file, identities...)
		sum := sha256.Sum256(plain)
		if expect == "success" && (err != nil || hex.EncodeToString(sum[:]) != payload) {
			t.Errorf("%s: %v, want it opened", f.Name(), err)
		}
		if expect != "success" && (err == nil || plain != nil) {
			t.Errorf("%s: opened, want %s", f.Name(), expect)
		}
	}
}
