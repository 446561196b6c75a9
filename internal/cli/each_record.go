package cli

import (
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
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// An eachRecord is what one command line of each left to be done again. Which
// command line that was only its hash tells: a command's words may be secret.
type eachRecord struct {
	dir, path string
}

// mostRecords is for how many command lines that is kept.
const mostRecords = 100

type eachRecordFile struct {
	At     time.Time `json:"at"`
	Places []place   `json:"places"`
}

// record is that of the command line: of what it selects and of the command.
func (e *each) record() *eachRecord {
	line, _ := json.Marshal([]any{e.Select, e.Argv, e.Globals.Profile})
	sum := sha256.Sum256(line)
	dir := filepath.Join(e.App.stateDir(), "each")
	return &eachRecord{dir: dir, path: filepath.Join(dir, hex.EncodeToString(sum[:16])+".json")}
}

// load is where the command failed last time, or was not run.
func (r *eachRecord) load(name string) ([]place, error) {
	data, err := atomicfile.Read(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &hintedError{Err: errors.New("this command was not run before"),
			Hint: fmt.Sprintf("--retry-failed goes with the same words as the command that failed: those that select, and those of the command. To run it everywhere: %s each without --retry-failed", name)}
	}
	if err != nil {
		return nil, err
	}
	var f eachRecordFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s is not what was written: %w", r.path, err)
	}
	return f.Places, nil
}

// save remembers what is to be done again, and forgets the oldest of other command
// lines.
func (r *eachRecord) save(left []place) error {
	data, err := json.Marshal(eachRecordFile{At: time.Now().UTC(), Places: left})
	if err != nil {
		return err
	}
	if err := atomicfile.MkdirAll(r.dir); err != nil {
		return err
	}
	if err := atomicfile.Write(r.path, data, 0o600); err != nil {
		return err
	}
	r.prune()
	return nil
}

func (r *eachRecord) prune() {
	type aged struct {
		path string
		at   time.Time
	}
	paths, _ := filepath.Glob(filepath.Join(r.dir, "*.json"))
	if len(paths) <= mostRecords {
		return
	}
	var all []aged
	for _, path := range paths {
		var f eachRecordFile
		if data, err := atomicfile.Read(path); err == nil {
			_ = json.Unmarshal(data, &f) // a damaged one is the oldest
		}
		all = append(all, aged{path, f.At})
	}
	slices.SortFunc(all, func(a, b aged) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.path, b.path)) })
	for _, old := range all[mostRecords:] {
		_ = os.Remove(old.path)
	}
}
