package awsconfig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// Files are the config file and the credentials file on disk.
type Files struct {
	Config, Credentials string
	// LockDir holds the locks that keep two edits apart, and the journals of
	// writes in place; empty means beside the files.
	LockDir string
	// Backups keep what the config file was before each change; nil keeps nothing.
	Backups *Backups
	// ConfigShown and CredentialsShown are the paths as somebody configured
	// them, before ~ and variables were expanded.
	ConfigShown, CredentialsShown string
}

// Edit is one section's changes. The section's kind says which file it is in.
type Edit struct {
	Section Section
	Set     []KeyValue

	// Remove takes the whole section out, see [Document.Remove].
	Remove bool

	// Rename, of a section of the config file, gives it another name before Set is
	// made there, see [Document.Rename]; "" keeps the one it has.
	Rename string

	// Check is asked before the edit is made, when nobody else can make another, with
	// the keys that the section itself has; nil where there is no section. An error
	// of it is Update's, and nothing is changed. Nil: nobody asks.
	Check func(own map[string]string) error
}

// repairWait bounds how long a reader waits for a write in place to end.
const repairWait = 10 * time.Second

// Load reads both files. A file that does not exist, or is no regular file, is
// empty.
func (f Files) Load() (*Config, error) {
	config, err := f.read(f.Config)
	if err != nil {
		return nil, err
	}
	credentials, err := f.read(f.Credentials)
	if err != nil {
		return nil, err
	}
	return NewConfig(config, credentials), nil
}

func (f Files) read(path string) (*Document, error) {
	if f.options().Interrupted(path) {
		if err := f.repair(path); err != nil {
			return nil, err
		}
	}
	data, _, err := readRegular(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// repair waits for a write in place to end, or ends it for a writer that died.
func (f Files) repair(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), repairWait)
	defer cancel()
	target, err := atomicfile.Resolve(path)
	if err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(ctx, f.lockPath(target))
	if err != nil {
		return err
	}
	defer unlock()
	return f.options().Repair(path)
}

// readRegular returns no data, and false, for what is not there or not a
// regular file.
func readRegular(path string) ([]byte, bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case !info.Mode().IsRegular():
		return nil, false, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (f Files) options() atomicfile.Options {
	return atomicfile.Options{
		Perm:        0o600,
		FollowLinks: true,
		Keep:        true,
		InPlace:     true,
		JournalDir:  f.LockDir,
	}
}

// lockPath names the lock of a file by where its bytes are, so that two links
// to one file share it.
func (f Files) lockPath(target string) string {
	if f.LockDir == "" {
		return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".portico-lock")
	}
	sum := sha256.Sum256([]byte(target))
	return filepath.Join(f.LockDir, filepath.Base(target)+"-"+hex.EncodeToString(sum[:6])+".lock")
}

// pending is one file during an update.
type pending struct {
	path, target string
	old, new     []byte
	existed      bool
	doc          *Document
	before       snapshot
	unkeep       func() // takes back the note of the change; nil: there is none
}

// Update applies all edits or none. It takes the files' locks, waiting until
// ctx ends, reads them afresh and writes only what changed; changed is false
// when nothing did. Programs that know nothing of the locks may write at the
// same time: an update that sees them do so starts over.
func (f Files) Update(ctx context.Context, edits ...Edit) (changed bool, err error) {
	files, err := f.pending(edits)
	if err != nil {
		return false, err
	}
	return f.locked(ctx, files, func() error { return f.edit(files, edits) })
}

// locked takes the locks, has the files' new bytes made, and writes them; again and
// again where other programs write at the same time.
func (f Files) locked(ctx context.Context, files []*pending, edit func() error) (changed bool, err error) {
	// Whoever holds a lock is alive and makes one edit.
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for _, p := range files {
		path := f.lockPath(p.target)
		unlock, err := atomicfile.Lock(waiting, path)
		if _, held := errors.AsType[*atomicfile.LockedError](err); err != nil && !held {
			return false, &NoLockError{File: p.path, Dir: filepath.Dir(path), Cause: err}
		}
		if err != nil {
			return false, err
		}
		defer unlock()
	}
	const tries = 10
	for range tries {
		if err := edit(); err != nil {
			return false, err
		}
		changed, again, err := f.write(ctx, files)
		if !again {
			return changed, err
		}
	}
	return false, fmt.Errorf("update %s: another program keeps changing it", files[0].path)
}

// lockWait is how long another program's edit may take.
const lockWait = 45 * time.Second

// errMoved says that a file is no longer what was read.
var errMoved = errors.New("the file was changed by another program")

// pending are the files the edits concern.
func (f Files) pending(edits []Edit) ([]*pending, error) {
	var paths []string
	for _, path := range []string{f.Config, f.Credentials} {
		if slices.ContainsFunc(edits, func(e Edit) bool { return f.pathOf(e.Section) == path }) {
			paths = append(paths, path)
		}
	}
	return f.pendingAt(paths...)
}

// pendingAt are files always in the same order, so that two updates cannot wait
// for each other.
func (f Files) pendingAt(paths ...string) ([]*pending, error) {
	var files []*pending
	for _, path := range paths {
		target, err := atomicfile.Resolve(path)
		if err != nil {
			return nil, err
		}
		if len(files) > 0 && files[0].target == target {
			continue
		}
		files = append(files, &pending{path: path, target: target})
	}
	if len(files) == 2 && files[0].target > files[1].target {
		slices.Reverse(files)
	}
	return files, nil
}

