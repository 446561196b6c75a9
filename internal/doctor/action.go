package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// Kinds of [Action].
const (
	Chmod    = "chmod"
	Remove   = "remove"
	SetAside = "set aside"
	Append   = "append"
	CopyFile = "copy"
)

// asideSuffix is what a file is called that was moved out of the way.
const asideSuffix = ".corrupt"

// An Action is a cure that is no edit of the config.
type Action struct {
	Kind string
	Path string
	To   string // of CopyFile
	Mode uint32 // of Chmod
	Text string // of Append
}

// String says what it does.
func (a Action) String() string {
	switch a.Kind {
	case Chmod:
		return fmt.Sprintf("chmod %o %s", a.Mode, word(a.Path))
	case Remove:
		return "remove " + word(a.Path)
	case SetAside:
		return fmt.Sprintf("move %s to %s", word(a.Path), word(a.Path+asideSuffix))
	case CopyFile:
		return fmt.Sprintf("copy the sign-in %s to %s", word(a.Path), word(a.To))
	}
	return fmt.Sprintf("add to %s: %s", word(a.Path), strings.Join(strings.Fields(a.Text), " "))
}

// Do does it. What is done already, or gone, is no error.
func (a Action) Do() error {
	err := a.do()
	if errors.Is(err, fs.ErrNotExist) && a.Kind != Append {
		return nil
	}
	return err
}

func (a Action) do() error {
	switch a.Kind {
	case Chmod:
		return os.Chmod(a.Path, fs.FileMode(a.Mode))
	case Remove:
		// A lease is a directory with one empty file.
		if entries, err := os.ReadDir(a.Path); err == nil {
			for _, e := range entries {
				if err := os.Remove(a.Path + string(os.PathSeparator) + e.Name()); err != nil {
					return err
				}
			}
		}
		return os.Remove(a.Path)
	case SetAside:
		return os.Rename(a.Path, a.Path+asideSuffix)
	case CopyFile:
		data, err := os.ReadFile(a.Path)
		if err != nil {
			return err
		}
		return atomicfile.Write(a.To, data, 0o600)
	}
	old, err := os.ReadFile(a.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	return atomicfile.Options{Perm: 0o644, FollowLinks: true, Keep: true}.Write(a.Path, append(old, a.Text...))
}
