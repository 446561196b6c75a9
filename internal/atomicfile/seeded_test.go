//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// faultsOf makes each step of an algorithm fail in turn, and says what is wrong
// with the outcome.
func faultsOf(t *testing.T, write algorithm, _ bool) (problems []string, runs int) {
	t.Helper()
	for at := 1; ; at++ {
		dir := filepath.Join(scratch(t), "home")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "config")
		put(t, path, "old bytes")
		s := realSystem()
		step := failing(s, at, func(op string) error { return fmt.Errorf("%s: %w", op, errDisk) })
		err := write(s, path, []byte(newText()))
		if step() == "" {
			return problems, at // it has no more steps
		}
		is, _ := os.ReadFile(path)
		switch {
		case err == nil && string(is) != newText():
			problems = append(problems, fmt.Sprintf("%s failed, success was reported, and the file holds %.20q", step(), is))
		case err == nil:
			// Only a step that nothing depends on may fail unnoticed.
			problems = append(problems, fmt.Sprintf("%s failed, and success was reported", step()))
		case string(is) != "old bytes" && string(is) != newText():
			problems = append(problems, fmt.Sprintf("%s failed, and the file holds %.20q", step(), is))
		}
		for _, name := range must(entries(dir)) {
			if name != "config" {
				problems = append(problems, fmt.Sprintf("%s failed, and left %s", step(), name))
			}
		}
	}
}

// failing makes the at-th call fail, a write after half of it, a sync or a close
// after it was done, and returns which it was. From then on all goes well.
func failing(s *system, at int, fail func(op string) error) (step func() string) {
	inner, n, hit := *s, 0, ""
	fails := func(op string) bool {
		n++
		if n == at {
			hit = op
		}
		return n == at
	}
	s.create = func(name, like string) (*os.File, error) {
		if fails("create") {
			return nil, fail("create")
		}
		return inner.create(name, like)
	}
	s.chmod = func(f *os.File, perm fs.FileMode) error {
		if fails("chmod") {
			return fail("chmod")
		}
		return inner.chmod(f, perm)
	}
	s.writeAt = func(f *os.File, data []byte, offset int64) error {
		if fails("write") {
			return errors.Join(inner.writeAt(f, data[:len(data)/2], offset), fail("write"))
		}
		return inner.writeAt(f, data, offset)
	}
	s.truncate = func(f *os.File, size int64) error {
		if fails("truncate") {
			return fail("truncate")
		}
		return inner.truncate(f, size)
	}
	s.sync = func(f *os.File) error {
		if fails("sync") {
			return errors.Join(inner.sync(f), fail("sync"))
		}
		return inner.sync(f)
	}
	s.closeFile = func(f *os.File) error {
		if fails("close") {
			return errors.Join(inner.closeFile(f), fail("close"))
		}
		return inner.closeFile(f)
	}
	s.rename = func(from, to string) error {
		if fails("rename") {
			return fail("rename")
		}
		return inner.rename(from, to)
	}
	s.syncDir = func(dir string) error {
		if fails("syncDir") {
			return fail("syncDir")
		}
		return inner.syncDir(dir)
	}
	return func() string { return hit }
}

// killsOf ends the algorithm before each of its steps, as a kill would, and says
// what is wrong with what it leaves and with the next run.
func killsOf(t *testing.T, write algorithm, _ bool) (problems []string, runs int) {
	t.Helper()
	type kill struct{}
	for at := 1; ; at++ {
		dir := filepath.Join(scratch(t), "home")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "config")
		put(t, path, "old bytes")
		s := realSystem()
		step := failing(s, at, func(string) error { panic(kill{}) })
		func() {
			defer func() {
				if r := recover(); r != nil && r != (kill{}) {
					panic(r)
				}
			}()
			_ = write(s, path, []byte(newText()))
		}()
		if step() == "" {
			return problems, at
		}
		if is, err := os.ReadFile(path); err != nil || (string(is) != "old bytes" && string(is) != newText()) {
			problems = append(problems, fmt.Sprintf("killed at %s: the file holds %.20q, %v", step(), is, err))
		}
		for _, name := range must(entries(dir)) {
			if name == "config" {
				continue
			}
			if mode := must(os.Stat(filepath.Join(dir, name))).Mode(); mode != 0o600 {
				problems = append(problems, fmt.Sprintf("killed at %s: the file it left has mode %v", step(), mode))
			}
			// Its process is gone.
			gone := strings.Replace(name, "-"+strconv.Itoa(os.Getpid())+"-", "-"+strconv.Itoa(1<<22)+"-", 1)
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, gone)); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(realSystem(), path, []byte("next")); err != nil {
			problems = append(problems, fmt.Sprintf("killed at %s: the next run: %v", step(), err))
		}
		if names := must(entries(dir)); len(names) != 1 {
			problems = append(problems, fmt.Sprintf("killed at %s: after the next run there are %q", step(), names))
		}
	}
}