func (f Files) pathOf(s Section) string {
	if s.Kind == KindCredentials {
		return f.Credentials
	}
	return f.Config
}

// readAgain reads what a file is, after an end to what a dead writer began.
func (f Files) readAgain(p *pending) error {
	err := f.options().Repair(p.path)
	if err == nil {
		p.old, p.existed, err = readRegular(p.path)
	}
	return err
}

// edit reads every file and changes its document.
func (f Files) edit(files []*pending, edits []Edit) error {
	for _, p := range files {
		err := f.readAgain(p)
		if err != nil {
			return err
		}
		if p.doc, err = Parse(p.path, p.old); err != nil {
			return err
		}
		p.before = p.doc.snapshot()
	}
	for len(edits) > 0 {
		p := files[0]
		if target, err := atomicfile.Resolve(f.pathOf(edits[0].Section)); err != nil {
			return err
		} else if p.target != target {
			p = files[len(files)-1]
		}
		together := f.together(edits)
		if err := p.edit(edits[:together]); err != nil {
			return err
		}
		edits = edits[together:]
	}
	for _, p := range files {
		p.new = p.doc.Bytes()
		if bytes.Equal(p.old, p.new) {
			continue
		}
		// The file is the user's: before it is replaced, what will be read from
		// it is compared with what was meant.
		after, err := Parse(p.path, p.new)
		if err != nil {
			return fmt.Errorf("update %s: the edit would leave a file nobody can read: %w", p.path, err)
		}
		if difference := p.before.difference(after.snapshot()); difference != "" {
			return fmt.Errorf("update %s: the edit would change more than was asked: %s", p.path, difference)
		}
	}
	return nil
}

// together is how many of the edits, from the first on, concern one file, and are
// either changes or removals of different sections.
func (f Files) together(edits []Edit) int {
	removed := map[Section]bool{}
	for n, e := range edits {
		if e.Remove != edits[0].Remove || f.pathOf(e.Section) != f.pathOf(edits[0].Section) || removed[e.Section] {
			return n
		}
		if e.Remove {
			removed[e.Section] = true
		}
	}
	return len(edits)
}

// edit makes edits that go together.
func (p *pending) edit(edits []Edit) error {
	var gone []Section
	for _, e := range edits {
		if e.Check != nil {
			if err := e.Check(p.doc.own(e.Section)); err != nil {
				return err
			}
		}
		if e.Remove {
			gone = append(gone, e.Section)
			continue
		}
		if e.Rename != "" {
			p.before.rename(e.Section, e.Rename)
			if err := p.doc.Rename(e.Section, e.Rename); err != nil {
				return err
			}
			e.Section.Name = e.Rename
		}
		if err := p.doc.Edit(e.Section, e.Set); err != nil {
			return err
		}
		p.before.apply(e)
	}
	p.before.remove(gone)
	p.doc.removeAll(gone)
	return nil
}

// write replaces the files that changed. When the second fails the first is put
// back. again asks for a new round because a file moved on meanwhile.
func (f Files) write(ctx context.Context, files []*pending) (changed, again bool, err error) {
	var written []*pending
	for _, p := range files {
		if bytes.Equal(p.old, p.new) {
			continue
		}
		err := ctx.Err()
		if err == nil {
			f.keep(p, files)
			err = p.unmoved() // as late as can be: what another program writes after it is lost
		}
		if err == nil {
			err = f.options().Write(p.path, p.new)
		}
		if err != nil {
			p.forget()
			for _, w := range written {
				err = errors.Join(err, f.putBack(w))
				w.forget()
			}
			return false, errors.Is(err, errMoved), err
		}
		written = append(written, p)
	}
	return len(written) > 0, false, nil
}

// keep has a backup made of a config file that is about to change.
func (f Files) keep(p *pending, files []*pending) {
	p.unkeep = nil
	if f.Backups == nil || p.path != f.Config {
		return
	}
	also := slices.ContainsFunc(files, func(o *pending) bool { return o != p && !bytes.Equal(o.old, o.new) })
	var err error
	if p.unkeep, err = f.Backups.keep(p, also); err != nil {
		f.Backups.Warn(fmt.Errorf("no backup was made of %s, so that undo cannot take this change back: %w", p.path, err))
	}
}

// forget takes the note of a change back that was not made, or no longer is.
func (p *pending) forget() {
	if p.unkeep == nil {
		return
	}
	if now, _, err := readRegular(p.path); err == nil && !bytes.Equal(now, p.new) {
		p.unkeep()
	}
}

func (p *pending) unmoved() error {
	now, existed, err := readRegular(p.path)
	if err != nil {
		return err
	}
	if existed != p.existed || !bytes.Equal(now, p.old) {
		return errMoved
	}
	return nil
}

func (f Files) putBack(p *pending) error {
	if !p.existed {
		return os.Remove(p.target)
	}
	return f.options().Write(p.path, p.old)
}

// CredentialsExposed tells whether other users may read or write the
// credentials file.
func (f Files) CredentialsExposed() bool {
	if runtime.GOOS == "windows" {
		return false
	}
	info, err := os.Stat(f.Credentials)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0
}
