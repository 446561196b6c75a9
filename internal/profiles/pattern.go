package profiles

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// A pattern picks roles. ACCOUNT or ACCOUNT/ROLE with the wildcards * and ?, where
// ACCOUNT is the account's name or id; or ~ and a regular expression that finds
// something in NAME/ROLE or ID/ROLE. The case of letters does not matter.
type pattern struct {
	account, role string
	whole         *regexp.Regexp // in place of both
}

func newPattern(text string) (pattern, error) {
	if expression, ok := strings.CutPrefix(text, "~"); ok {
		re, err := regexp.Compile("(?i)" + expression)
		if err != nil {
			return pattern{}, fmt.Errorf("the pattern %q: %v", text, err)
		}
		return pattern{whole: re}, nil
	}
	p := pattern{account: text}
	// Roles have no slash in their names, accounts may.
	if i := strings.LastIndex(text, "/"); i >= 0 {
		p = pattern{account: text[:i], role: text[i+1:]}
	}
	if p.account == "" && p.role == "" {
		return p, fmt.Errorf("the pattern %q matches nothing", text)
	}
	p.account, p.role = cmp.Or(p.account, "*"), cmp.Or(p.role, "*")
	return p, nil
}

// Fits matches a name with a pattern of * and ?, whatever the case.
func Fits(pattern, name string) bool {
	return fitsRunes([]rune(strings.ToLower(pattern)), []rune(strings.ToLower(name)))
}

func fitsRunes(pattern, name []rune) bool {
	star, from := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(string(pattern[p:]), "*") == ""
}

func (p pattern) matches(r Row) bool {
	if p.whole != nil {
		return p.whole.MatchString(r.AccountName+"/"+r.RoleName) || p.whole.MatchString(r.AccountID+"/"+r.RoleName)
	}
	return (Fits(p.account, r.AccountName) || Fits(p.account, r.AccountID)) && Fits(p.role, r.RoleName)
}

func patterns(texts []string) ([]pattern, error) {
	var all []pattern
	for _, text := range texts {
		p, err := newPattern(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func anyMatches(all []pattern, r Row) bool {
	for _, p := range all {
		if p.matches(r) {
			return true
		}
	}
	return false
}
