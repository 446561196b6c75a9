package atomicfile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile/location"
)

const (
	tempMark   = ".portico-"
	tempSuffix = ".tmp"
	// staleAfter is when a temporary file is litter whoever wrote it: writing
	// one takes milliseconds.
	staleAfter = time.Hour
)

// tempName is the name, without directory, of a new temporary file for base.
func tempName(base string) string {
	return fmt.Sprintf(".%s%s%d-%s-%d-%s%s", location.Shorten(base), tempMark, time.Now().Unix(), hostTag(), os.Getpid(), rand.Text()[:10], tempSuffix)
}

// createTemp makes an empty file beside target that only this user can read.
// like names a file whose access list is taken over where modes do not say it
// all (Windows).
func createTemp(sys *system, target, like string) (*os.File, string, error) {
	dir, base := filepath.Split(target)
	for range 100 {
		name := filepath.Join(dir, tempName(base))
		f, err := sys.create(name, like)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return f, name, err
	}
	return nil, "", &fs.PathError{Op: "create", Path: target, Err: fs.ErrExist}
}

// Sweep removes what processes that were killed in the middle of [Write] left in
// dir, for those who have nothing to write there any more: it may hold what they
// remove.
func Sweep(dir string) { sweep(dir) }

// sweep removes temporary files that dead processes left in dir. Nothing
// depends on it, so it reports no errors.
func sweep(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	for _, name := range names {
		if abandoned(name, time.Now()) {
			_ = os.Remove(filepath.Join(dir, name))
		}
	}
}

// abandoned tells from its name that no process is writing a temporary file.
// A process number means something only on the host, and in the process
// namespace, that gave it; elsewhere only age counts.
func abandoned(name string, now time.Time) bool {
	rest, ok := strings.CutSuffix(name, tempSuffix)
	if !ok || !strings.HasPrefix(name, ".") {
		return false
	}
	at := strings.LastIndex(rest, tempMark)
	if at < 0 {
		return false
	}
	parts := strings.Split(rest[at+len(tempMark):], "-")
	if len(parts) != 4 {
		return false
	}
	began, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(parts[2])
	if err != nil || pid <= 0 {
		return false
	}
	if now.Sub(time.Unix(began, 0)) > staleAfter {
		return true
	}
	return parts[1] == hostTag() && pid != os.Getpid() && !processAlive(pid)
}

// hostTag names the set of processes in which a process number is unique.
func hostTag() string {
	host, _ := os.Hostname()
	sum := sha256.Sum256([]byte(host + "\x00" + processNamespace()))
	return hex.EncodeToString(sum[:4])
}
