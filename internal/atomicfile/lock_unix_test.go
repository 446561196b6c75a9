//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestLockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	cmd, lines := child(t, "ATOMICFILE_TEST_LOCK="+path)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatalf("got %q, want locked", lines.Text())
	}
	var locked *LockedError
	if _, err := TryLock(path); !errors.As(err, &locked) || locked.Holder != cmd.Process.Pid {
		t.Errorf("got %v, want *LockedError naming process %d", err, cmd.Process.Pid)
	}
	if want := fmt.Sprintf("%s is locked by process %d", path, cmd.Process.Pid); locked != nil && locked.Error() != want {
		t.Errorf("got %q, want %q", locked, want)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	unlock, err := TryLock(path)
	if err != nil {
		t.Fatalf("after the holder's death: %v", err)
	}
	unlock()
}

func TestLockIsNotInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd, lines := child(t, "ATOMICFILE_TEST_WAIT=1")
	if !lines.Scan() {
		t.Fatal("the child said nothing")
	}
	unlock()
	again, err := TryLock(path)
	if err != nil {
		t.Errorf("got %v while a child lives, want the lock free", err)
	} else {
		again()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func TestLockRefusesLinks(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "lock"), filepath.Join(dir, "victim")
	put(t, victim, "precious")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); err == nil {
		t.Error("got the lock through a planted link, want an error")
	}
	wantText(t, victim, "precious")
}
