package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// A catalog is kept in two files, both of the same lines: one that holds what the
// last listing found, and while there is a listing its journal, to which each
// answer is appended. A listing that is killed goes on where its journal ends.
//
// A line is the checksum of the rest, what it is, and its fields, with tabs
// between. Names come from the service, so what would end a field is escaped. A
// line that is not whole ends the file: what comes after it is asked for again.
const (
	keptSuffix    = ".catalog"
	journalSuffix = ".listing"
)

// The kinds of lines, with their fields.
const (
	lineSession  = "session"  // format, name, start URL, region
	lineSignIn   = "sign-in"  // the mark of the sign-in that what follows was listed under
	lineBegan    = "began"    // when: Unix time in milliseconds
	lineAnew     = "anew"     // empty: the accounts are listed from the first on, whatever is above
	lineAccount  = "account"  // id, name, e-mail; the last two with a = before them, or empty where there is none
	lineAccounts = "accounts" // how many there are: all are known
	lineRoles    = "roles"    // account id, names
	lineFailed   = "failed"   // account id, problem
	lineEnd      = "end"      // how many lines there are before this one
)

// format changes with what the lines mean.
const format = "1"

// A record is what the two files tell.
type record struct {
	session, startURL, region string
	signIn                    string
	began                     time.Time

	accounts []Account
	all      bool // accounts are all there are
	roles    map[string][]Role
	failed   map[string]string

	whole bool // its end is there; then all is in the order of a [Snapshot]
}

// end makes it whole.
func (r *record) end() {
	r.sort()
	r.whole = true
}

func (r *record) sort() {
	SortAccounts(r.accounts)
	for _, roles := range r.roles {
		SortRoles(roles)
	}
}

func newRecord() *record {
	return &record{roles: map[string][]Role{}, failed: map[string]string{}}
}

var escapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// line makes one of a kind and its fields.
func line(b []byte, kind string, fields ...string) []byte {
	b = append(b, "00000000\t"...)
	start := len(b)
	b = append(b, kind...)
	for _, f := range fields {
		b = append(b, '\t')
		b = append(b, escapes.Replace(f)...)
	}
	sum := strconv.AppendUint(nil, uint64(crc32.ChecksumIEEE(b[start:])), 16)
	copy(b[start-1-len(sum):], sum)
	return append(b, '\n')
}

// head is the beginning of both files.
func (r *record) head() []byte {
	b := line(nil, lineSession, format, r.session, r.startURL, r.region)
	b = line(b, lineSignIn, r.signIn)
	return line(b, lineBegan, strconv.FormatInt(r.began.UnixMilli(), 10))
}

func accountLine(b []byte, a Account) []byte {
	optional := func(s *string) string {
		if s == nil {
			return ""
		}
		return "=" + *s
	}
	return line(b, lineAccount, a.ID, optional(a.Name), optional(a.Email))
}

func rolesLine(b []byte, account string, roles []Role) []byte {
	fields := append(make([]string, 0, len(roles)+1), account)
	for _, r := range roles {
		fields = append(fields, r.Name)
	}
	return line(b, lineRoles, fields...)
}

// lines is the record as a file, with its end if it is whole.
func (r *record) lines() []byte {
	b := r.head()
	for _, a := range r.accounts {
		b = accountLine(b, a)
	}
	if r.all {
		b = line(b, lineAccounts, strconv.Itoa(len(r.accounts)))
	}
	for _, a := range r.accounts {
		if roles, known := r.roles[a.ID]; known {
			b = rolesLine(b, a.ID, roles)
		}
		if problem, failed := r.failed[a.ID]; failed {
			b = line(b, lineFailed, a.ID, problem)
		}
	}
	if !r.all {
		// Of accounts that are still to be listed an earlier try may know the roles.
		for id, roles := range r.roles {
			if !slices.ContainsFunc(r.accounts, func(a Account) bool { return a.ID == id }) {
				b = rolesLine(b, id, roles)
			}
		}
	}
	if r.whole {
		b = line(b, lineEnd, strconv.Itoa(bytes.Count(b, []byte{'\n'})))
	}
	return b
}

// parse reads a file as far as it is whole. Nil means that it tells nothing.
func parse(data []byte) *record {
	r := newRecord()
	n := 0
	for ; ; n++ {
		text, rest, ended := bytes.Cut(data, []byte{'\n'})
		if !ended || r.whole || !r.take(text, n) {
			break
		}
		data = rest
	}
	if n < 3 { // the head
		return nil
	}
	return r
}

