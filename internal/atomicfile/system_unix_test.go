//go:build unix

package atomicfile

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const errMounted = syscall.EBUSY

// TestMain turns the test binary into the child of the tests that kill one.
func TestMain(m *testing.M) {
	if path := os.Getenv("ATOMICFILE_TEST_WRITE"); path != "" {
		writeForever(path)
	}
	if path := os.Getenv("ATOMICFILE_TEST_LOCK"); path != "" {
		holdForever(path)
	}
	if os.Getenv("ATOMICFILE_TEST_WAIT") != "" {
		fmt.Println("waiting")
		select {}
	}
	os.Exit(m.Run())
}

func writeForever(path string) {
	for i := 0; ; i++ {
		if err := config().Write(path, pattern(i)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("wrote")
	}
}

func holdForever(path string) {
	if _, err := TryLock(path); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("locked")
	select {}
}

// pattern is one of several texts of different lengths, none the beginning of another.
func pattern(i int) []byte {
	c := string(rune('a' + i%7))
	return []byte(strings.Repeat(c, 3000*(1+i%5)) + "\n")
}

func intact(data []byte) bool {
	for i := range 35 {
		if string(data) == string(pattern(i)) {
			return true
		}
	}
	return false
}

// child starts this test binary as a child that reads its job from env.
func child(t *testing.T, env string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestKilledWriter(t *testing.T) {
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	for _, linked := range []bool{false, true} {
		t.Run(fmt.Sprintf("linked=%t", linked), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config")
			put(t, path, string(pattern(0)))
			names := []string{"config"}
			if linked {
				if err := os.Link(path, filepath.Join(dir, "other")); err != nil {
					t.Fatal(err)
				}
				names = append(names, "other")
			}
			for range rounds {
				cmd, lines := child(t, "ATOMICFILE_TEST_WRITE="+path)
				for range rand.IntN(6) {
					if lines.Scan() && lines.Text() != "wrote" {
						t.Fatalf("got %q, want a write", lines.Text())
					}
				}
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				if err := config().Repair(path); err != nil {
					t.Fatal(err)
				}
				data, err := os.ReadFile(path)
				if err != nil || !intact(data) {
					t.Fatalf("got %d bytes, %v, want one of the texts written", len(data), err)
				}
			}
			if err := config().Write(path, []byte("last")); err != nil {
				t.Fatal(err)
			}
			wantNames(t, dir, names...)
		})
	}
}

func TestUmask(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077, 0o177, 0o777} {
		t.Run(fmt.Sprintf("%o", mask), func(t *testing.T) {
			dir := t.TempDir()
			old := syscall.Umask(mask)
			defer syscall.Umask(old)
			path := filepath.Join(dir, "new", "file")
			if err := Write(path, []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			unlock, err := TryLock(filepath.Join(dir, "locks", "lock"))
			if err != nil {
				t.Fatal(err)
			}
			unlock()
			wantMode(t, filepath.Join(dir, "new"), 0o700)
			wantMode(t, path, 0o600)
			wantMode(t, filepath.Join(dir, "locks"), 0o700)
			wantMode(t, filepath.Join(dir, "locks", "lock"), 0o600)
		})
	}
}

func TestStrictRefusesSharedDirectories(t *testing.T) {
	for mode, refused := range map[os.FileMode]bool{0o700: false, 0o755: false, 0o777: true, 0o757: true, 0o1777: true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		put(t, path, "old")
		if err := syscall.Chmod(dir, uint32(mode)); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, []byte("new"), 0o600); isUnsafe(err) != refused {
			t.Errorf("mode %o: got %v, want refused %t", mode, err, refused)
		}
		if err := Private(path); isUnsafe(err) != refused {
			t.Errorf("mode %o: got %v, want refused %t", mode, err, refused)
		}
	}
}

func TestPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	if err := Private(path); err != nil {
		t.Errorf("no file: got %v, want none", err)
	}
	if err := Private(filepath.Join(dir, "missing", "token")); err != nil {
		t.Errorf("no directory: got %v, want none", err)
	}
	put(t, path, "x")
	if err := Private(path); err != nil {
		t.Errorf("own file: got %v, want none", err)
	}
	if err := os.Chmod(path, 0o602); err != nil {
		t.Fatal(err)
	}
	if err := Private(path); !isUnsafe(err) {
		t.Errorf("file others write to: got %v, want *UnsafeError", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if err := Private(path); !isUnsafe(err) {
		t.Errorf("somebody else's file: got %v, want *UnsafeError", err)
	}
}

func TestOwnerIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "config")
	put(t, path, "old")
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := config().Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if st.Uid != 12345 || st.Gid != 23456 || info.Mode().Perm() != 0o640 {
		t.Errorf("got %d:%d %o, want 12345:23456 640", st.Uid, st.Gid, info.Mode().Perm())
	}
}
