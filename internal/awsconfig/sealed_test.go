package awsconfig

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The keys that portico adds to the config, and to what. botocore refuses a
// profile whose key differs from that of its session, so no key is of both.
var (
	sessionKeys = []string{KeySessionDuration, KeyWarnBefore, KeyWarnCommand, KeyFavourites, KeyBrowser, KeyStore, KeyLogin, KeyProduction,
		"portico_sync_template", "portico_sync_command", "portico_sync_match", "portico_sync_exclude", "portico_sync_regions",
		"portico_sync_keys", "portico_sync_format", "portico_sync_prune", // see package profiles
	}
	profileKeys = []string{KeySealedSession, KeySealedAccount, KeySealedRole, KeyReplacedProcess,
		KeyFavourite, KeyAlias, KeyTags, KeyContainer,
		KeySourceIdentity, KeySessionTags, KeyTransitiveTags, KeyColor,
		"portico_sync", "portico_sync_wrote", "portico_sso_start_url", "portico_sso_region",
		"portico_written", "portico_expiration", // of a section of the credentials file that portico writes
	}
	// Keys of cache files, cookies and tables, which are no configuration.
	otherNames = []string{"portico_copy_of", "portico_sso_", "portico_sync_", "portico_session", "portico_start_url", "portico_session_", "portico_device_", "portico_challenge_", "portico_console_"}
)

func TestPorticoKeys(t *testing.T) {
	for _, key := range sessionKeys {
		if slices.Contains(profileKeys, key) {
			t.Errorf("%s belongs to sessions and to profiles", key)
		}
	}
	known := slices.Concat(sessionKeys, profileKeys, otherNames)
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := goparser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				for _, key := range regexp.MustCompile(`\bportico_[a-z_]+`).FindAllString(lit.Value, -1) {
					if !slices.Contains(known, key) {
						t.Errorf("%s: %s is on no list: say whether it belongs to sessions or to profiles", path, key)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// edited applies edits to a config file alone.
func edited(t interface{ Fatal(...any) }, text string, edits []Edit) (string, *Config) {
	d, err := Parse("config", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		if err := d.Edit(e.Section, e.Set); err != nil {
			t.Fatal(err)
		}
	}
	out := string(d.Bytes())
	d, err = Parse("config", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	return out, NewConfig(d, nil)
}

const helper = "portico-credential-process --profile dev"

func isOurs(process string) bool { return process == helper }

// Sealing renames keys where they are, and unsealing gives the file its bytes
// back.
func TestSealEdits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, plain, sealed string }{
		{"as it is written", "[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n",
			"[profile dev]\nportico_sso_session = corp\nportico_account_id = 1\nportico_role_name = r\ncredential_process = " + helper + "\n"},
		{"with all that a person may do to it", "[profile dev] # c\r\n# c\r\nSSO_Session:corp\r\n\r\n; c\r\nsso_account_id=1\r\nregion = eu-west-1\r\nsso_Role_Name =r\r\ns3 =\r\n  max = 1\r\n",
			"[profile dev] # c\r\n# c\r\nportico_SSO_Session:corp\r\n\r\n; c\r\nportico_account_id=1\r\nregion = eu-west-1\r\nportico_Role_Name =r\r\ns3 =\r\n  max = 1\r\ncredential_process = " + helper + "\r\n"},
		{"with keys of the session's and a process", "[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\ncredential_process = old\nsso_auto_populated = true\n",
			"[profile dev]\nportico_sso_session = corp\nportico_account_id = 1\nportico_role_name = r\nportico_sso_region = us-east-1\nportico_credential_process = old\nportico_sso_auto_populated = true\ncredential_process = " + helper + "\n"},
		{"without a role", "[profile dev]\nsso_session = corp\ncredential_process = old\n", "[profile dev]\nportico_sso_session = corp\ncredential_process = old\n"},
	} {
		d, err := Parse("config", []byte(tt.plain))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := NewConfig(d, nil).Profile("dev")
		sealed, config := edited(t, tt.plain, p.SealEdits(helper))
		if diff := cmp.Diff(tt.sealed, sealed); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
		p, _ = config.Profile("dev")
		if session, _ := p.SSO("sso_session"); !p.SealedForm() || session != "corp" {
			t.Errorf("%s: the sealed form has the session %q", tt.name, session)
		}
		again, _ := edited(t, sealed, p.SealEdits(helper))
		if again != sealed {
			t.Errorf("%s: sealed twice it is\n%s", tt.name, again)
		}
		if plain, _ := edited(t, sealed, p.OpenEdits(isOurs)); plain != tt.plain {
			t.Errorf("%s: unsealed it is\n%q, want\n%q", tt.name, plain, tt.plain)
		}
	}
}

// Whatever a profile has, sealed and unsealed it is what it was, and sealed it has
// no key of SSO's.
func TestSealEditsLoseNothing(t *testing.T) {
	t.Parallel()
	keys := []string{"sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "SSO_Region", "sso_x", "region", "Output", "credential_process", "role_arn"}
	rapid.Check(t, func(t *rapid.T) {
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
		text := "[profile dev]" + eol
		for _, key := range rapid.Permutation(keys).Draw(t, "keys")[:rapid.IntRange(1, len(keys)).Draw(t, "n")] {
			text += rapid.SampledFrom([]string{"", "# c" + eol, eol}).Draw(t, "before")
			text += key + rapid.SampledFrom([]string{"=", " = ", ": "}).Draw(t, "delimiter") + rapid.StringMatching(`[a-z][a-z0-9 ]{0,8}[a-z]`).Draw(t, "value") + eol
		}
		if rapid.Bool().Draw(t, "more") {
			text += eol + "[profile other]" + eol + "sso_session = corp" + eol
		}
		d, err := Parse("config", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := NewConfig(d, nil).Profile("dev")
		if !p.Has("sso_session") {
			return
		}
		sealed, config := edited(t, text, p.SealEdits(helper))
		p, _ = config.Profile("dev")
		for _, key := range p.Keys() {
			if strings.HasPrefix(key, "sso_") {
				t.Fatalf("sealed it has %s", key)
			}
		}
		if plain, _ := edited(t, sealed, p.OpenEdits(isOurs)); plain != text {
			t.Fatalf("unsealed it is\n%q, want\n%q", plain, text)
		}
	})
}
