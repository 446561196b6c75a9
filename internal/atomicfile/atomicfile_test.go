package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// config are the options the AWS files are written with.
func config() Options {
	return Options{FollowLinks: true, Keep: true, InPlace: true}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s: got mode %o, want %o", path, got, want)
	}
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got files %q, want %q", dir, got, want)
	}
}

func TestWriteMakesFileAndParents(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "file")
	if err := Write(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, path, "one")
	wantMode(t, path, 0o600)
	wantMode(t, filepath.Join(dir, "a"), 0o700)
	wantMode(t, filepath.Join(dir, "a", "b"), 0o700)

	if err := Write(path, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, path, "two")
	wantNames(t, filepath.Dir(path), "file")
}

func TestWriteTightensModeUnlessKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := config().Write(path, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o640)
	if err := Write(path, []byte("tight"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o600)
}

func TestWriteThroughLinks(t *testing.T) {
	for _, c := range []struct {
		name   string
		link   string // what config points to, relative to home
		target string // where the bytes must end
	}{
		{"relative", "../dotfiles/config", "dotfiles/config"},
		{"chain", "../dotfiles/again", "dotfiles/config"},
		{"dangling", "../dotfiles/new", "dotfiles/new"},
		{"missing directory", "../elsewhere/deep/new", "elsewhere/deep/new"},
		{"parent of a linked directory", "linked/../sibling", "far/sibling"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for _, dir := range []string{"home", "dotfiles", "far/away"} {
				if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			put(t, filepath.Join(root, "dotfiles/config"), "old")
			link := filepath.Join(root, "home/config")
			for from, to := range map[string]string{"home/config": c.link, "dotfiles/again": "config", "home/linked": "../far/away"} {
				if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
					t.Skip(err)
				}
			}
			target := filepath.Join(root, c.target)
			if got, err := Resolve(link); err != nil || got != target {
				t.Errorf("got %s, %v, want %s", got, err, target)
			}
			if err := config().Write(link, []byte("new")); err != nil {
				t.Fatal(err)
			}
			wantText(t, target, "new")
			if got, err := os.Readlink(link); err != nil || got != c.link {
				t.Errorf("the link: got %q, %v, want %q", got, err, c.link)
			}
			if err := Write(link, []byte("planted"), 0o600); !isUnsafe(err) {
				t.Errorf("strict write: got %v, want *UnsafeError", err)
			}
			wantText(t, target, "new")
			if err := Private(link); !isUnsafe(err) {
				t.Errorf("private: got %v, want *UnsafeError", err)
			}
		})
	}
}

func isUnsafe(err error) bool {
	var unsafe *UnsafeError
	return errors.As(err, &unsafe)
}

func TestResolveLoop(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{"a": "b", "b": "a"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip(err)
		}
	}
	if got, err := Resolve(filepath.Join(dir, "a")); err == nil {
		t.Errorf("got %s, want an error", got)
	}
}

func TestWriteRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []Options{{}, config()} {
		if err := o.Write(dir, nil); !isUnsafe(err) {
			t.Errorf("got %v, want *UnsafeError", err)
		}
	}
}

var errDisk = errors.New("input/output error")

