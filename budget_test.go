package portico

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The start of a program costs what it links and what its packages do before
// main. Milliseconds differ from machine to machine; these do not.

// leanLinks is everything portico-credential-process links on any system, but for
// what is internal to the standard library. Each is a part of the cost of every
// call that a cloud tool makes: fmt, reflect, net and encoding/json are more than
// the rest together.
var leanLinks = []string{
	"bytes", "cmp", "context", "crypto", "crypto/cipher", "crypto/fips140", "crypto/sha1", "crypto/sha256", "crypto/subtle", "errors", "hash", "io",
	"io/fs", "iter", "math", "math/bits", "os", "os/signal", "path", "path/filepath", "runtime", "slices", "strconv", "strings", "structs", "sync", "sync/atomic",
	"syscall", "time", "unicode", "unicode/utf16", "unicode/utf8", "unsafe",

	module + "/cmd/portico-credential-process", module + "/internal/atomicfile/location", module + "/internal/awsconfig/scan",
	module + "/internal/awsconfig/syntax", module + "/internal/pyjson", module + "/internal/statedir",
	module + "/internal/wallet/rolecache",
}

func TestLeanLinks(t *testing.T) {
	linked := map[string]bool{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/portico-credential-process")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		for _, p := range strings.Fields(string(out)) {
			first, _, _ := strings.Cut(p, "/")
			if !strings.Contains(first, ".") && slices.Contains(strings.Split(p, "/"), "internal") {
				continue
			}
			linked[p] = true
			if !slices.Contains(leanLinks, p) {
				t.Errorf("on %s portico-credential-process links %s", system, p)
			}
		}
	}
	for _, p := range leanLinks {
		if !linked[p] {
			t.Errorf("portico-credential-process does not link %s: take it off the list", p)
		}
	}
}

// What packages may allocate before main, in bytes: all of a program's together,
// and each of ours. Patterns and templates belong into sync.OnceValue. The most of
// portico's is the AWS SDK's, whose packages describe their services in variables.
const (
	leanInit    = 8 << 10
	porticoInit = 1900 << 10
	ownInit     = 10 << 10
)

func TestInitAllocates(t *testing.T) {
	for _, p := range []struct {
		name string
		most int
	}{{"portico-credential-process", leanInit}, {"portico", porticoInit}} {
		dir := t.TempDir()
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", dir, "./cmd/"+p.name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		total, packages := 0, 0
		for name, bytes := range initAllocations(t, filepath.Join(dir, p.name)) {
			total += bytes
			packages++
			if strings.HasPrefix(name, module) && bytes > ownInit {
				t.Errorf("%s: %s allocates %d bytes before main, want %d at most", p.name, name, bytes, ownInit)
			}
		}
		t.Logf("%s: %d bytes in %d packages", p.name, total, packages)
		if packages < 10 || total > p.most {
			t.Errorf("%s: its %d packages allocate %d bytes before main, want %d at most", p.name, packages, total, p.most)
		}
	}
}

var initLine = regexp.MustCompile(`^init (\S+) @.* clock, ([0-9]+) bytes, `)

func initAllocations(t *testing.T, program string) map[string]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "--version")
	cmd.Env = []string{"GODEBUG=inittrace=1", "PATH=", "HOME=" + t.TempDir()}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// The lean program has no portico to become, and says so.
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	all := map[string]int{}
	for lines := bufio.NewScanner(&stderr); lines.Scan(); {
		if m := initLine.FindStringSubmatch(lines.Text()); m != nil {
			all[m[1]], _ = strconv.Atoi(m[2])
		}
	}
	return all
}
