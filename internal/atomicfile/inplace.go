package atomicfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile/location"
)

// A journal holds the old and the new bytes of a file that is being overwritten
// in place. It is written like any other file here, so it is complete or absent:
//
//	portico journal 1
//	"<target>"
//	<length of old> <length of new> <sha256 of old and new>
//	<old><new>
//
// As long as it exists the write is not known to have finished. What the target
// then holds says what happened, see repair.
const (
	journalSuffix = location.JournalSuffix
	journalMagic  = "portico journal 1\n"
	// sector is the unit in which a disk may have kept or lost a write.
	sector = 512
)

type journal struct {
	target    string
	old, next []byte
}

func (o Options) journalPath(path string) string { return location.Journal(o.JournalDir, path) }

// Interrupted tells whether a write in place to path has begun and not
// finished: its writer is at work under the caller's lock, or died. It costs
// one look at the file system.
func (o Options) Interrupted(path string) bool {
	target, err := o.target(path)
	if err != nil {
		return false
	}
	_, err = os.Lstat(o.journalPath(target))
	return err == nil
}

// Repair puts back the old bytes of a file whose write in place was cut short.
// Every Write with InPlace begins with it. Call it under the lock that guards
// the file.
func (o Options) Repair(path string) error {
	if o.sys == nil {
		o.sys = realSystem()
	}
	target, err := o.target(path)
	if err != nil {
		return err
	}
	return o.repair(target)
}

func (o Options) repair(target string) error {
	name := o.journalPath(target)
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("repair %s: %w", target, err)
	}
	j, ok := decodeJournal(raw)
	if !ok || j.target != target {
		return o.setAside(name)
	}
	is, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("repair %s: %w", target, err)
	}
	switch {
	case err != nil:
		return o.setAside(name)
	case bytes.Equal(is, j.old), bytes.Equal(is, j.next):
		return o.drop(name)
	case torn(is, j.old, j.next):
		if err := o.overwrite(target, j.old); err != nil {
			return fmt.Errorf("repair %s from %s: %w", target, name, err)
		}
		return o.drop(name)
	default:
		// Somebody else has written since. Their bytes stay, ours are kept too.
		return o.setAside(name)
	}
}

// writeInPlace overwrites target, which exists.
func (o Options) writeInPlace(target string, data []byte) error {
	old, err := os.ReadFile(target)
	if err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	if bytes.Equal(old, data) {
		return nil
	}
	name := o.journalPath(target)
	if err := makeParents(o.sys, filepath.Dir(name)); err != nil {
		return fmt.Errorf("back up %s: %w", target, err)
	}
	sweep(filepath.Dir(name))
	record := journal{target: target, old: old, next: data}.encode()
	if err := (Options{Perm: 0o600, sys: o.sys}).replace(name, nil, record); err != nil {
		_ = o.sys.remove(name)
		return fmt.Errorf("back up %s: %w", target, err)
	}
	if err := o.overwrite(target, data); err != nil {
		if back := o.overwrite(target, old); back != nil {
			return fmt.Errorf("write %s: %w; the old bytes are kept in %s", target, err, name)
		}
		return errors.Join(fmt.Errorf("write %s: %w", target, err), o.drop(name))
	}
	return o.drop(name)
}

// overwrite makes the bytes of an existing file be data. The file is cut last,
// so that a crash leaves a mixture that repair recognises.
func (o Options) overwrite(target string, data []byte) error {
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = o.sys.writeAt(f, data, 0)
	if err == nil {
		err = o.sys.truncate(f, int64(len(data)))
	}
	if err == nil {
		err = o.sys.sync(f)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	return o.sys.closeFile(f)
}

// drop removes a journal for good.
func (o Options) drop(name string) error {
	if err := o.sys.remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return o.sys.syncDir(filepath.Dir(name))
}

// setAside keeps a journal whose file has moved on, under a name nobody reads.
func (o Options) setAside(name string) error {
	kept := fmt.Sprintf("%s.%d.kept", name, time.Now().UnixNano())
	if err := o.sys.rename(name, kept); err != nil {
		return err
	}
	return o.sys.syncDir(filepath.Dir(name))
}

// torn tells whether bytes are what an interrupted overwrite of old with next
// leaves: the beginning of next before the rest of old, or, after a power cut,
// sectors of either or of zeros.
func torn(is, old, next []byte) bool {
	k := 0
	for k < len(is) && k < len(next) && is[k] == next[k] {
		k++
	}
	// Where a shorter beginning fits, the longest one does: what follows it in
	// is then equal to old anyway.
	if bytes.Equal(is[k:], old[min(k, len(old)):]) {
		return true
	}
	if len(is) > max(len(old), len(next)) || len(is) < min(len(old), len(next)) {
		return false
	}
	for at := 0; at < len(is); at += sector {
		end := min(at+sector, len(is))
		part := is[at:end]
		if !partOf(part, old, at) && !partOf(part, next, at) && len(bytes.Trim(part, "\x00")) > 0 {
			return false
		}
	}
	return true
}

func partOf(part, whole []byte, at int) bool {
	if at > len(whole) {
		return false
	}
	whole = whole[at:]
	if len(part) > len(whole) {
		// Past the end of the shorter version a disk holds zeros.
		return bytes.Equal(part[:len(whole)], whole) && len(bytes.Trim(part[len(whole):], "\x00")) == 0
	}
	return bytes.Equal(part, whole[:len(part)])
}

func (j journal) encode() []byte {
	sum := sha256.New()
	sum.Write(j.old)
	sum.Write(j.next)
	var b bytes.Buffer
	b.WriteString(journalMagic)
	b.WriteString(strconv.Quote(j.target) + "\n")
	fmt.Fprintf(&b, "%d %d %x\n", len(j.old), len(j.next), sum.Sum(nil))
	b.Write(j.old)
	b.Write(j.next)
	return b.Bytes()
}

func decodeJournal(raw []byte) (journal, bool) {
	rest, ok := bytes.CutPrefix(raw, []byte(journalMagic))
	if !ok {
		return journal{}, false
	}
	quoted, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return journal{}, false
	}
	target, err := strconv.Unquote(string(quoted))
	if err != nil {
		return journal{}, false
	}
	numbers, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return journal{}, false
	}
	var oldLen, newLen int
	var want string
	if _, err := fmt.Sscanf(string(numbers), "%d %d %s", &oldLen, &newLen, &want); err != nil {
		return journal{}, false
	}
	sum := sha256.Sum256(rest)
	if oldLen < 0 || newLen < 0 || oldLen+newLen != len(rest) || hex.EncodeToString(sum[:]) != want {
		return journal{}, false
	}
	return journal{target: target, old: rest[:oldLen], next: rest[oldLen:]}, true
}
