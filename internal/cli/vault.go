package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// passphraseVariable names a file that holds the passphrase of a sealed session,
// for machines that nobody types at.
const passphraseVariable = "PORTICO_PASSPHRASE_FILE"

// vault seals and opens what the sealed sessions of the config have. state is what
// the config file was before it was read.
func (a *App) vault(config *awsconfig.Config, state fs.FileInfo) *seal.Vault {
	sessions := &currentSessions{files: a.files(), state: state}
	sessions.read(config)
	v := &seal.Vault{
		Dir: a.sealedDir(), LockDir: a.lockDir(),
		IsSealed: func(key string) bool { return sessions.find(key).Sealed() },
		Name:     func(key string) string { return sessions.find(key).Name },
		Keyring:  a.Keyring, Kernel: a.KeyHolder, WorkFactor: a.ScryptWork,
		Ended:   a.ended,
		Waiting: func(what string) { fmt.Fprintf(a.Stderr, "waiting for %s\n", what) },
	}
	t := a.conversation()
	if v.Attended = t.InteractiveIn() && t.InteractiveOut(); v.Attended || a.getenv(passphraseVariable) != "" {
		v.Passphrase = a.passphrase
	}
	return v
}

// currentSessions are the sso-sessions by their token keys, as the config has them
// now: another process may seal one while this one waits for its turn to refresh.
type currentSessions struct {
	files awsconfig.Files

	mu    sync.Mutex
	state fs.FileInfo // of the config file when it was read
	byKey map[string]awsconfig.SSOSession
}

func (c *currentSessions) read(config *awsconfig.Config) {
	c.byKey = map[string]awsconfig.SSOSession{}
	for _, name := range config.Sessions() {
		session, _ := config.Session(name)
		c.byKey[wallet.TokenKey(name, "")] = session
	}
}

func (c *currentSessions) find(key string) awsconfig.SSOSession {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, err := os.Stat(c.files.Config)
	if err == nil && (c.state == nil || !os.SameFile(now, c.state) || now.Size() != c.state.Size() || !now.ModTime().Equal(c.state.ModTime())) {
		if config, err := c.files.Load(); err == nil {
			c.state = now
			c.read(config)
		}
	}
	return c.byKey[key]
}

// holdsSignIn tells whether somebody is signed in, sealed or not.
func (a *App) holdsSignIn() bool {
	tokens, _ := (&wallet.Wallet{Home: a.Home}).Tokens()
	sealed, _ := filepath.Glob(filepath.Join(a.sealedDir(), "*", "token.age"))
	return len(tokens)+len(sealed) > 0
}

func (a *App) sealedDir() string { return filepath.Join(a.stateDir(), "sealed") }

// passphrase is what opens a session's key: out of the file that is named for it,
// or from the person at the terminal.
func (a *App) passphrase(ctx context.Context, session string) (string, error) {
	if path := a.getenv(passphraseVariable); path != "" {
		return readPassphrase(path)
	}
	return a.conversation().AskSecret(ctx, terminal.Question{Prompt: fmt.Sprintf("Passphrase of the sealed session %s: ", terminal.Clean(session))})
}