// TestFaults makes every step fail in turn.
func TestFaults(t *testing.T) {
	once := func(n int) func() error {
		return func() error {
			n--
			if n == 0 {
				return errDisk
			}
			return nil
		}
	}
	for _, c := range []struct {
		step   string
		inject func(s *system)
	}{
		{"create", func(s *system) {
			s.create = func(string, string) (*os.File, error) { return nil, errDisk }
		}},
		{"write", func(s *system) {
			s.writeAt = func(f *os.File, data []byte, offset int64) error {
				_, _ = f.WriteAt(data[:len(data)/2], offset)
				return errDisk
			}
		}},
		{"sync", func(s *system) {
			fail := once(1)
			s.sync = func(f *os.File) error { return errors.Join(f.Sync(), fail()) }
		}},
		{"close", func(s *system) {
			fail := once(1)
			s.closeFile = func(f *os.File) error { return errors.Join(f.Close(), fail()) }
		}},
		{"rename", func(s *system) { s.rename = func(string, string) error { return errDisk } }},
	} {
		for _, o := range []Options{{}, config()} {
			t.Run(fmt.Sprintf("%s keep=%t", c.step, o.Keep), func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "file")
				put(t, path, "old bytes")
				o.sys = realSystem()
				c.inject(o.sys)
				if err := o.Write(path, []byte("new bytes, longer")); !errors.Is(err, errDisk) {
					t.Errorf("got %v, want %v", err, errDisk)
				}
				wantText(t, path, "old bytes")
				wantNames(t, dir, "file")
			})
		}
	}
	t.Run("directory sync", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		o := Options{sys: realSystem()}
		o.sys.syncDir = func(string) error { return errDisk }
		if err := o.Write(path, []byte("new")); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want %v: success must mean durable", err, errDisk)
		}
	})
	t.Run("new parents", func(t *testing.T) {
		dir := t.TempDir()
		o := Options{sys: realSystem()}
		var synced []string
		inner := o.sys.syncDir
		o.sys.syncDir = func(dir string) error {
			synced = append(synced, dir)
			return inner(dir)
		}
		if err := o.Write(filepath.Join(dir, "a", "b", "file"), []byte("new")); err != nil {
			t.Fatal(err)
		}
		if want := []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}; !slices.Equal(synced, want) {
			t.Errorf("got %q synced, want %q: a file in a directory that is not durable is not either", synced, want)
		}
	})
}

