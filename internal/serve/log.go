package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// An Entry is what is recorded of a request. It holds nothing secret, and
// nothing that whoever asks could choose.
type Entry struct {
	Peer        Peer
	Refused     string    // the code of the refusal; "": credentials were given out
	AccessKeyID string    // of what was given out, as CloudTrail names it
	Expiration  time.Time // as the client was told
}

// A Log records requests, one JSON object a line, before they are answered.
type Log struct {
	// Out takes each line in one write. If it can make them durable
	// (Sync() error), it is told to for every line by which credentials leave.
	Out io.Writer
	// Role says whose credentials these are, in every line.
	Role Role

	mu   sync.Mutex
	torn bool // the last line may lack its end
}

// A Role says in a log which role it is about.
type Role struct {
	Profile   string `json:"profile,omitempty"`
	AccountID string `json:"account_id,omitempty"`
	Name      string `json:"role,omitempty"`   // a permission set's name, or an assumed role's ARN
	Policy    string `json:"policy,omitempty"` // the file or ARN of the policy that narrows it
}

// line is how an entry is written. Its fields are documented.
type line struct {
	Time    string `json:"time"`
	Event   string `json:"event"`
	Outcome string `json:"outcome,omitempty"`
	Code    string `json:"code,omitempty"`
	Role
	Via         string `json:"via,omitempty"`
	UID         *int   `json:"uid,omitempty"`
	PID         int    `json:"pid,omitempty"`
	AccessKeyID string `json:"access_key_id,omitempty"`
	Expiration  string `json:"expiration,omitempty"`
	Until       string `json:"until,omitempty"`
}

// OpenLog opens a log file to add to it; it is made for its owner alone.
func OpenLog(path string, role Role) (*Log, io.Closer, error) {
	f, err := openAppend(path)
	if err != nil {
		return nil, nil, fmt.Errorf("audit log: %w", err)
	}
	return &Log{Out: f, Role: role}, f, nil
}

func openAppend(path string) (*os.File, error) {
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|noFollow, 0o600)
}

// Begin records that a grant begins.
func (l *Log) Begin(g Grant) error {
	ln := line{Event: "begin"}
	if end := g.End(); !end.IsZero() {
		ln.Until = stamp(end)
	}
	return l.put(ln, true)
}

// End records that nothing is given out any more.
func (l *Log) End() error { return l.put(line{Event: "end"}, true) }

// write records a request.
func (l *Log) write(e Entry) error {
	ln := line{Event: "request", Outcome: "granted", Code: e.Refused, Via: e.Peer.Via, PID: e.Peer.PID, AccessKeyID: e.AccessKeyID}
	if e.Refused != "" {
		ln.Outcome = "refused"
	} else {
		ln.Expiration = stamp(e.Expiration)
	}
	if e.Peer.Known {
		ln.UID = &e.Peer.UID
	}
	return l.put(ln, e.Refused == "")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (l *Log) put(ln line, durable bool) error {
	if l == nil {
		return nil
	}
	ln.Time, ln.Role = time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), l.Role
	data, err := json.Marshal(ln)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		data = append([]byte{'\n'}, data...)
	}
	_, err = l.Out.Write(append(data, '\n'))
	if l.torn = err != nil; l.torn {
		return err
	}
	if f, ok := l.Out.(interface{ Sync() error }); ok && durable {
		if err := f.Sync(); err != nil && !cannotSync(err) {
			return err
		}
	}
	return nil
}

// private refuses a log that others could have planted or could rewrite.
func private(path string) error {
	err := atomicfile.Private(path)
	if unsafe, ok := errors.AsType[*atomicfile.UnsafeError](err); ok {
		return fmt.Errorf("%s %s: %s", unsafe.Path, unsafe.Problem, unsafe.Cure)
	}
	return err
}
