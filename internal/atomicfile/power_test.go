//go:build unix

package atomicfile

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An op is one change of a file system, as the recorder saw it.
type op struct {
	kind   string // create, write, truncate, sync, rename, remove, syncDir
	file   int    // which file, whatever it is called
	path   string
	to     string // of a rename
	data   []byte
	offset int64 // of a write; the size of a truncate
}

// A recorder passes calls on to the system and writes down what changes.
type recorder struct {
	names map[string]int // what the files are called now
	files int
	ops   []op
	base  map[string]string // what was there at first
}

// record makes a system whose calls under dir are recorded.
func record(t *testing.T, dir string) (*system, *recorder) {
	t.Helper()
	r := &recorder{names: map[string]int{}, base: map[string]string{}}
	infos := map[int]fs.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.base[path] = string(data)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		for id, other := range infos {
			if os.SameFile(info, other) {
				r.names[path] = id
				return nil
			}
		}
		r.files++
		r.names[path], infos[r.files] = r.files, info
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := realSystem()
	inner := *s
	s.create = func(name, like string) (*os.File, error) {
		f, err := inner.create(name, like)
		if err == nil {
			r.files++
			r.names[name] = r.files
			r.ops = append(r.ops, op{kind: "create", file: r.files, path: name})
		}
		return f, err
	}
	s.writeAt = func(f *os.File, data []byte, at int64) error {
		r.ops = append(r.ops, op{kind: "write", file: r.names[f.Name()], data: bytes.Clone(data), offset: at})
		return inner.writeAt(f, data, at)
	}
	s.truncate = func(f *os.File, size int64) error {
		r.ops = append(r.ops, op{kind: "truncate", file: r.names[f.Name()], offset: size})
		return inner.truncate(f, size)
	}
	s.sync = func(f *os.File) error {
		r.ops = append(r.ops, op{kind: "sync", file: r.names[f.Name()]})
		return inner.sync(f)
	}
	s.rename = func(from, to string) error {
		err := inner.rename(from, to)
		if err == nil {
			r.ops = append(r.ops, op{kind: "rename", file: r.names[from], path: from, to: to})
			r.names[to] = r.names[from]
			delete(r.names, from)
		}
		return err
	}
	s.remove = func(name string) error {
		err := inner.remove(name)
		if err == nil {
			r.ops = append(r.ops, op{kind: "remove", path: name})
			delete(r.names, name)
		}
		return err
	}
	s.syncDir = func(dir string) error {
		r.ops = append(r.ops, op{kind: "syncDir", path: dir})
		return inner.syncDir(dir)
	}
	return s, r
}

// A disk is what a computer finds after a power cut: names, the file each has,
// and the files' bytes.
type disk struct {
	names map[string]int
	files map[int]string
}

// disks calls visit with every disk that a power cut after the first n operations
// may leave. What was not synced is there, or lost, any of its sectors, or zeros;
// operations on a directory that was not synced happened or did
// not, each by itself.
func (r *recorder) disks(n int, at map[string]int, visit func(disk)) {
	durable := disk{names: maps.Clone(at), files: map[int]string{}}
	for path, id := range at {
		durable.files[id] = r.base[path]
	}
	var entries []op // changes of directories
	data := map[int][]op{}
	for _, o := range r.ops[:n] {
		switch o.kind {
		case "write", "truncate":
			data[o.file] = append(data[o.file], o)
		case "sync":
			for _, w := range data[o.file] {
				durable.files[o.file] = w.apply(durable.files[o.file])
			}
			delete(data, o.file)
		case "syncDir":
			entries = slices.DeleteFunc(entries, func(e op) bool {
				if filepath.Dir(e.path) != o.path {
					return false
				}
				e.link(durable.names)
				return true
			})
		default:
			entries = append(entries, o)
		}
	}
	for subset := range 1 << len(entries) {
		names := maps.Clone(durable.names)
		for i, e := range entries {
			if subset&(1<<i) != 0 {
				e.link(names)
			}
		}
		contents(durable.files, data, slices.Sorted(maps.Keys(data)), func(files map[int]string) { visit(disk{names, files}) })
	}
}

// contents calls visit with every choice of what became of unsynced writes.
func contents(files map[int]string, data map[int][]op, ids []int, visit func(map[int]string)) {
	if len(ids) == 0 {
		visit(files)
		return
	}
	id := ids[0]
	variants(files[id], data[id], func(content string) {
		with := maps.Clone(files)
		with[id] = content
		contents(with, data, ids[1:], visit)
	})
}

