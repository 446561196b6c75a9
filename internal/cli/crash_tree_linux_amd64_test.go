package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/cli/clitest"
	"github.com/portico-sso/portico/internal/seal"
)

// A tree is the files of a home, by path.
type tree map[string]entry

type entry struct {
	data string
	mode fs.FileMode
}

// litter are names that a run leaves only when it is killed.
var litter = regexp.MustCompile(`\.portico-|\.tmp$|-probe-`)

// ofHome is the part of a lock's name that says which home's file it is about.
var ofHome = regexp.MustCompile(`-[0-9a-f]{12}\.lock$`)

func readTree(t *testing.T, home string) tree {
	t.Helper()
	files := tree{}
	app := clitest.WithKeyring(cli.App{Home: home})
	vault := &seal.Vault{Dir: filepath.Join(home, vaults), Keyring: app.Keyring, Kernel: app.KeyHolder, Passphrase: func(context.Context, string) (string, error) {
		text, err := os.ReadFile(filepath.Join(home, ".aws", "passphrase"))
		return strings.TrimSpace(string(text)), err
	}}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(home, path)
		if rel == clitest.Dir {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			files[rel+"/"] = entry{mode: info.Mode()}
			return nil
		}
		if ofLocks(rel) { // whoever held it last is in it, or what happened when
			files[rel] = entry{mode: info.Mode()}
			return nil
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			files[rel] = entry{target, info.Mode()}
			return err
		}
		data, err := os.ReadFile(path)
		if key, name, ok := strings.Cut(strings.TrimPrefix(rel, vaults), "/"); ok && strings.HasPrefix(rel, vaults) && !litter.MatchString(rel) {
			data, err = opened(vault, key, name, data)
		}
		files[rel] = entry{string(data), info.Mode()}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// opened is what a sealed file opens to, which differs from run to run no more than
// a file in the open does. Where the key is says nothing.
func opened(vault *seal.Vault, key, name string, data []byte) ([]byte, error) {
	switch name {
	case "keyring":
		return nil, nil
	case "key.age":
		return nil, vault.Unlock(context.Background(), key, time.Hour)
	}
	return vault.Open(key, strings.TrimSuffix(name, ".age"), data)
}

// state is what can make a difference to the next run: each file an old or a new
// one, and what was left of a killed run without the random part of its name.
func (now tree) state(before tree) string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(now)) {
		is, old := now[path], before[path]
		if ofBackups(path) || path == recents {
			continue // dates are never the same
		}
		if litter.MatchString(path) {
			fmt.Fprintf(&b, "%s/ something of %d bytes\n", filepath.Dir(path), len(is.data))
			continue
		}
		fmt.Fprintf(&b, "%s %v %t\n", ofHome.ReplaceAllString(path, ".lock"), is.mode, is.data == old.data)
	}
	return b.String()
}

// signedIn tells whether there is a token, in the open or sealed.
func (now tree) signedIn() bool {
	for path, e := range now {
		if strings.HasPrefix(path, tokens) || strings.HasPrefix(path, vaults) {
			var content struct{ AccessToken string }
			if json.Unmarshal([]byte(e.data), &content) == nil && content.AccessToken != "" {
				return true
			}
		}
	}
	return false
}

// keys counts the sessions whose key is in the keyring.
func (now tree) keys() int {
	n := 0
	for path := range now {
		if strings.HasPrefix(path, vaults) && strings.HasSuffix(path, "/keyring") {
			n++
		}
	}
	return n
}