// A disk that is full but for a few bytes has no room for what is to be stored.
func TestCheckWritableOnAnAlmostFullDisk(t *testing.T) {
	dir := t.TempDir()
	sys := realSystem()
	inner := sys.writeAt
	sys.writeAt = func(f *os.File, data []byte, at int64) error {
		if len(data) > 4<<10 {
			return errDisk
		}
		return inner(f, data, at)
	}
	if err := tryWriting(sys, filepath.Join(dir, "token")); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
	wantNames(t, dir)
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().Unix()
	dead := 1 << 22 // above the highest process number Linux gives
	names := map[string]bool{
		fmt.Sprintf(".config.portico-%d-%s-%d-ABCDEFGHIJ.tmp", now, hostTag(), dead):         true,
		fmt.Sprintf(".config.portico-%d-%s-%d-ABCDEFGHIJ.tmp", now-4000, "ffffffff", 1):      true,
		fmt.Sprintf(".config.portico-%d-%s-%d-ABCDEFGHIJ.tmp", now, "ffffffff", dead):        false,
		fmt.Sprintf(".config.portico-%d-%s-%d-ABCDEFGHIJ.tmp", now, hostTag(), os.Getpid()):  false,
		fmt.Sprintf(".config.portico-%d-%s-%d-ABCDEFGHIJ.tmp", now, hostTag(), os.Getppid()): false,
		".config.portico-journal":        false,
		".config.tmp":                    false,
		"config.portico-1-x-1-A.tmp":     false,
		".config.portico-x-y-z-w.tmp":    false,
		".config.portico-1-x-0-A.tmp":    false,
		".config.portico-1-ffffff-1.tmp": false,
	}
	if runtime.GOOS == "windows" {
		t.Skip("the process numbers here are Unix ones")
	}
	for name := range names {
		put(t, filepath.Join(dir, name), "litter")
	}
	if err := Write(filepath.Join(dir, "other"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, gone := range names {
		_, err := os.Lstat(filepath.Join(dir, name))
		if got := errors.Is(err, fs.ErrNotExist); got != gone {
			t.Errorf("%s: got removed %t, want %t", name, got, gone)
		}
	}
}

func TestTempNameFits(t *testing.T) {
	base := strings.Repeat("n", 255)
	if got := len(tempName(base)); got > 255 {
		t.Errorf("got a name of %d bytes, want 255 at most", got)
	}
	if !strings.Contains(tempName("config"), ".config.portico-") {
		t.Errorf("got %s, want a name that tells what it is", tempName("config"))
	}
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 200))
	if err := config().Write(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestTempIsRecognised(t *testing.T) {
	dir := t.TempDir()
	f, name, err := createTemp(realSystem(), filepath.Join(dir, "config"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantMode(t, name, 0o600)
	if abandoned(filepath.Base(name), time.Now()) {
		t.Error("got a live temporary file swept, want it left")
	}
	if !abandoned(filepath.Base(name), time.Now().Add(2*time.Hour)) {
		t.Error("got an old temporary file left, want it swept")
	}
}

func TestInPlace(t *testing.T) {
	for _, c := range []struct {
		name   string
		inject func(t *testing.T, path string, s *system)
	}{
		{"hard link", func(t *testing.T, path string, _ *system) {
			if err := os.Link(path, path+".link"); err != nil {
				t.Skip(err)
			}
		}},
		{"bind mount", func(t *testing.T, path string, s *system) { refuseRename(s, path) }},
	} {
		for _, beside := range []bool{true, false} {
			for _, size := range []int{0, 3, 5000} {
				t.Run(fmt.Sprintf("%s beside=%t size=%d", c.name, beside, size), func(t *testing.T) {
					dir := t.TempDir()
					path := filepath.Join(dir, "config")
					put(t, path, strings.Repeat("old\n", 300))
					before, err := os.Stat(path)
					if err != nil {
						t.Fatal(err)
					}
					o := config()
					o.sys = realSystem()
					c.inject(t, path, o.sys)
					if !beside {
						o.JournalDir = filepath.Join(dir, "state")
					}
					journalled := false
					truncate := o.sys.truncate
					o.sys.truncate = func(f *os.File, n int64) error {
						journalled = o.Interrupted(path)
						return truncate(f, n)
					}
					want := strings.Repeat("n", size)
					if err := o.Write(path, []byte(want)); err != nil {
						t.Fatal(err)
					}
					wantText(t, path, want)
					if !journalled {
						t.Error("got no journal while the file was overwritten, want one")
					}
					if o.Interrupted(path) {
						t.Error("got a journal after success, want none")
					}
					after, err := os.Stat(path)
					if err != nil {
						t.Fatal(err)
					}
					if !os.SameFile(before, after) {
						t.Error("got another file, want the same one overwritten")
					}
				})
			}
		}
	}
}

// refuseRename makes path behave like a bind-mounted file.
func refuseRename(s *system, path string) {
	rename := s.rename
	s.rename = func(from, to string) error {
		if to == path {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: errMounted}
		}
		return rename(from, to)
	}
}

func TestInPlaceFaults(t *testing.T) {
	for _, step := range []string{"journal", "write", "truncate", "sync", "close"} {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config")
			put(t, path, "old bytes")
			o := config()
			o.sys = realSystem()
			refuseRename(o.sys, path)
			failed := false
			fail := func(f *os.File, at string) bool {
				if failed || step != at || f.Name() != path {
					return false
				}
				failed = true
				return true
			}
			writeAt, truncate, sync, closeFile, create := o.sys.writeAt, o.sys.truncate, o.sys.sync, o.sys.closeFile, o.sys.create
			o.sys.create = func(name, like string) (*os.File, error) {
				if step == "journal" && strings.Contains(name, journalSuffix) {
					return nil, errDisk
				}
				return create(name, like)
			}
			o.sys.writeAt = func(f *os.File, data []byte, at int64) error {
				if fail(f, "write") {
					return errors.Join(writeAt(f, data[:len(data)/2], at), errDisk)
				}
				return writeAt(f, data, at)
			}
			o.sys.truncate = func(f *os.File, n int64) error {
				if fail(f, "truncate") {
					return errDisk
				}
				return truncate(f, n)
			}
			o.sys.sync = func(f *os.File) error {
				if fail(f, "sync") {
					return errDisk
				}
				return sync(f)
			}
			o.sys.closeFile = func(f *os.File) error {
				if fail(f, "close") {
					return errors.Join(closeFile(f), errDisk)
				}
				return closeFile(f)
			}
			if err := o.Write(path, []byte("new bytes, longer")); !errors.Is(err, errDisk) {
				t.Errorf("got %v, want %v", err, errDisk)
			}
			wantText(t, path, "old bytes")
			wantNames(t, dir, "config")
		})
	}
}

// TestRepair leaves what a kill or a power cut in the middle of an overwrite
// leaves, and writes again.
func TestRepair(t *testing.T) {
	long := func(c string) []byte { return []byte(strings.Repeat(c, 2000)) }
	for _, c := range []struct {
		name     string
		old, new []byte
		is       []byte
		want     []byte // after repair
		kept     bool   // the journal was set aside
	}{
		{"not begun", []byte("old"), []byte("newer"), []byte("old"), []byte("old"), false},
		{"finished", []byte("old"), []byte("newer"), []byte("newer"), []byte("newer"), false},
		{"half of a longer", []byte("old"), []byte("newer"), []byte("new"), []byte("old"), false},
		{"half of a shorter", []byte("older"), []byte("new"), []byte("neder"), []byte("older"), false},
		{"not cut yet", []byte("older"), []byte("new"), []byte("newer"), []byte("older"), false},
		{"first sector lost", long("o"), long("n"), append(long("o")[:512], long("n")[512:]...), long("o"), false},
		{"sector of zeros", long("o"), long("n"), append(make([]byte, 512), long("n")[512:]...), long("o"), false},
		{"changed by others", []byte("old"), []byte("newer"), []byte("theirs"), []byte("theirs"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config")
			put(t, path, string(c.is))
			put(t, filepath.Join(dir, ".config.portico-journal"), string(journal{path, c.old, c.new}.encode()))
			if err := config().Repair(path); err != nil {
				t.Fatal(err)
			}
			wantText(t, path, string(c.want))
			if config().Interrupted(path) {
				t.Error("got a journal, want none")
			}
			kept, _ := filepath.Glob(filepath.Join(dir, ".config.portico-journal.*.kept"))
			if got := len(kept) == 1; got != c.kept {
				t.Errorf("got kept journals %q, want %t", kept, c.kept)
			}
		})
	}
	t.Run("every cut", func(t *testing.T) {
		for _, pair := range [][2]string{{"[a]\nk = 1\n", "[a]\nk = 2\nl = 3\n"}, {"[a]\nk = 2\nl = 3\n", "[a]\nk = 1\n"}} {
			old, next := []byte(pair[0]), []byte(pair[1])
			for k := range len(next) + 1 {
				is := append(bytes.Clone(next[:k]), old[min(k, len(old)):]...)
				if !torn(is, old, next) {
					t.Errorf("cut at %d: got %q not recognised", k, is)
				}
			}
		}
	})
	t.Run("damaged journal", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "config")
		put(t, path, "mine")
		put(t, filepath.Join(dir, ".config.portico-journal"), "portico journal 1\nrubbish")
		if err := config().Write(path, []byte("next")); err != nil {
			t.Fatal(err)
		}
		wantText(t, path, "next")
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("portico journal 1\n\"x\"\n1 1 00\nab"))
	f.Add(journal{"/home/a b\n/config", []byte("old"), []byte("new")}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		j, ok := decodeJournal(raw)
		if !ok {
			j = journal{target: "/t", old: raw, next: raw[len(raw)/2:]}
		}
		got, ok := decodeJournal(j.encode())
		if !ok || got.target != j.target || !bytes.Equal(got.old, j.old) || !bytes.Equal(got.next, j.next) {
			t.Errorf("got %+v, %t, want %+v", got, ok, j)
		}
	})
}
