package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// unprivileged runs f in a thread whose file accesses are those of an ordinary
// user, who owns dir. The thread ends with f.
func unprivileged(t *testing.T, dir string, f func()) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		f()
		return
	}
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread must not serve others
		if err := unix.Setfsuid(nobody); err != nil {
			done <- err
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestUnwritable(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "config")
		put(t, path, "old")
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
		unprivileged(t, dir, func() {
			err := config().Write(path, []byte("new"))
			if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want permission denied with the path", err)
			}
		})
		wantText(t, path, "old")
		wantMode(t, path, 0o400)
		wantNames(t, dir, "config")
	})
	t.Run("directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "aws")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "config")
		put(t, path, "old")
		unprivileged(t, dir, func() {
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Error(err)
			}
			err := config().Write(path, []byte("new"))
			if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want permission denied with the path", err)
			}
		})
		wantText(t, path, "old")
		wantNames(t, dir, "config")
	})
}

// mounts runs f in a thread with a mount table of its own.
func mounts(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
}

func TestBindMountedFile(t *testing.T) {
	dir := t.TempDir()
	path, outside := filepath.Join(dir, "config"), filepath.Join(dir, "outside")
	put(t, path, "hidden")
	put(t, outside, "old")
	mounts(t, func() {
		if err := unix.Mount(outside, path, "", unix.MS_BIND, ""); err != nil {
			t.Error(err)
			return
		}
		if err := config().Write(path, []byte("new")); err != nil {
			t.Error(err)
		}
		wantText(t, path, "new")
		wantNames(t, dir, "config", "outside")
	})
	if !t.Failed() {
		wantText(t, outside, "new")
	}
}

func TestFullDisk(t *testing.T) {
	for _, linked := range []bool{false, true} {
		dir := t.TempDir()
		mounts(t, func() {
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=700"); err != nil {
				t.Error(err)
				return
			}
			path := filepath.Join(dir, "config")
			old := strings.Repeat("o", 20_000)
			put(t, path, old)
			names := []string{"config"}
			if linked {
				if err := os.Link(path, filepath.Join(dir, "other")); err != nil {
					t.Error(err)
				}
				names = append(names, "other")
			}
			err := config().Write(path, []byte(strings.Repeat("n", 60_000)))
			if !errors.Is(err, unix.ENOSPC) {
				t.Errorf("got %v, want %v", err, unix.ENOSPC)
			}
			wantText(t, path, old)
			wantNames(t, dir, names...)
		})
	}
}
