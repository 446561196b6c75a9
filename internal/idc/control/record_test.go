package control

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/atomicfile"
)

func TestFind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "local")
	_, err := Find(t.Context(), dir, "")
	if _, ok := errors.AsType[*NoneError](err); !ok {
		t.Errorf("without a directory: got %v, want a *NoneError", err)
	}

	one, two := newCenter(t), newCenter(t)
	two.Record.Started = one.Record.Started.Add(-time.Hour)
	publish := func(r Record) func() error {
		remove, err := Publish(dir, r)
		if err != nil {
			t.Fatal(err)
		}
		return remove
	}
	removeOne := publish(one.Record)
	if got, err := Find(t.Context(), dir, ""); err != nil || got.Address != one.Address || got.Key != one.Key || got.ID != ID(one.Key) {
		t.Errorf("with one: got %q, %v", got.Address, err)
	}
	removeTwo := publish(two.Record)
	dead := deadRecord(t)
	publish(dead)

	records, err := Records(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, r := range records {
		addresses = append(addresses, r.Address)
	}
	if diff := cmp.Diff([]string{two.Address, one.Address}, addresses); diff != "" {
		t.Errorf("live records, oldest first (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, ID(dead.Key)+suffix)); err == nil && runtime.GOOS != "windows" {
		t.Error("the dead record is still there")
	}

	_, err = Find(t.Context(), dir, "")
	several, ok := errors.AsType[*SeveralError](err)
	if !ok || len(several.Records) != 2 ||
		err.Error() != "several local Identity Centers are running: "+two.Address+", "+one.Address {
		t.Errorf("with two: got %v, want a *SeveralError", err)
	}
	port := one.Address[strings.LastIndex(one.Address, ":"):]
	for _, said := range []string{one.Address, one.Address + "/", one.Address + "/device?user_code=X", "http://localhost" + port, "127.0.0.1" + port, "HTTP://LOCALHOST" + port} {
		if got, err := Find(t.Context(), dir, said); err != nil || got.Address != one.Address {
			t.Errorf("%s: got %q, %v", said, got.Address, err)
		}
	}
	for _, said := range []string{"http://127.0.0.1:1", "https://127.0.0.1" + port, "http://evil.test" + port, "http://[::1]" + port, "https://sso.us-east-1.amazonaws.com", "%"} {
		if _, err := Find(t.Context(), dir, said); err == nil || err.Error() != "no local Identity Center is running at "+said {
			t.Errorf("%s: got %v, want a *NoneError", said, err)
		}
	}

	for _, remove := range []func() error{removeOne, removeTwo, removeTwo} {
		if err := remove(); err != nil {
			t.Error(err)
		}
	}
	if records, err := Records(t.Context(), dir); err != nil || len(records) != 0 {
		t.Errorf("after their end: got %d, %v", len(records), err)
	}
}

// deadRecord is of a process that has ended and of a port that refuses.
func deadRecord(t *testing.T) Record {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return Record{Address: "http://" + closedPort(t), Key: NewKey(), PID: cmd.Process.Pid, Started: time.Now()}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A record outlives a kill. It is kept while its process may come back to its
// port, and on a machine where the process cannot be judged.
func TestRecordsThatAreKept(t *testing.T) {
	dir := t.TempDir()
	alive := Record{Address: "http://" + closedPort(t), Key: NewKey(), PID: os.Getpid()}
	if _, err := Publish(dir, alive); err != nil {
		t.Fatal(err)
	}
	elsewhere := deadRecord(t)
	if _, err := Publish(dir, elsewhere); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ID(elsewhere.Key)+suffix)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	r.Host = "another"
	if data, err = json.Marshal(r); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if records, err := Records(t.Context(), dir); err != nil || len(records) != 0 {
		t.Errorf("got %d, %v; want none", len(records), err)
	}
	for _, key := range []string{alive.Key, elsewhere.Key} {
		if _, err := os.Stat(filepath.Join(dir, ID(key)+suffix)); err != nil {
			t.Error(err)
		}
	}
}

// Whoever took the port of a killed Identity Center must not be taken for it,
// and must not be given its key.
func TestImpostor(t *testing.T) {
	var saw atomic.Int32
	key := NewKey()
	impostor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		saw.Add(1)
		if strings.Contains(r.Header.Get("Authorization"), key) || strings.Contains(r.URL.RawQuery, key) {
			t.Error("the impostor was given the key")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"proof": proof("", r.URL.Query().Get("nonce")), "id": ID(key), "users": []string{"alice"}})
	}))
	defer impostor.Close()
	dir := t.TempDir()
	if _, err := Publish(dir, Record{Address: impostor.URL, Key: key, PID: os.Getpid()}); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(t.Context(), dir, ""); err == nil || saw.Load() == 0 {
		t.Errorf("got %v after %d requests, want an error", err, saw.Load())
	}
}

