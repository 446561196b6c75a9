package awsconfig

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// Backups keep what the config file was before and after each change that
// [Files.Update] made to it: every state once, in a dated file that a person can
// copy back, and a journal that says which change led from which to which.
//
// The credentials file is not kept: copies of secrets would outlive the secrets.
type Backups struct {
	Dir     string // each config file has a directory of its own in it
	Command string // whose changes these are

	// Warn is told why a state could not be kept. The change is made all the same:
	// whoever asked for it needs it more than the way back.
	Warn func(error)
}

// How much is kept: the last changes, and older ones for some time while they do
// not take too much space together.
const (
	keepChanges = 100
	keepFor     = 90 * 24 * time.Hour
	keepBytes   = 64 << 20
)

// A PastChange is one that was made to the config file.
type PastChange struct {
	Time    time.Time
	Command string // "configure sso"
	// AlsoCredentials says that the credentials file changed with it.
	AlsoCredentials bool
	Added, Removed  int // lines

	before, after string // sums of the states
}

// journalEntry is a PastChange as a line of the journal.
type journalEntry struct {
	Time            time.Time `json:"time"`
	Command         string    `json:"command"`
	AlsoCredentials bool      `json:"alsoCredentials,omitempty"`
	Added           int       `json:"added"`
	Removed         int       `json:"removed"`
	Before          string    `json:"before"`
	After           string    `json:"after"`
}

// journalName is the journal of one config file, among its states.
const journalName = "changes.jsonl"

// of is where the states of a file are.
func (b *Backups) of(target string) string {
	sum := sha256.Sum256([]byte(target))
	return filepath.Join(b.Dir, filepath.Base(target)+"-"+hex.EncodeToString(sum[:6]))
}

// keep notes a change that is about to be made. What it returns takes the note back,
// for a change that could not be made.
func (b *Backups) keep(p *pending, alsoCredentials bool) (forget func(), err error) {
	dir := b.of(p.target)
	journal, err := readJournal(dir)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	change := Change{Before: p.old, After: p.new}
	e := journalEntry{Time: now, Command: b.Command, AlsoCredentials: alsoCredentials}
	e.Added, e.Removed = change.Lines()
	if e.Before, err = keepState(dir, p.old, now); err != nil {
		return nil, err
	}
	if e.After, err = keepState(dir, p.new, now); err != nil {
		return nil, err
	}
	kept := prune(dir, append(slices.Clip(journal), e), now)
	if err := writeJournal(dir, kept); err != nil {
		return nil, err
	}
	return func() { _ = writeJournal(dir, journal) }, nil
}

func readJournal(dir string) ([]journalEntry, error) {
	data, err := atomicfile.Read(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []journalEntry
	for l := range bytes.Lines(data) {
		var e journalEntry
		if json.Unmarshal(l, &e) == nil { // a later version may know more
			all = append(all, e)
		}
	}
	return all, nil
}

func writeJournal(dir string, all []journalEntry) error {
	var out bytes.Buffer
	for _, e := range all {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		out.Write(append(line, '\n'))
	}
	return atomicfile.Write(filepath.Join(dir, journalName), out.Bytes(), 0o600)
}

// stateSuffix is behind the date in a state's name.
func stateSuffix(sum string) string { return "-" + sum[:16] + ".config" }

// keepState writes a state that is not there yet, and returns its sum.
func keepState(dir string, data []byte, now time.Time) (string, error) {
	hash := sha256.Sum256(data)
	sum := hex.EncodeToString(hash[:])
	if findState(dir, sum) != "" {
		return sum, nil
	}
	name := now.Format("2006-01-02T150405.000Z") + stateSuffix(sum)
	return sum, atomicfile.Write(filepath.Join(dir, name), data, 0o600)
}

// findState is the file of a state, or "".
func findState(dir, sum string) string {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), stateSuffix(sum)) {
			return filepath.Join(dir, e.Name())
		}
	}
	return ""
}

func readState(dir, sum string) ([]byte, error) {
	if len(sum) != 2*sha256.Size {
		return nil, errors.New("the journal of changes names no state")
	}
	path := findState(dir, sum)
	if path == "" {
		return nil, fmt.Errorf("the backup %s is gone", filepath.Join(dir, "…"+stateSuffix(sum)))
	}
	data, err := atomicfile.Read(path)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("the backup %s was changed", path)
	}
	return data, nil
}

// prune drops the changes that need not be kept any more, and the states that none
// of those left speaks of.
func prune(dir string, journal []journalEntry, now time.Time) []journalEntry {
	sizes := map[string]int64{}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			sizes[f.Name()] = info.Size()
		}
	}
	nameOf := map[string]string{}
	for name := range sizes {
		if at := strings.LastIndexByte(name, '-'); at >= 0 {
			nameOf[name[at:]] = name
		}
	}
	needed, bytes := map[string]bool{}, int64(0)
	first := len(journal)
	for ; first > 0; first-- {
		e := journal[first-1]
		if len(journal)-first >= keepChanges && (now.Sub(e.Time) > keepFor || bytes > keepBytes) {
			break
		}
		for _, sum := range []string{e.Before, e.After} {
			if len(sum) != 2*sha256.Size {
				continue
			}
			if name := nameOf[stateSuffix(sum)]; !needed[name] {
				needed[name] = true
				bytes += sizes[name]
			}
		}
	}
	if first > 0 {
		for name := range sizes {
			if strings.HasSuffix(name, ".config") && !needed[name] {
				_ = os.Remove(filepath.Join(dir, name))
			}
		}
	}
	return journal[first:]
}

// Past are the changes that were made to the config file, the last one first.
func (f Files) Past() ([]PastChange, error) {
	dir, err := f.history()
	if err != nil {
		return nil, err
	}
	journal, err := readJournal(dir)
	if err != nil {
		return nil, err
	}
	past := make([]PastChange, 0, len(journal))
	for _, e := range slices.Backward(journal) {
		past = append(past, PastChange{Time: e.Time, Command: e.Command, AlsoCredentials: e.AlsoCredentials,
			Added: e.Added, Removed: e.Removed, before: e.Before, after: e.After})
	}
	return past, nil
}

// history is where the states of the config file are.
func (f Files) history() (dir string, err error) {
	target, err := atomicfile.Resolve(f.Config)
	if err != nil {
		return "", err
	}
	return cmp.Or(f.Backups, &Backups{}).of(target), nil
}

// States are what the config file was before and after a change.
func (f Files) States(p PastChange) (Change, error) {
	dir, err := f.history()
	if err != nil {
		return Change{}, err
	}
	c := Change{File: f.Config}
	if c.Before, err = readState(dir, p.before); err != nil {
		return Change{}, err
	}
	c.After, err = readState(dir, p.after)
	return c, err
}

// Bytes are those of the config file.
func (f Files) Bytes() ([]byte, error) {
	if f.options().Interrupted(f.Config) {
		if err := f.repair(f.Config); err != nil {
			return nil, err
		}
	}
	data, _, err := readRegular(f.Config)
	return data, err
}
