package profiles

import (
	"fmt"
	"regexp"
	"strings"
)

// A pattern picks roles. ACCOUNT or ACCOUNT/ROLE with the wildcards * and ?, where
// ACCOUNT is the account's name or id; or ~ and a regular expression that finds
// something in NAME/ROLE or ID/ROLE. The case of letters does not matter.
type pattern struct {
	account, role *regexp.Regexp // role nil: any
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
	account, role, both := text, "", false
	// Roles have no slash in their names, accounts may.
	if i := strings.LastIndex(text, "/"); i >= 0 {
		account, role, both = text[:i], text[i+1:], true
	}
	p := pattern{account: wildcards(account)}
	if both {
		p.role = wildcards(role)
	}
	if account == "" && role == "" {
		return p, fmt.Errorf("the pattern %q matches nothing", text)
	}
	return p, nil
}

// wildcards makes an expression of text in which * and ? stand for others. Empty
// text is any.
func wildcards(text string) *regexp.Regexp {
	if text == "" {
		text = "*"
	}
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
	return regexp.MustCompile("(?is)^" + quoted + "$")
}

func (p pattern) matches(r Row) bool {
	if p.whole != nil {
		return p.whole.MatchString(r.AccountName+"/"+r.RoleName) || p.whole.MatchString(r.AccountID+"/"+r.RoleName)
	}
	return (p.account.MatchString(r.AccountName) || p.account.MatchString(r.AccountID)) && (p.role == nil || p.role.MatchString(r.RoleName))
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