func variants(content string, ops []op, visit func(string)) {
	if len(ops) == 0 {
		visit(content)
		return
	}
	o := ops[0]
	variants(content, ops[1:], visit) // lost
	variants(o.apply(content), ops[1:], visit)
	if o.kind != "write" {
		return
	}
	zeros := o
	zeros.data = make([]byte, len(o.data))
	variants(zeros.apply(content), ops[1:], visit)
	// Any of the sectors, the others as they were; and the beginning alone.
	whole := o.apply(content)
	sectors := (len(o.data) + sector - 1) / sector
	for kept := range 1 << sectors {
		torn := []byte(whole)
		for i := range sectors {
			if kept&(1<<i) != 0 {
				continue
			}
			from, to := int(o.offset)+i*sector, min(int(o.offset)+(i+1)*sector, int(o.offset)+len(o.data))
			clear(torn[from:to])
			if from < len(content) {
				copy(torn[from:to], content[from:])
			}
		}
		variants(string(torn), ops[1:], visit)
	}
	for cut := sector; cut < len(o.data); cut += sector {
		torn := o
		torn.data = o.data[:cut]
		variants(torn.apply(content), ops[1:], visit)
	}
}

func (o op) apply(content string) string {
	if o.kind == "truncate" {
		return (content + strings.Repeat("\x00", max(0, int(o.offset)-len(content))))[:o.offset]
	}
	b := []byte(content)
	if end := int(o.offset) + len(o.data); len(b) < end {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[o.offset:], o.data)
	return string(b)
}

func (o op) link(names map[string]int) {
	switch o.kind {
	case "create":
		names[o.path] = o.file
	case "remove":
		delete(names, o.path)
	case "rename":
		delete(names, o.path)
		names[o.to] = o.file
	}
}

// An algorithm replaces a file.
type algorithm func(s *system, path string, data []byte) error

func replacing(s *system, path string, data []byte) error {
	return Options{sys: s}.Write(path, data)
}

func inPlace(s *system, path string, data []byte) error {
	o := config()
	o.sys = s
	return o.Write(path, data)
}

// newText is longer than a page.
func newText() string { return strings.Repeat("new bytes\n", 420) }

// scratch is a directory in memory, where there is some: a disk would spend most
// of the time in fsync.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "atomicfile-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// powerCuts runs an algorithm, cuts the power at every moment, and says what is
// wrong with the disks. linked gives the file a second name.
func powerCuts(t *testing.T, write algorithm, linked bool) (problems []string, visited int) {
	t.Helper()
	dir := filepath.Join(scratch(t), "home")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config")
	old := strings.Repeat("old bytes, of another length\n", 30)
	put(t, path, old)
	if linked {
		if err := os.Link(path, path+".link"); err != nil {
			t.Fatal(err)
		}
	}
	s, r := record(t, dir)
	at := maps.Clone(r.names)
	if err := write(s, path, []byte(newText())); err != nil {
		return []string{err.Error()}, 0
	}
	seen := map[string]bool{}
	for n := range len(r.ops) + 1 {
		r.disks(n, at, func(d disk) {
			key := fmt.Sprint(n == len(r.ops), d)
			if seen[key] {
				return
			}
			seen[key] = true
			visited++
			is, there := d.read(t, path, linked)
			switch {
			case !there:
				problems = append(problems, fmt.Sprintf("after %d operations the file can be gone", n))
			case n == len(r.ops) && is != newText():
				problems = append(problems, fmt.Sprintf("success was reported, and the disk can hold %d bytes beginning %.20q", len(is), is))
			case is != old && is != newText():
				problems = append(problems, fmt.Sprintf("after %d operations the disk can hold %d bytes beginning %.20q", n, len(is), is))
			}
		})
	}
	return problems, visited
}

// read is what the next run finds at path, after its repairs.
func (d disk) read(t *testing.T, path string, repair bool) (string, bool) {
	t.Helper()
	id, there := d.names[path]
	if !there || !repair {
		return d.files[id], there
	}
	dir := filepath.Dir(path)
	for _, name := range must(os.ReadDir(dir)) {
		if err := os.Remove(filepath.Join(dir, name.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range d.names {
		put(t, name, d.files[file])
	}
	if err := config().Repair(path); err != nil {
		t.Fatal(err)
	}
	return string(must(os.ReadFile(path))), true
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPowerCuts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write  algorithm
		linked bool
	}{"rename": {replacing, false}, "in place": {inPlace, true}} {
		problems, visited := powerCuts(t, c.write, c.linked)
		t.Logf("%s: %d disks", name, visited)
		for _, p := range problems {
			t.Errorf("%s: %s", name, p)
		}
	}
}
