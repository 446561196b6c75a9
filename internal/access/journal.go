package access

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// JournalLasts is how long the answers of a report that was stopped are good for:
// who asks who has access wants to know it of today.
const JournalLasts = time.Hour

// maxJournal is more than the answers for any organisation.
const maxJournal = 256 << 20

// A Journal keeps the answers to calls in a file, a line each, written as they
// come: a process that is killed loses what was under way and nothing else. A line
// that was cut off is as if it had not been written.
type Journal struct {
	path    string
	mu      sync.Mutex
	file    *os.File
	answers map[string]json.RawMessage
	oldest  time.Time
}

type line struct {
	Call   string          `json:"call"`
	At     time.Time       `json:"at"`
	Answer json.RawMessage `json:"answer"`
}

// OpenJournal opens the journal at path, or begins one.
func OpenJournal(path string) (*Journal, error) {
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := atomicfile.Private(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, file: file, answers: map[string]json.RawMessage{}}
	if err := j.read(); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

// read takes in what is there and not too old. A file with nothing of use is
// emptied.
func (j *Journal) read() error {
	if info, err := j.file.Stat(); err != nil || info.Size() > maxJournal {
		return errors.Join(err, j.file.Truncate(0))
	}
	r := bufio.NewReader(j.file)
	whole := true
	for {
		text, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF {
			whole = len(text) == 0
			break
		}
		var l line
		if json.Unmarshal(text, &l) != nil || l.Call == "" || time.Since(l.At).Abs() > JournalLasts {
			continue
		}
		j.answers[l.Call] = l.Answer
		if j.oldest.IsZero() || l.At.Before(j.oldest) {
			j.oldest = l.At
		}
	}
	if len(j.answers) == 0 {
		return j.file.Truncate(0)
	}
	if !whole {
		_, err := j.file.WriteString("\n")
		return err
	}
	return nil
}

// Len is how many answers there are, and Oldest when the first of them came.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.answers)
}

// Oldest is when the first of the answers came; the zero time where there is none.
func (j *Journal) Oldest() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.oldest
}

func (j *Journal) get(call string) (json.RawMessage, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	answer, ok := j.answers[call]
	return answer, ok
}

func (j *Journal) put(call string, answer json.RawMessage) error {
	l := line{Call: call, At: time.Now().UTC(), Answer: answer}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answers[call] = answer
	if j.oldest.IsZero() {
		j.oldest = l.At
	}
	_, err = j.file.Write(append(text, '\n'))
	return err
}

// Close keeps the journal for the next process.
func (j *Journal) Close() error { return j.file.Close() }

// Remove closes the journal and deletes it, for nothing is left to go on with.
func (j *Journal) Remove() error {
	j.file.Close()
	return os.Remove(j.path)
}

// kept is the answer to a call: the journal's, or else that of ask, which then is
// the journal's too. A journal that cannot be written is no reason to fail.
func kept[T any](j *Journal, call string, ask func() (T, error)) (T, error) {
	if j == nil {
		return ask()
	}
	var answer T
	if text, ok := j.get(call); ok && json.Unmarshal(text, &answer) == nil {
		return answer, nil
	}
	answer, err := ask()
	if err != nil {
		return answer, err
	}
	if text, err := json.Marshal(answer); err == nil {
		_ = j.put(call, text)
	}
	return answer, nil
}
