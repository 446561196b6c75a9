package access

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// put asks for an answer by way of the journal, and says whether anybody was asked.
func put(t *testing.T, j *Journal, call, answer string) (got string, asked bool) {
	t.Helper()
	got, err := kept(j, call, func() (string, error) { asked = true; return answer, nil })
	if err != nil {
		t.Fatal(err)
	}
	return got, asked
}

func open(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// What was answered is there for the next process, whatever ended the last one.
func TestJournalSurvives(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "access", "x.jsonl")
	j := open(t, path)
	put(t, j, "one", "1")
	put(t, j, "two", "2")
	if _, err := kept(j, "bad", func() (string, error) { return "", errors.New("no") }); err == nil {
		t.Error("an error got lost")
	}
	// Killed in the middle of a line.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	if got, asked := put(t, j, "one", "another"); got != "1" || asked {
		t.Errorf("got %q, asked %t; want the answer that was kept", got, asked)
	}
	if got, asked := put(t, j, "two", "again"); got != "again" || !asked {
		t.Errorf("got %q, asked %t; want what was cut off to be asked again", got, asked)
	}
	if _, asked := put(t, j, "bad", "now"); !asked {
		t.Error("an error was kept")
	}
	// What follows a line that was cut off is whole.
	if got, asked := put(t, open(t, path), "two", "once more"); got != "again" || asked {
		t.Errorf("got %q, asked %t", got, asked)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v: others can read who has access", fi.Mode(), err)
	}
}

// Answers that are too old are asked for again.
func TestJournalForgets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.jsonl")
	synctest.Test(t, func(t *testing.T) {
		put(t, open(t, path), "one", "1")
		time.Sleep(JournalLasts - time.Minute)
		if _, asked := put(t, open(t, path), "one", "2"); asked {
			t.Error("an answer was forgotten too early")
		}
		time.Sleep(2 * time.Minute)
		j := open(t, path)
		if n := j.Len(); n != 0 {
			t.Errorf("%d answers are left", n)
		}
		if got, asked := put(t, j, "one", "3"); got != "3" || !asked {
			t.Errorf("got %q, asked %t; want a new answer", got, asked)
		}
	})
}

// No cell computes anything in a spreadsheet, and every name can be had back.
func TestCSVIsInert(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom([]string{`=HYPERLINK("http://x","y")`, "+1", "-1", "@sum", "'quoted", "\t=1", "a,b\"c", "plain", "", "＝1"}), rapid.String()).Draw(t, "name")
		if strings.Contains(name, "\r") { // encoding/csv reads \r\n as \n
			return
		}
		var b strings.Builder
		if err := WriteCSV(&b, []Grant{{AccountID: "1", AccountName: name}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v, %d rows", err, len(rows))
		}
		cell := rows[1][1]
		if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t") {
			t.Errorf("%q computes", cell)
		}
		if got := strings.TrimPrefix(cell, "'"); got != name {
			t.Errorf("got %q back, want %q", got, name)
		}
	})
}
