package interop

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every client works with a session that is sealed, by credential_process, and
// none leaves in the open what is sealed.
func TestSealed(t *testing.T) {
	t.Parallel()
	c := local(t, "--proxy", "--as", "alice")
	c.profiles(t)
	clients := c.clients(t)
	c.must(t, "portico", "sso", "login", "--sso-session", "corp")
	passphrase := c.home("passphrase")
	write(t, passphrase, "correct horse battery staple\n")
	c.env = append(c.env, "PORTICO_PASSPHRASE_FILE="+passphrase)
	c.must(t, "portico", "seal", "--sso-session", "corp", "--passphrase", "--yes")
	t.Cleanup(func() { c.run(t, "portico", "lock", "--sso-session", "corp") })

	use := func(when string, clients ...client) {
		t.Helper()
		for _, client := range clients {
			if got, ok := client.account(t, "dev"); !ok || got != "111111111111" {
				t.Errorf("%s, %s got the account %q", when, client.name, got)
			}
		}
	}
	use("sealed", clients...)
	err := filepath.WalkDir(c.home(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, key := range []string{`"accessToken"`, `"refreshToken"`, `"clientSecret"`, `"SecretAccessKey"`, `"SessionToken"`} {
			if strings.Contains(string(data), key) {
				t.Errorf("%s has %s in the open", path, key)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	c.must(t, "portico", "sso", "logout")
	if account, ok := clients[1].account(t, "dev"); ok {
		t.Errorf("after the logout %s got account %q", clients[1].name, account)
	}
	c.must(t, "portico", "sso", "login", "--profile", "dev")
	c.must(t, "portico", "unseal", "--sso-session", "corp", "--yes")
	use("unsealed", clients[:2]...)
}
