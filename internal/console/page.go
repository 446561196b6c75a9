package console

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// An UnknownError says that something names no page of the console. Like are the
// services that have a similar name.
type UnknownError struct {
	What, Why string
	Like      []string
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("%q %s", e.What, e.Why)
	if len(e.Like) > 0 {
		text += "; did you mean " + strings.Join(e.Like, " or ") + "?"
	}
	return text
}

// Page is the address of what somebody asks for: "" is the console's home page, a
// service's name its own, one with more behind a / or # a page below it, an ARN
// what it names, and an address of the console that very page.
func (p Place) Page(what string) (string, error) {
	switch {
	case what == "":
		return p.page("console/home", false), nil
	case strings.HasPrefix(what, "arn:"):
		return p.resource(what)
	case strings.Contains(what, "://"):
		return p.address(what)
	}
	name, rest := what, ""
	if i := strings.IndexAny(what, "/#?"); i >= 0 {
		name, rest = what[:i], what[i:]
	}
	s, ok := findService(name)
	if !ok {
		return "", &UnknownError{What: name, Why: "is no service that is known here", Like: similar(name)}
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", &UnknownError{What: what, Why: "is no path: it has a blank in it"}
	}
	path := s.path
	switch {
	case strings.HasPrefix(rest, "/"):
		// The service's pages are beside its first one.
		path, _, _ = strings.Cut(path, "#")
		path = strings.TrimSuffix(path, "/home") + rest
	case rest != "":
		path, _, _ = strings.Cut(path, "#")
		path += rest
	}
	return p.page(path, s.global), nil
}

// sessionHost begins the hosts of a browser's console when several sessions are
// open in it: the account and a name that is the session's own.
var sessionHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}-[a-z0-9]+\.`) })

// address checks that something is an address of the partition's console. What
// says which of a browser's sessions it was copied from is taken out.
func (p Place) address(raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "", &UnknownError{What: raw, Why: "is no address"}
	case u.Scheme != "https" || u.User != nil || u.Port() != "":
		return "", &UnknownError{What: raw, Why: "is no https address of the console"}
	}
	u.Host = sessionHost().ReplaceAllString(strings.ToLower(u.Host), "")
	if !p.ours(u.Host) {
		domain, _ := p.facts()
		return "", &UnknownError{What: raw, Why: fmt.Sprintf("is no address of the console of the partition %s (console.%s)", p.Partition, domain)}
	}
	return u.String(), nil
}

// similar are the services whose name begins with a part of this one, or this one
// with theirs.
func similar(name string) (like []string) {
	for _, s := range services {
		for n := range strings.FieldsSeq(s.names) {
			if len(like) < 3 && len(name) > 1 && (strings.HasPrefix(n, name) || len(n) > 2 && strings.HasPrefix(name, n) || oneOff(n, name)) {
				like = append(like, n)
				break
			}
		}
	}
	return like
}

// oneOff tells whether one letter more, less or changed makes one of the other.
func oneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(b) < 3 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return a[min(i+1, len(a)):] == b[min(i+1, len(b)):]
	}
	return a[i:] == b[i+1:]
}
