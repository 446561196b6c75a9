package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/events"
)

// Events is the Store of what happened.
func (db *DB) Events() events.Store { return eventStore{db} }

type eventStore struct{ db *DB }

// eventRows is how many events are inserted by one statement.
const eventRows = 50

func (s eventStore) InsertEvents(ctx context.Context, es []events.Event, keep int) error {
	if len(es) == 0 {
		return nil
	}
	// Before the transaction, which keeps everybody else from writing.
	rows := make([][]any, len(es))
	for i, e := range es {
		body, err := json.Marshal(e)
		if err != nil {
			return err
		}
		rows[i] = []any{millis(e.EventTime), eventKey(e.EventName), eventKey(e.UserIdentity.UserName), string(body)}
	}
	return s.db.change(ctx, func(tx *tx) error {
		// They are numbered here, not by the database, so that there are no gaps, and
		// the oldest beyond keep can be told from the number alone.
		var last int64
		if err := tx.queryRow(`SELECT coalesce(max(sequence), 0) FROM event`).Scan(&last); err != nil {
			return err
		}
		for chunk := range slices.Chunk(rows, eventRows) {
			var args []any
			for _, row := range chunk {
				last++
				args = append(append(args, last), row...)
			}
			if _, err := tx.exec(insertEvents(len(chunk)), args...); err != nil {
				return err
			}
		}
		// The latest stays, so that no number is given twice.
		_, err := tx.exec(`DELETE FROM event WHERE sequence <= $1`, last-int64(max(keep, 1)))
		return err
	})
}

func insertEvents(rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO event (sequence, at, name_key, user_key, body) VALUES ")
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, $%d, $%d, $%d, $%d)", 5*i+1, 5*i+2, 5*i+3, 5*i+4, 5*i+5)
	}
	return b.String()
}

// eventKey is what names are searched by.
func eventKey(name string) string { return strings.ToLower(name) }

func (s eventStore) Events(ctx context.Context, q events.Query) ([]events.Event, error) {
	if q.Limit <= 0 {
		q.Limit = math.MaxInt32
	}
	// What comes while this looks around is left to the next query: its name might
	// not be among those found below, and yet its number before the last of the
	// answer's, beyond which the caller asks next.
	first, last := q.After+1, int64(0)
	if err := s.db.queryRow(ctx, `SELECT coalesce(max(sequence), 0) FROM event`).Scan(&last); err != nil {
		return nil, err
	}
	if !q.Since.IsZero() {
		// Events come in the order of their times, more or less: begin at the first.
		// The plus makes SQLite look into the index of times, not walk the rows.
		var since int64
		if err := s.db.queryRow(ctx, `SELECT coalesce(min(+sequence), 0) FROM event WHERE at >= $1`, millis(q.Since)).Scan(&since); err != nil {
			return nil, err
		}
		if since == 0 {
			return nil, nil
		}
		first = max(first, since)
	}
	users, err := s.keys(ctx, "user_key", q.User)
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", q.User, err)
	}
	names, err := s.keys(ctx, "name_key", q.Operation)
	if err != nil {
		return nil, fmt.Errorf("operation %q: %w", q.Operation, err)
	}
	var found []events.Event
	for _, u := range users {
		for _, n := range names {
			part, err := s.find(ctx, first, last, q, u, n)
			if err != nil {
				return nil, err
			}
			found = append(found, part...)
		}
	}
	slices.SortFunc(found, func(a, b events.Event) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return found[:min(len(found), q.Limit)], nil
}

// keyChunk is how many names one query looks for.
const keyChunk = 256

// keys returns the names that a pattern means, in chunks: one nil chunk for all,
// none when there is no such name.
func (s eventStore) keys(ctx context.Context, column, pattern string) ([][]string, error) {
	if pattern == "" {
		return [][]string{nil}, nil
	}
	pattern = eventKey(pattern)
	if !strings.ContainsAny(pattern, `*?[\`) {
		return [][]string{{pattern}}, nil
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	// From name to name, each one look into the index, however many events it has.
	var keys []string
	all := true
	err := s.db.query(ctx, `WITH RECURSIVE key (k) AS (
			SELECT min(`+column+`) FROM event
			UNION ALL
			SELECT (SELECT min(e.`+column+`) FROM event e WHERE e.`+column+` > key.k) FROM key WHERE key.k IS NOT NULL)
		SELECT k FROM key WHERE k IS NOT NULL`, nil, func(scan func(...any) error) error {
		var k string
		if err := scan(&k); err != nil {
			return err
		}
		if ok, _ := path.Match(pattern, k); ok {
			keys = append(keys, k)
		} else {
			all = false
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if all {
		return [][]string{nil}, nil
	}
	return slices.Collect(slices.Chunk(keys, keyChunk)), nil
}

// find returns the first events of one chunk of users and one of names.
func (s eventStore) find(ctx context.Context, first, last int64, q events.Query, users, names []string) ([]events.Event, error) {
	args := []any{first, last, millis(q.Since), q.Limit}
	where := `sequence BETWEEN $1 AND $2 AND at >= $3`
	for _, filter := range []struct {
		column string
		keys   []string
	}{{"user_key", users}, {"name_key", names}} {
		if filter.keys != nil {
			where += " AND " + filter.column + " IN (" + placeholders(&args, filter.keys) + ")"
		}
	}
	var found []events.Event
	err := s.db.query(ctx, `SELECT e.sequence, e.body FROM (SELECT sequence FROM event WHERE `+where+` ORDER BY sequence LIMIT $4) f
		JOIN event e ON e.sequence = f.sequence ORDER BY e.sequence`, args, func(scan func(...any) error) error {
		var sequence int64
		var body string
		if err := scan(&sequence, &body); err != nil {
			return err
		}
		var e events.Event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return fmt.Errorf("event %d: %w", sequence, err)
		}
		e.Sequence = sequence
		found = append(found, e)
		return nil
	})
	return found, err
}

// placeholders adds the keys to the arguments. There are as many as a power of
// two, the last again and again, since each statement is prepared once and kept.
func placeholders(args *[]any, keys []string) string {
	n := 1
	for n < len(keys) {
		n *= 2
	}
	names := make([]string, n)
	for i := range n {
		*args = append(*args, keys[min(i, len(keys)-1)])
		names[i] = fmt.Sprintf("$%d", len(*args))
	}
	return strings.Join(names, ", ")
}