// One that hangs costs a second, however many there are.
func TestHangingAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog, answers never
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	for range 5 {
		if _, err := Publish(dir, Record{Address: "http://" + l.Addr().String(), Key: NewKey(), PID: os.Getpid()}); err != nil {
			t.Fatal(err)
		}
	}
	c := newCenter(t)
	if _, err := Publish(dir, c.Record); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r, err := Find(t.Context(), dir, "")
	if err != nil || r.Address != c.Address {
		t.Errorf("got %q, %v", r.Address, err)
	}
	if took := time.Since(start); took > 4*proveTimeout {
		t.Errorf("took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, dir, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestRecordFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing on Windows")
	}
	c := newCenter(t)
	dir := filepath.Join(t.TempDir(), "local")
	if _, err := Publish(dir, c.Record); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ID(c.Key)+suffix)
	for name, want := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	// Files that are none of ours, or broken, are passed over.
	for name, content := range map[string]string{"x.json": "{", "y.json": "{}", "z.txt": "", ".w.json": "{}",
		"v.json": `{"id":"a","address":"http://evil.test","key":"k"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Find(t.Context(), dir, ""); err != nil {
		t.Errorf("got %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Find(t.Context(), dir, "")
		if _, ok := errors.AsType[*atomicfile.UnsafeError](err); !ok {
			t.Errorf("mode %v: got %v, want it refused", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 12345, -1); err != nil {
			t.Fatal(err)
		}
		_, err := Find(t.Context(), dir, "")
		if _, ok := errors.AsType[*atomicfile.UnsafeError](err); !ok {
			t.Errorf("another's file: got %v, want it refused", err)
		}
		if err := os.Chown(path, os.Geteuid(), -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(dir, c.Record); err == nil {
		t.Error("published where everybody may write")
	}
}

func TestPublishRefuses(t *testing.T) {
	for _, r := range []Record{
		{Address: "http://192.0.2.1:8642", Key: "k"},
		{Address: "http://evil.test:8642", Key: "k"},
		{Address: "ftp://127.0.0.1", Key: "k"},
		{Address: "http://127.0.0.1:8642"},
	} {
		if _, err := Publish(t.TempDir(), r); err == nil {
			t.Errorf("published %s", r.Address)
		}
	}
}

// A redirect must not carry the key elsewhere.
func TestClientFollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	client := &Client{Record: Record{Address: here.URL, Key: "k"}, HTTP: here.Client()}
	if _, err := client.Info(t.Context()); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("got %v, want the redirect as an error", err)
	}
}

// Under TLS the authority of the record is trusted, and no other.
func TestRecordUnderTLS(t *testing.T) {
	c := newHandler(t)
	server := httptest.NewTLSServer(c)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // of refused handshakes
	defer server.Close()
	c.Address = server.URL
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, trusted := range map[string]bool{authority: true, filepath.Join(t.TempDir(), "missing.pem"): false, "": false} {
		record := Record{Address: server.URL, Key: c.Key, PID: os.Getpid(), CAFile: file}
		dir := t.TempDir()
		if _, err := Publish(dir, record); err != nil {
			t.Fatal(err)
		}
		found, err := Find(t.Context(), dir, "")
		if (err == nil) != trusted {
			t.Errorf("%q: got %v, want it found: %v", file, err, trusted)
		}
		if trusted && found.CAFile != file {
			t.Errorf("got %q, want %q", found.CAFile, file)
		}
		info, err := (&Client{Record: record}).Info(t.Context())
		if (err == nil) != trusted || trusted && info.Region != "eu-west-1" {
			t.Errorf("%q: got %+v, %v", file, info, err)
		}
	}
}
