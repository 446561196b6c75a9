package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// A Place is a home, and where the files of its config are.
type Place struct {
	Home, State string
	Files       awsconfig.Files
	Lookup      func(name string) (string, bool)
	Program     string
	Now         time.Time
}

// Read gathers what files say. It changes nothing, not even a lock.
func (p Place) Read() *Facts {
	f := &Facts{Now: p.Now, Program: p.Program, OS: runtime.GOOS, Home: p.Home, Lookup: p.Lookup, UID: os.Getuid()}
	f.Config = p.text(p.Files.Config, p.Files.ConfigShown, false)
	f.Credentials = p.text(p.Files.Credentials, p.Files.CredentialsShown, true)
	f.Merged = awsconfig.NewConfig(f.Config.doc, f.Credentials.doc)

	aws := filepath.Join(p.Home, ".aws")
	sso, roles := filepath.Join(aws, "sso", "cache"), filepath.Join(aws, "cli", "cache")
	f.SSOCache, f.RoleCache = p.cache(sso), p.cache(roles)

	p.look(f, aws, true, false)
	p.look(f, p.Files.Config, false, strings.Contains(string(f.Config.Data), "aws_secret_access_key"))
	p.look(f, p.Files.Credentials, false, true)
	for _, dir := range []string{filepath.Dir(sso), sso, filepath.Dir(roles), roles, p.State} {
		p.look(f, dir, true, false)
	}
	for _, c := range slices.Concat(f.SSOCache, f.RoleCache) {
		p.look(f, c.Path, false, true)
	}
	f.Leases = p.leases()
	f.Repositories = p.repositories([]string{sso, roles, p.Files.Credentials})
	return f
}

// Refresh takes from again, which was read later, what files say, and keeps what a
// network, a keyring and other programs said.
func (f *Facts) Refresh(again *Facts) {
	f.Config, f.Credentials, f.Merged = again.Config, again.Credentials, again.Merged
	f.SSOCache, f.RoleCache, f.Files = again.SSOCache, again.RoleCache, again.Files
	f.Leases, f.Repositories = again.Leases, again.Repositories
}

// maxFile bounds what is read of one file.
const maxFile = 64 << 20

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // first: to open a named pipe is to wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		// What is found in a part of a file may be wrong of the whole.
		return nil, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	return data, err
}

func (p Place) text(path, shown string, credentials bool) *Text {
	data, err := readFile(path)
	t := NewText(path, shown, data, credentials)
	t.Exists = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !isOdd(path) {
		t.Problem = cause(err)
	}
	return t
}

func isOdd(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

// cause is an error without its path.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// shown is a path as people write it.
func (p Place) shown(path string) string {
	if rest, err := filepath.Rel(p.Home, path); err == nil && filepath.IsLocal(rest) {
		return strings.TrimSuffix("~/"+filepath.ToSlash(rest), "/.")
	}
	return path
}

// cache reads the JSON files of a directory.
func (p Place) cache(dir string) []CacheFile {
	entries, _ := os.ReadDir(dir)
	var all []CacheFile
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if filepath.Ext(path) != ".json" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		c := CacheFile{Path: path, Shown: p.shown(path)}
		data, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			c.Problem = cause(err).Error()
		} else if json.Unmarshal(data, &c.Content) != nil {
			c.Content = nil
		}
		all = append(all, c)
	}
	return all
}

// look notes a file's owner and mode.
func (p Place) look(f *Facts, path string, dir, secret bool) {
	link, err := os.Lstat(path)
	if err != nil {
		return
	}
	file := File{Path: path, Shown: p.shown(path), Dir: dir, Secret: secret, UID: -1}
	info, err := os.Stat(path)
	if err != nil {
		file.Dangling = link.Mode()&fs.ModeSymlink != 0 && errors.Is(err, fs.ErrNotExist)
		if file.Dangling {
			f.Files = append(f.Files, file)
		}
		return
	}
	file.Odd = info.IsDir() != dir || !dir && !info.Mode().IsRegular()
	file.Mode, file.UID = ownership(info)
	f.Files = append(f.Files, file)
}

// leases are those that lie in the directories of locks.
func (p Place) leases() []Lease {
	var all []Lease
	for _, dir := range []string{filepath.Join(p.State, "locks"), filepath.Join(p.Home, ".aws", "portico-locks")} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if !e.IsDir() || !strings.HasSuffix(e.Name(), ".lease") {
				continue
			}
			claims, _ := os.ReadDir(path)
			for _, claim := range claims {
				// <unix seconds>-<tag>-<pid>-<random>-<host>, see package atomicfile.
				parts := strings.SplitN(claim.Name(), "-", 5)
				at, err := strconv.ParseInt(parts[0], 10, 64)
				if err == nil && len(parts) == 5 {
					all = append(all, Lease{Path: path, Shown: p.shown(path), Last: time.Unix(at, 0), Host: parts[4]})
				}
			}
		}
	}
	return all
}
