// Package location knows where the bytes of a file are when its path is a symbolic
// link, and where the journal of an unfinished write to it would be. Package
// atomicfile writes; a program that only reads needs no more than this.
package location

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// JournalSuffix ends the name of every journal.
const JournalSuffix = ".portico-journal"

// Journal is the path of the journal of a write in place to target. It is in dir,
// or beside the target where dir is empty.
func Journal(dir, target string) string {
	base := Shorten(filepath.Base(target))
	if dir == "" {
		return filepath.Join(filepath.Dir(target), "."+base+JournalSuffix)
	}
	name := []byte(base + "-")
	sum := sha256.Sum256([]byte(target))
	for _, b := range sum[:6] { // encoding/hex would link fmt
		name = append(name, digits[b>>4], digits[b&0xf])
	}
	return filepath.Join(dir, string(name)+JournalSuffix)
}

const digits = "0123456789abcdef"

// maxBase leaves room in a file name for what is added to it.
const maxBase = 180

// Shorten makes room in a file name for what is added to it. macOS refuses a name
// cut inside a character.
func Shorten(base string) string {
	if len(base) > maxBase {
		return strings.ToValidUTF8(base[:maxBase], "")
	}
	return base
}

// maxLinks is more than any system follows.
const maxLinks = 255

// Resolve follows the chain of symbolic links that path is, and returns the
// absolute path of the file at its end, which need not exist. Directories on
// the way are resolved as the system does: ".." after a linked directory is
// the parent of the directory linked to.
func Resolve(path string) (string, error) {
	current, err := filepath.Abs(path)
	if err != nil {
		return "", &fs.PathError{Op: "locate", Path: path, Err: err}
	}
	for range maxLinks {
		info, err := os.Lstat(current)
		if errors.Is(err, fs.ErrNotExist) {
			return current, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return current, nil
		}
		link, err := os.Readlink(current)
		if err != nil {
			return "", err
		}
		if current, err = follow(filepath.Dir(current), link); err != nil {
			return "", err
		}
	}
	return "", &fs.PathError{Op: "resolve", Path: path, Err: errors.New("too many symbolic links")}
}

// follow is the file a link found in dir points to. Only the last element may
// be missing or a link itself.
func follow(dir, link string) (string, error) {
	raw := link
	if !filepath.IsAbs(link) {
		// No Join: it would fold ".." before the links are known.
		raw = dir + string(filepath.Separator) + link
	}
	for len(raw) > 1 && os.IsPathSeparator(raw[len(raw)-1]) {
		raw = raw[:len(raw)-1]
	}
	cut := len(raw) - 1
	for cut >= 0 && !os.IsPathSeparator(raw[cut]) {
		cut--
	}
	parent, base := raw[:cut+1], raw[cut+1:]
	if base == "" || base == "." || base == ".." {
		return filepath.EvalSymlinks(raw)
	}
	resolved, err := filepath.EvalSymlinks(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Clean(raw), nil
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(resolved, base), nil
}
