package serve

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is a user without rights.
const nobody = 54321

// as runs f with another user's rights, on a thread that ends with it.
func as(t *testing.T, uid int, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can be somebody else")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			t.Error(errno)
			return
		}
		f()
	}()
	<-done
}

// running serves an endpoint until the test ends.
func running(t *testing.T, l net.Listener, h http.Handler) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	go func() { ended <- Serve(ctx, l, h) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// get is one request over a connection that the caller makes, and the status line
// of its answer.
func get(t *testing.T, network, address, header string) string {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET " + Path + " HTTP/1.1\r\n" + header + "\r\n\r\n")); err != nil {
		t.Error(err)
	}
	var answer strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := c.Read(buffer)
		answer.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	line, _, _ := strings.Cut(answer.String(), "\r\n")
	if strings.Contains(answer.String(), secret) != strings.HasPrefix(line, "HTTP/1.1 200") {
		t.Errorf("got %s", answer.String())
	}
	return strings.TrimPrefix(line, "HTTP/1.1 ")
}

// A socket is for its owner, even if somebody opens its modes to the world.
func TestSocketOfAnotherUser(t *testing.T) {
	// Where tests keep theirs, others may not go.
	dir, err := os.MkdirTemp("", "portico-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "private", "s")
	l, err := ListenSocket(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", p, info.Mode().Perm(), want)
		}
	}
	e := giving()
	running(t, l, e.SocketHandler())
	if got := get(t, "unix", path, "Host: portico"); got != "200 OK" {
		t.Errorf("the owner: got %s", got)
	}
	if _, err := ListenSocket(path, false); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second one: got %v", err)
	}
	ask, err := From(Far{Socket: path})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := ask(t.Context()); err != nil || c.SecretAccessKey != secret || c.AccountID != "111111111111" {
		t.Errorf("From: got %v", err)
	}
	for p, mode := range map[string]os.FileMode{path: 0o666, filepath.Dir(path): 0o755, dir: 0o755} {
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
	}
	as(t, nobody, func() {
		if got := get(t, "unix", path, "Host: portico"); got != "403 Forbidden" {
			t.Errorf("another user: got %s", got)
		}
	})
	shared := filepath.Join(dir, "shared", "s")
	if l, err = ListenSocket(shared, true); err != nil {
		t.Fatal(err)
	}
	allowing := giving()
	allowing.Users = []int{nobody}
	running(t, l, allowing.SocketHandler())
	if err := os.Chmod(filepath.Dir(shared), 0o755); err != nil {
		t.Fatal(err)
	}
	as(t, nobody, func() {
		if got := get(t, "unix", shared, "Host: portico"); got != "200 OK" {
			t.Errorf("another user who is allowed: got %s", got)
		}
	})
	as(t, nobody+1, func() {
		if got := get(t, "unix", shared, "Host: portico"); got != "403 Forbidden" {
			t.Errorf("a third user: got %s", got)
		}
	})
}

// Where the system tells whose a connection is, a token in the wrong hands opens
// nothing.
func TestPortOfAnotherUser(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp"} { // the second one as Java does it, with a socket for both versions
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		dial := address
		if network == "tcp" {
			dial = strings.Replace(address, "127.0.0.1", "[::ffff:127.0.0.1]", 1)
		}
		e := giving()
		running(t, l, e.Handler(address, token))
		header := "Host: " + address + "\r\nAuthorization: " + token
		if got := get(t, network, dial, header); got != "200 OK" {
			t.Errorf("the owner: got %s", got)
		}
		as(t, nobody, func() {
			if got := get(t, network, dial, header); got != "403 Forbidden" {
				t.Errorf("another user: got %s", got)
			}
		})
	}
}

func TestListenSocketRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "private", "file")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "s"): "can be entered by other users",
		file:                    "is no socket",
		filepath.Join(dir, "private", strings.Repeat("x", 100)): "may have 103 characters",
	} {
		if _, err := ListenSocket(path, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "precious" {
		t.Errorf("the file: got %q, %v", data, err)
	}
	// One that was left behind by somebody who was killed.
	left := filepath.Join(dir, "private", "s")
	l, err := net.Listen("unix", left)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if l, err = ListenSocket(left, false); err != nil {
		t.Fatal(err)
	}
	l.Close()
}