func readPassphrase(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", passphraseVariable, err)
	}
	defer f.Close()
	const most = 4 << 10
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return "", fmt.Errorf("%s: %w", passphraseVariable, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// unattended keeps everything from asking: what runs is for programs.
func (s *setup) unattended() {
	s.vault.Attended = false
	if v, _ := s.lookup(passphraseVariable); v == "" {
		s.vault.Passphrase = nil
	}
}

// sealedWith is the token key of the session that the profile's credentials come
// from in the end, through whatever roles. "" where they come from elsewhere.
func (s *setup) sealedWith() string {
	root, _ := rootProfile(s.settings.Config, s.settings.Profile)
	if name, ok := root.SSO("sso_session"); ok {
		return wallet.TokenKey(name, "")
	}
	return ""
}

// helper is the credential_process of a sealed profile: the helper, where it is
// installed, or portico itself. What is on PATH is called by its name, so that the
// config is good on other machines too.
func (a *App) helper(profile string) string { return a.helpers()(profile) }

// helpers is [App.helper] for many profiles.
func (a *App) helpers() func(profile string) string {
	quote := quoteWord
	if runtime.GOOS == "windows" {
		quote = quoteWindows
	}
	program := helperProgram
	if _, err := a.lookPath(program); err != nil {
		beside := filepath.Join(filepath.Dir(a.Self), helperProgram)
		if runtime.GOOS == "windows" {
			beside += ".exe"
		}
		if fi, err := os.Stat(beside); err == nil && fi.Mode().IsRegular() {
			program = quote(beside)
		} else if _, err := a.lookPath("portico"); err == nil {
			program = "portico credential-process"
		} else {
			program = quote(a.Self) + " credential-process"
		}
	}
	return func(profile string) string { return program + " --profile " + quote(profile) }
}

const helperProgram = "portico-credential-process"

// isHelper tells whether a credential_process is one that [App.helper] made.
func isHelper(process string) bool {
	words, ok := awsconfig.SplitCommand(process)
	if !ok || len(words) < 3 || words[len(words)-2] != "--profile" {
		return false
	}
	words[0] = strings.TrimSuffix(filepath.Base(words[0]), ".exe")
	return len(words) == 3 && words[0] == helperProgram || len(words) == 4 && words[1] == "credential-process"
}

// sealedForm is an edit of a profile whose session is sealed: what it sets of
// SSO's keys goes by portico's names, and those it had before go.
func sealedForm(e awsconfig.Edit, old awsconfig.Profile, process string) awsconfig.Edit {
	form := awsconfig.Edit{Section: e.Section}
	has := old.HasRole()
	for _, kv := range e.Set {
		name, isKey := map[string]string{"sso_session": awsconfig.KeySealedSession, "sso_account_id": awsconfig.KeySealedAccount, "sso_role_name": awsconfig.KeySealedRole}[kv.Key]
		switch {
		case isKey && kv.Value != nil:
			has = has || kv.Key == "sso_account_id"
			form.Set = append(form.Set, awsconfig.Set(name, *kv.Value))
		case isKey:
			form.Set = append(form.Set, awsconfig.Unset(name))
		case !strings.HasPrefix(kv.Key, "sso_"):
			form.Set = append(form.Set, kv)
		}
	}
	for _, key := range old.Keys() {
		if strings.HasPrefix(key, "sso_") {
			form.Set = append(form.Set, awsconfig.Unset(key))
		}
	}
	if has {
		form.Set = append(form.Set, awsconfig.Set("credential_process", process))
	}
	return form
}

// openForm is an edit of a profile whose session is not sealed: what it had as a
// sealed session's goes.
func openForm(e awsconfig.Edit, old awsconfig.Profile) awsconfig.Edit {
	for _, key := range []string{awsconfig.KeySealedSession, awsconfig.KeySealedAccount, awsconfig.KeySealedRole} {
		if old.Has(key) {
			e.Set = append(e.Set, awsconfig.Unset(key))
		}
	}
	if process, _ := old.Get("credential_process"); old.SealedForm() && isHelper(process) {
		e.Set = append(e.Set, awsconfig.Unset("credential_process"))
	}
	return e
}

// sealedSessions are the names of those that are sealed.
func sealedSessions(config *awsconfig.Config) []string {
	return slices.DeleteFunc(config.Sessions(), func(name string) bool {
		session, _ := config.Session(name)
		return !session.Sealed()
	})
}

// sealedCure says what helps where a sealed session cannot be opened.
func sealedCure(name string, e *seal.KeyError) string {
	session := quoteWord(terminal.Clean(e.Session))
	passphrase := fmt.Sprintf("%s seal --sso-session %s --passphrase", name, session)
	switch e.Reason {
	case seal.NoKeyring:
		return "Over SSH, in a container or without a desktop there is none. To keep the key in a file that a passphrase opens: " + passphrase +
			fmt.Sprintf("\nWhat is sealed already needs the keyring it was sealed with, or goes with: %s sso logout --sso-session %s", name, session)
	case seal.Locked:
		return "Unlock the keyring (on a desktop by signing in to it) and try again. Where that cannot be done, a passphrase does: " + passphrase
	case seal.Denied:
		return fmt.Sprintf("Allow %s to use its item in the keyring and try again. To do without the keyring: ", name) + passphrase
	case seal.Silent:
		return "It may be waiting for somebody to unlock it, on another screen. Unlock it and try again."
	case seal.NeedsPassphrase:
		return fmt.Sprintf("Unlock it for some hours with: %s unlock --sso-session %s\nWhere nobody can type it, %s names a file that holds it.", name, session, passphraseVariable)
	case seal.WrongPassphrase:
		return fmt.Sprintf("Run it again to type it again, or correct the file that %s names. Nobody can tell you a forgotten one; to start over: %s sso logout --sso-session %s\nThen, for another passphrase: %s unseal --sso-session %s\nand, signed in again: %s",
			passphraseVariable, name, session, name, session, passphrase)
	}
	return ""
}
