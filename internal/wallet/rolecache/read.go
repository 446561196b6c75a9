package rolecache

import "strings"

// Read takes a role's credentials from the bytes of its cache file. It answers
// only when the general reader could answer nothing else: plain JSON with each
// key once, in its own case, and nothing escaped. Anything else is not ok, and
// neither are credentials of a session of the same name at another start URL.
func Read(data []byte, startURL string) (c Credentials, ok bool) {
	r := reader{rest: string(data)}
	var from, expires string
	entries := 0
	ok = r.object(func(key string) bool {
		switch key {
		case "portico_start_url":
			return r.once(&from)
		case "Credentials":
			entries++
			return entries == 1 && r.object(func(key string) bool {
				switch key {
				case "AccessKeyId":
					return r.once(&c.AccessKeyID)
				case "SecretAccessKey":
					return r.once(&c.SecretAccessKey)
				case "SessionToken":
					return r.once(&c.SessionToken)
				case "Expiration":
					return r.once(&expires)
				case "AccountId":
					return r.once(&c.AccountID)
				}
				return !like(key, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId") && r.skip(0)
			})
		}
		return !like(key, "portico_start_url", "Credentials") && r.skip(0)
	})
	r.blanks()
	if !ok || r.rest != "" || (from != "" && from != startURL) || c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" {
		return Credentials{}, false
	}
	t, err := ParseTime(expires)
	if err != nil {
		return Credentials{}, false
	}
	c.Expiration = t
	return c, true
}

// like tells whether a decoder that does not mind case would take key for one of
// the names.
func like(key string, names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// reader reads JSON from the front of rest. Its methods tell whether they found
// what they are for.
type reader struct{ rest string }

func (r *reader) blanks() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// token takes one character, after blanks.
func (r *reader) token(c byte) bool {
	r.blanks()
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// object has member read the value of each key.
func (r *reader) object(member func(key string) bool) bool {
	if !r.token('{') {
		return false
	}
	if r.token('}') {
		return true
	}
	for {
		key, ok := r.text()
		if !ok || !r.token(':') || !member(key) {
			return false
		}
		if r.token('}') {
			return true
		}
		if !r.token(',') {
			return false
		}
	}
}

// text reads a string of printable ASCII without escapes.
func (r *reader) text() (string, bool) {
	if !r.token('"') {
		return "", false
	}
	for i := 0; i < len(r.rest); i++ {
		switch c := r.rest[i]; {
		case c == '"':
			s := r.rest[:i]
			r.rest = r.rest[i+1:]
			return s, true
		case c == '\\' || c < ' ' || c > '~':
			return "", false
		}
	}
	return "", false
}

// once reads a string into to, which is empty as long as it was not there.
func (r *reader) once(to *string) bool {
	s, ok := r.text()
	if !ok || *to != "" {
		return false
	}
	*to = s
	return true
}

// maxDepth is more than any tool nests in its cache.
const maxDepth = 8

// skip reads over a value that matters to nobody here. Lists and numbers, which
// no tool writes there, it does not know.
func (r *reader) skip(depth int) bool {
	r.blanks()
	for _, word := range []string{"null", "true", "false"} {
		if rest, ok := strings.CutPrefix(r.rest, word); ok {
			r.rest = rest
			return true
		}
	}
	if strings.HasPrefix(r.rest, "{") {
		return depth < maxDepth && r.object(func(string) bool { return r.skip(depth + 1) })
	}
	_, ok := r.text()
	return ok
}
