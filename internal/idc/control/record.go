package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// Record says where a running Identity Center is and how to steer it.
type Record struct {
	ID      string    `json:"id"`      // set by Publish
	Address string    `json:"address"` // http://127.0.0.1:8642
	Key     string    `json:"key"`
	PID     int       `json:"pid"`
	Host    string    `json:"host,omitempty"` // set by Publish: pids mean nothing on another machine that shares the home
	Started time.Time `json:"started"`
	// CAFile holds the certificate of the authority that vouches for the address,
	// and for the AWS names at the proxy; "" without either.
	CAFile string `json:"ca_file,omitempty"`
	Proxy  string `json:"proxy,omitempty"` // http://USER:PASSWORD@HOST:PORT; "" without one
}

const (
	maxRecord  = 16 << 10
	maxRecords = 1000
	// Records are asked all at once, but not without bound.
	askAtOnce = 32
	suffix    = ".json"
)

// NewKey returns a control key: 256 random bits and a few more.
func NewKey() string { return rand.Text() + rand.Text() }

// ID names an Identity Center without giving its key away.
func ID(key string) string {
	sum := sha256.Sum256([]byte("portico control id\n" + key))
	return hex.EncodeToString(sum[:16])
}

// Publish writes the record of an Identity Center that is about to accept
// connections. remove takes it away again and may be called more than once.
func Publish(dir string, r Record) (remove func() error, err error) {
	if _, ok := loopbackOrigin(r.Address); !ok {
		return nil, fmt.Errorf("record of %s: it is no address on this machine", r.Address)
	}
	if r.Key == "" {
		return nil, errors.New("record without a control key")
	}
	r.ID = ID(r.Key)
	r.Host, _ = os.Hostname() // unknown is fine: then nobody judges the pid
	if err := atomicfile.MkdirAll(dir); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, r.ID+suffix)
	if err := atomicfile.Write(path, append(data, '\n'), 0o600); err != nil {
		return nil, err
	}
	return func() error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}

// Records returns the Identity Centers that run, the oldest first. Records of
// others are passed over, and deleted when their process is gone and nothing
// listens at their address.
func Records(ctx context.Context, dir string) ([]Record, error) {
	live, _, err := scan(ctx, dir, func(Record) bool { return true })
	return live, err
}

// Find returns the Identity Center at an address, or the only one when address
// is empty. The error may be a *NoneError or a *SeveralError.
func Find(ctx context.Context, dir, address string) (Record, error) {
	live, refused, err := scan(ctx, dir, func(r Record) bool { return address == "" || sameAddress(r.Address, address) })
	switch {
	case err != nil:
		return Record{}, err
	case len(live) > 1:
		return Record{}, &SeveralError{Records: live}
	case len(live) == 1:
		return live[0], nil
	case len(refused) > 0:
		return Record{}, errors.Join(refused...)
	}
	return Record{}, &NoneError{Address: address}
}

// NoneError says that no Identity Center runs on this machine, or none at the
// address.
type NoneError struct {
	Address string // "" when any would have done
}

func (e *NoneError) Error() string {
	if e.Address == "" {
		return "no local Identity Center is running"
	}
	return "no local Identity Center is running at " + e.Address
}

// SeveralError says that more than one Identity Center could be meant.
type SeveralError struct {
	Records []Record
}

func (e *SeveralError) Error() string {
	var addresses []string
	for _, r := range e.Records {
		addresses = append(addresses, r.Address)
	}
	return "several local Identity Centers are running: " + strings.Join(addresses, ", ")
}

// scan reads the records that are wanted and asks each whether it is alive.
// refused are the files that cannot be trusted.
func scan(ctx context.Context, dir string, wanted func(Record) bool) (live []Record, refused []error, err error) {
	names, err := recordFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, askAtOnce)
	for _, name := range names {
		path := filepath.Join(dir, name)
		r, err := readRecord(path)
		if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
			refused = append(refused, unsafe)
		}
		if err != nil || !wanted(r) {
			continue // someone else's file, half a file, or just removed
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			switch err := prove(ctx, r); {
			case err == nil:
				mu.Lock()
				live = append(live, r)
				mu.Unlock()
			case NothingListens(err) && gone(r):
				_ = os.Remove(path) // the next reader tries again
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(live, func(a, b Record) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return live, refused, nil
}

func recordFiles(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	all, err := d.Readdirnames(maxRecords)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return slices.DeleteFunc(all, func(name string) bool {
		return strings.HasPrefix(name, ".") || !strings.HasSuffix(name, suffix)
	}), nil
}

// readRecord refuses what another user could have written or read.
func readRecord(path string) (Record, error) {
	if err := atomicfile.Private(path); err != nil {
		return Record{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Record{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return Record{}, &atomicfile.UnsafeError{Path: path, Problem: "can be read by other users",
			Cure: "restart that Identity Center, whose control key is in it, and remove the file"}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, err
	}
	if _, ok := loopbackOrigin(r.Address); !ok || r.Key == "" || r.ID != ID(r.Key) {
		return Record{}, fmt.Errorf("%s is no record", path)
	}
	return r, nil
}

// gone says that the process of a record has ended for sure.
func gone(r Record) bool {
	host, err := os.Hostname()
	if err != nil || r.Host == "" || r.Host != host || r.PID <= 0 {
		return false
	}
	p, err := os.FindProcess(r.PID)
	if err != nil {
		return runtime.GOOS == "windows" // elsewhere this never fails
	}
	defer func() { _ = p.Release() }()
	return runtime.GOOS != "windows" && errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// loopbackOrigin takes apart the address of an Identity Center on this machine.
func loopbackOrigin(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.Hostname() == "" {
		return nil, false
	}
	return u, Loopback(u.Hostname())
}

// sameAddress compares what a person or AWS_ENDPOINT_URL says with a record:
// paths do not matter, and localhost is as good as the address it stands for.
func sameAddress(record, said string) bool {
	if !strings.Contains(said, "://") {
		said = "http://" + said
	}
	a, ok := loopbackOrigin(record)
	b, ok2 := loopbackOrigin(said)
	if !ok || !ok2 || a.Scheme != b.Scheme || Port(a) != Port(b) {
		return false
	}
	one, other := strings.ToLower(a.Hostname()), strings.ToLower(b.Hostname())
	return one == other || one == "localhost" || other == "localhost"
}