// modesOf says what an algorithm does to the modes of files.
func modesOf(t *testing.T, write algorithm, kept bool) (problems []string, runs int) {
	t.Helper()
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o644} {
		path := filepath.Join(scratch(t), "config")
		put(t, path, "old bytes")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := write(realSystem(), path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		want := fs.FileMode(0o600)
		if kept {
			want = mode
		}
		if is := must(os.Stat(path)).Mode(); is != want {
			problems = append(problems, fmt.Sprintf("the mode was %v, is %v, and should be %v", mode, is, want))
		}
	}
	return problems, 3
}

// A checker looks at an algorithm; kept says that it keeps modes and writes in
// place where it must.
type checker func(t *testing.T, write algorithm, kept bool) (problems []string, runs int)

var checkers = []struct {
	name  string
	check checker
}{{"power cuts", powerCuts}, {"faults", faultsOf}, {"kills", killsOf}, {"modes", modesOf}}

// broken is the real algorithm on a system that does something wrong.
func broken(breakIt func(s *system)) algorithm {
	return func(s *system, path string, data []byte) error {
		wrong := *s
		breakIt(&wrong)
		return replacing(&wrong, path, data)
	}
}

// seeded are mistakes that a program which replaces files can make.
var seeded = []struct {
	name  string
	write algorithm
	kept  bool
}{
	{name: "no fsync of the file", write: broken(func(s *system) { s.sync = func(*os.File) error { return nil } })},
	{name: "no fsync of the directory", write: broken(func(s *system) { s.syncDir = func(string) error { return nil } })},
	{name: "a failed fsync is ignored", write: broken(func(s *system) {
		sync := s.sync
		s.sync = func(f *os.File) error { _ = sync(f); return nil }
	})},
	{name: "a failed fsync of the directory is ignored", write: broken(func(s *system) {
		syncDir := s.syncDir
		s.syncDir = func(dir string) error { _ = syncDir(dir); return nil }
	})},
	{name: "a failed close is ignored", write: broken(func(s *system) {
		closeFile := s.closeFile
		s.closeFile = func(f *os.File) error { _ = closeFile(f); return nil }
	})},
	{name: "a failed write is ignored", write: broken(func(s *system) {
		writeAt := s.writeAt
		s.writeAt = func(f *os.File, data []byte, at int64) error { _ = writeAt(f, data, at); return nil }
	})},
	{name: "a partial write passes for a whole one", write: broken(func(s *system) {
		writeAt := s.writeAt
		s.writeAt = func(f *os.File, data []byte, at int64) error { return writeAt(f, data[:min(len(data), 4096)], at) }
	})},
	{name: "success is reported whatever became of the rename", write: broken(func(s *system) {
		rename := s.rename
		s.rename = func(from, to string) error { _ = rename(from, to); return nil }
	})},
	{name: "the old file is deleted before the rename", write: broken(func(s *system) {
		rename := s.rename
		s.rename = func(from, to string) error { return errors.Join(s.remove(to), rename(from, to)) }
	})},
	{name: "a temporary file is left after a failure", write: broken(func(s *system) { s.remove = func(string) error { return nil } })},
	{name: "a temporary file that others can read", write: broken(func(s *system) {
		create := s.create
		s.create = func(name, like string) (*os.File, error) {
			f, err := create(name, like)
			if err == nil {
				err = f.Chmod(0o644)
			}
			return f, err
		}
	})},
	{name: "a temporary file of no known name", write: broken(func(s *system) {
		names := map[string]string{}
		create, rename := s.create, s.rename
		s.create = func(name, like string) (*os.File, error) {
			names[name] = filepath.Join(filepath.Dir(name), fmt.Sprintf("config.tmp%d", len(must(entries(filepath.Dir(name))))))
			return create(names[name], like)
		}
		s.rename = func(from, to string) error { return rename(names[from], to) }
		remove := s.remove
		s.remove = func(name string) error { return remove(names[name]) }
	})},
	{name: "the file is renamed first and written then", write: func(s *system, path string, data []byte) error {
		f, name, err := createTemp(s, path, "")
		if err != nil {
			return err
		}
		return errors.Join(s.rename(name, path), s.writeAt(f, data, 0), s.sync(f), s.closeFile(f), s.syncDir(filepath.Dir(path)))
	}},
	{name: "the file is truncated and written in place", write: func(s *system, path string, data []byte) error {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(s.truncate(f, 0), s.writeAt(f, data, 0), s.sync(f), s.closeFile(f))
	}},
	{name: "the journal of a write in place is dropped first", write: func(s *system, path string, data []byte) error {
		o := config()
		o.sys = s
		if err := os.Link(path, path+".link"); err == nil {
			defer os.Remove(path + ".link")
		}
		wrong := *s
		o.sys = &wrong
		journal := o.journalPath(path)
		writeAt := s.writeAt
		wrong.writeAt = func(f *os.File, data []byte, at int64) error {
			if f.Name() == path {
				_ = s.remove(journal)
				_ = s.syncDir(filepath.Dir(journal))
			}
			return writeAt(f, data, at)
		}
		return o.Write(path, data)
	}, kept: true},
	{name: "the mode is not taken over", write: func(s *system, path string, data []byte) error {
		return Options{sys: s, FollowLinks: true}.Write(path, data)
	}, kept: true},
}