// compare says what is wrong with the files of a home. before are those of before
// the run, want is what an undisturbed run does; done: the run said it succeeded;
// excused are the paths it said it could not write; killed: it may have left
// litter.
func (now tree) compare(before tree, want change, done bool, excused []string, killed bool) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if before.signedIn() && want.after.signedIn() && !now.signedIn() {
		say("no copy of the token is left")
	}
	for _, path := range slices.Sorted(maps.Keys(now)) {
		is := now[path]
		old, wasThere := before[path]
		next, willBe := want.after[path]
		switch {
		case strings.HasSuffix(path, "/"):
		case wasThere && is.mode != old.mode:
			say("%s had mode %v and has %v", path, old.mode, is.mode)
		case !wasThere && is.mode != 0o600:
			say("%s has mode %v", path, is.mode)
		case ofLocks(path):
		case path == recents:
			if !json.Valid([]byte(is.data)) {
				say("%s is half a file", path)
			}
		case ofBackups(path) && !litter.MatchString(path):
			if problem := backupProblem(path, is.data); problem != "" {
				say("%s %s", path, problem)
			}
		case litter.MatchString(path):
			if !killed {
				say("%s is left", path)
			}
		case !wasThere && !willBe:
			say("%s is nobody's", path)
		case wasThere && is.data == old.data:
		case !willBe || !is.like(next, path):
			say("%s is neither old nor new: %q", path, is.data)
		}
	}
	for path, old := range before {
		is, there := now[path]
		_, willBe := want.after[path]
		switch {
		case strings.HasSuffix(path, "/"), ofBackups(path), path == recents:
		case !there && willBe:
			say("%s is gone", path)
		case there && done && want.of(path) && is.data == old.data && !excusable(path, excused):
			say("success was reported, and %s is as it was", path)
		}
	}
	for path := range want.after {
		_, was := before[path]
		if _, there := now[path]; done && !was && !there && !strings.HasSuffix(path, "/") && !ofBackups(path) && path != recents && !excusable(path, excused) {
			say("success was reported, and there is no %s", path)
		}
	}
	return problems
}

// recents is what was used lately, and when; no command fails because it cannot be
// written.
const recents = ".local/state/portico/recents.json"

// ofBackups tells whether a file is a state of the config file, or the journal of
// them.
func ofBackups(path string) bool { return strings.HasPrefix(path, ".local/state/portico/backups/") }

// backupProblem says what is wrong with one.
func backupProblem(path, data string) string {
	if strings.HasSuffix(path, ".jsonl") {
		for line := range strings.Lines(data) {
			if !json.Valid([]byte(line)) || !strings.HasSuffix(line, "\n") {
				return "has half a line"
			}
		}
		return ""
	}
	if sum := sha256.Sum256([]byte(data)); !strings.HasSuffix(path, "-"+hex.EncodeToString(sum[:8])+".config") {
		return "is not what its name says"
	}
	return ""
}

// backedUp tells whether a config file that is another one than before has a change
// on record that led to it.
func (now tree) backedUp(before tree) bool {
	config := now[".aws/config"]
	if config.mode&fs.ModeSymlink != 0 || config.data == before[".aws/config"].data {
		return true
	}
	sum := sha256.Sum256([]byte(config.data))
	for path, e := range now {
		if ofBackups(path) && strings.HasSuffix(path, ".jsonl") && strings.Contains(e.data, `"after":"`+hex.EncodeToString(sum[:])) {
			return true
		}
	}
	return false
}

// ofLocks tells whether a file is a lock, or a note that its holders leave for
// each other.
func ofLocks(path string) bool {
	return strings.HasSuffix(path, ".lock") || strings.HasSuffix(path, ".note") || path == ".local/state/portico/locks/recents"
}

func excusable(path string, excused []string) bool {
	return ofLocks(path) || slices.ContainsFunc(excused, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// like tells whether a file is what an undisturbed run makes of it. What the
// service mints is new each time: there, whether it has the same keys.
func (e entry) like(next entry, path string) bool {
	if !strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".age") {
		return e.data == next.data
	}
	if e.data == next.data {
		return true
	}
	var is, want map[string]any
	return json.Unmarshal([]byte(e.data), &is) == nil && json.Unmarshal([]byte(next.data), &want) == nil && shape(is) == shape(want)
}

// shape are the keys of an object, and which of its texts are empty.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(k + ":" + shape(v[k]) + ",")
		}
		return "{" + b.String() + "}"
	case string:
		return fmt.Sprint(v == "")
	}
	return "?"
}