// take adds the nth line to the record, and says whether it could.
func (r *record) take(text []byte, n int) bool {
	sum, body, ok := bytes.Cut(text, []byte{'\t'})
	if !ok {
		return false
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || uint32(want) != crc32.ChecksumIEEE(body) {
		return false
	}
	kind, fields := split(string(body))
	switch {
	case (n == 0) != (kind == lineSession), len(fields) == 0:
		return false
	case kind == lineSession:
		if len(fields) != 4 || fields[0] != format {
			return false
		}
		r.session, r.startURL, r.region = fields[1], fields[2], fields[3]
	case kind == lineSignIn:
		r.signIn = fields[0]
	case kind == lineBegan:
		ms, err := strconv.ParseInt(fields[0], 10, 64)
		r.began = time.UnixMilli(ms)
		return err == nil
	case kind == lineAnew:
		r.accounts, r.all = nil, false
	case kind == lineAccount && len(fields) == 3:
		r.accounts = append(r.accounts, Account{ID: fields[0], Name: present(fields[1]), Email: present(fields[2])})
	case kind == lineAccounts:
		r.all = fields[0] == strconv.Itoa(len(r.accounts))
		return r.all
	case kind == lineRoles:
		roles := make([]Role, len(fields)-1)
		for i, name := range fields[1:] {
			roles[i] = Role{Name: name, AccountID: fields[0]}
		}
		r.roles[fields[0]] = roles
	case kind == lineFailed && len(fields) == 2:
		r.failed[fields[0]] = fields[1]
	case kind == lineEnd:
		r.whole = fields[0] == strconv.Itoa(n)
		return r.whole
	default:
		return false
	}
	return true
}

func split(body string) (kind string, fields []string) {
	kind, rest, more := strings.Cut(body, "\t")
	if !more {
		return kind, nil
	}
	fields = strings.Split(rest, "\t")
	for i, f := range fields {
		if strings.IndexByte(f, '\\') >= 0 {
			fields[i] = unescape(f)
		}
	}
	return kind, fields
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			switch c = s[i]; c {
			case 't':
				c = '\t'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

func present(field string) *string {
	value, ok := strings.CutPrefix(field, "=")
	if !ok {
		return nil
	}
	return &value
}

// snapshot is the record in the order in which people see it.
func (r *record) snapshot() Snapshot {
	s := Snapshot{Session: r.session, StartURL: r.startURL, Region: r.region, Accounts: r.accounts, Listed: r.began, Complete: r.all && len(r.failed) == 0}
	if !r.whole {
		r.sort()
	}
	n := 0
	for _, roles := range r.roles {
		n += len(roles)
	}
	s.Roles = make([]Role, 0, n)
	for _, a := range s.Accounts {
		roles, known := r.roles[a.ID]
		s.Roles = append(s.Roles, roles...)
		if problem, failed := r.failed[a.ID]; failed {
			s.Failed = append(s.Failed, Failure{AccountID: a.ID, Problem: problem})
		}
		s.Complete = s.Complete && known
	}
	return s
}

// read returns what a file tells, nil where that is nothing.
func read(path string) (*record, error) {
	data, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(data), nil
}

// saved reads what is kept under a key: the last listing, or where there is none
// yet the journal of one that did not end.
func saved(dir, key string) (*record, error) {
	kept, err := read(filepath.Join(dir, key+keptSuffix))
	if err == nil && kept != nil && kept.whole {
		return kept, nil
	}
	journal, problem := read(filepath.Join(dir, key+journalSuffix))
	return journal, errors.Join(err, problem)
}

// Kept returns what is kept in a directory of every session, without the network.
// It is an error, beside the rest, that a file could not be read.
func Kept(dir string) ([]Snapshot, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Snapshot
	seen := map[string]bool{}
	var failed error
	for _, e := range entries {
		key, known := strings.CutSuffix(e.Name(), keptSuffix)
		if !known {
			key, known = strings.CutSuffix(e.Name(), journalSuffix)
		}
		if !known || seen[key] {
			continue
		}
		seen[key] = true
		r, err := saved(dir, key)
		failed = errors.Join(failed, err)
		if r != nil {
			all = append(all, r.snapshot())
		}
	}
	return all, failed
}

// Forget removes what is kept in a directory under a key (of a token, see
// wallet.TokenKey), or all of it where the key is "".
func Forget(dir, key string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("forget the catalog: %w", err)
	}
	var failed error
	for _, e := range entries {
		name := e.Name()
		ext := filepath.Ext(name)
		if (ext != keptSuffix && ext != journalSuffix) || (key != "" && name != key+ext) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