// TestSeededBugs shows that what checks the algorithms finds what is wrong with
// them, and nothing wrong with the real ones.
func TestSeededBugs(t *testing.T) {
	t.Parallel()
	for _, c := range checkers {
		for name, write := range map[string]algorithm{"replacing": replacing, "in place": inPlace} {
			problems, _ := c.check(t, write, name == "in place")
			for _, p := range problems {
				t.Errorf("%s, %s: %s", name, c.name, p)
			}
		}
	}
	for _, bug := range seeded {
		t.Run(bug.name, func(t *testing.T) {
			var caught []string
			for _, c := range checkers {
				if problems, _ := c.check(t, bug.write, bug.kept); len(problems) > 0 {
					caught = append(caught, c.name+": "+problems[0])
				}
			}
			if len(caught) == 0 {
				t.Error("nothing was found wrong with it")
			}
			for _, by := range caught {
				t.Log(by)
			}
		})
	}
}

// TestSeededLocks does the same for what a lock guards: read, change, write.
func TestSeededLocks(t *testing.T) {
	none := func(string) (func(), error) { return func() {}, nil }
	for _, c := range []struct {
		name   string
		lock   func(path string) (func(), error)
		reread bool
		lost   bool
	}{
		{"a lock and a look under it", TryLock, true, false},
		{"no lock", none, true, true},
		{"no look under the lock", TryLock, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path, lock := filepath.Join(dir, "count"), filepath.Join(dir, "lock")
			put(t, path, "")
			// Two that read, change and write: the second starts when the first has
			// read, and goes on when the first has written, if nothing holds it back.
			read := func() string { return string(must(os.ReadFile(path))) }
			add := func(seen string) error { return Write(path, []byte(seen+"x"), 0o600) }
			before := read() // both looked without the lock
			first, err := c.lock(lock)
			if err != nil {
				t.Fatal(err)
			}
			one := before
			if c.reread {
				one = read()
			}
			two, early := before, false
			second, err := c.lock(lock)
			if early = err == nil; early && c.reread {
				two = read()
			}
			if err := add(one); err != nil {
				t.Fatal(err)
			}
			first()
			if !early {
				if second, err = c.lock(lock); err != nil {
					t.Fatal(err)
				}
				if c.reread {
					two = read()
				}
			}
			if err := add(two); err != nil {
				t.Fatal(err)
			}
			second()
			if lost := read() != "xx"; lost != c.lost {
				t.Errorf("got %q, want a change lost: %t", read(), c.lost)
			}
		})
	}
}

// A repair that is killed, at any of its steps, is repaired by the next.
func TestRepairIsKilled(t *testing.T) {
	t.Parallel()
	type kill struct{}
	old, next := []byte(strings.Repeat("old\n", 400)), []byte(strings.Repeat("newer\n", 500))
	for name, is := range map[string]string{
		"not begun": string(old), "half": string(next[:700]) + string(old[700:]), "not cut": string(next), "of others": "theirs",
	} {
		for at := 1; ; at++ {
			dir := scratch(t)
			path := filepath.Join(dir, "config")
			put(t, path, is)
			put(t, filepath.Join(dir, ".config.portico-journal"), string(journal{path, old, next}.encode()))
			o := config()
			o.sys = realSystem()
			step := failing(o.sys, at, func(string) error { panic(kill{}) })
			func() {
				defer func() {
					if r := recover(); r != nil && r != (kill{}) {
						panic(r)
					}
				}()
				if err := o.Repair(path); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}()
			if err := config().Repair(path); err != nil {
				t.Errorf("%s, killed at %s: %v", name, step(), err)
			}
			want := string(old)
			switch name {
			case "not cut":
				want = string(next)
			case "of others":
				want = "theirs"
			}
			if got := string(must(os.ReadFile(path))); got != want {
				t.Errorf("%s, killed at %s: got %d bytes beginning %.10q, want %.10q", name, step(), len(got), got, want)
			}
			if config().Interrupted(path) {
				t.Errorf("%s, killed at %s: the journal is still there", name, step())
			}
			if step() == "" {
				break
			}
		}
	}
}
