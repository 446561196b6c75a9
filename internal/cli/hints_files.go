package cli

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
)

// fileCure says what helps where a file cannot be read or written: one of the AWS
// tools', or one in stateDir.
func fileCure(err error, stateDir string) string {
	path, ofFile := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "The disk or your share of it is full. What was there is as it was: make room and try again."
	case errors.Is(err, syscall.EROFS):
		return "The home directory is read-only here. What is cached is good until it expires; sign in, or change settings, where it can be written."
	case ofFile && errors.Is(err, fs.ErrPermission):
		theirs := "~/.aws"
		if within, err := filepath.Rel(stateDir, path.Path); err == nil && filepath.IsLocal(within) {
			theirs = quoteWord(stateDir)
		}
		return "See who owns it: ls -ld " + quoteWord(filepath.Dir(path.Path)) + "\nWhat a run as root left behind you get back with: sudo chown -R \"$(id -un)\" " + theirs
	}
	return ""
}
