package profiles

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"text/template"
	"unicode"
)

// The templates of names where none is set: for profiles without a region or with
// the same one, and for those of several regions.
const (
	DefaultTemplate        = "{{.AccountName}}-{{.RoleName}}"
	DefaultTemplateRegions = "{{.AccountName}}-{{.RoleName}}-{{.Region}}"
)

// Skip is what a command answers, or a template gives, for a role that is to have
// no profile; nothing at all means the same.
const Skip = "SKIP"

func (s Settings) template() string {
	switch {
	case s.Template != "":
		return s.Template
	case len(s.Regions) > 1:
		return DefaultTemplateRegions
	}
	return DefaultTemplate
}

// namer gives the name that the template has for a row.
func (s Settings) namer() (func(Row) (string, error), error) {
	t, err := template.New("template").Option("missingkey=error").Funcs(functions()).Parse(s.template())
	if err != nil {
		return nil, templateError(err)
	}
	// Asked about nobody in particular, so that a field that is not there is found
	// also where there are no roles.
	var probe strings.Builder
	if err := t.Execute(&probe, Row{AccountID: "111111111111", AccountName: "name", AccountEmail: "name@example.com", RoleName: "Role", Region: "us-east-1", SSOSession: "session"}); err != nil {
		return nil, templateError(err)
	}
	var b strings.Builder
	return func(r Row) (string, error) {
		b.Reset()
		if err := t.Execute(&b, r); err != nil {
			return "", fmt.Errorf("for %s: %w", r, templateError(err))
		}
		return b.String(), nil
	}, nil
}

// templateError says where in the template, and leaves out what only those know
// who wrote this program.
func templateError(err error) error {
	text := strings.TrimPrefix(err.Error(), "template: template:")
	if line, rest, ok := strings.Cut(text, ":"); ok {
		text = "line " + line + ":" + strings.Replace(rest, `executing "template" `, "", 1)
	}
	return errors.New(strings.ReplaceAll(text, "profiles.Row", "a role"))
}

// functions are those of templates. The text that is worked on comes last, so that
// they can be joined: {{.AccountName | trimPrefix "acme-" | lower}}.
func functions() template.FuncMap {
	expressions := map[string]*regexp.Regexp{}
	compile := func(expression string) (*regexp.Regexp, error) {
		if re := expressions[expression]; re != nil {
			return re, nil
		}
		re, err := regexp.Compile(expression)
		expressions[expression] = re
		return re, err
	}
	return template.FuncMap{
		"lower": strings.ToLower, "upper": strings.ToUpper, "title": title, "slug": slug,
		"trim":       strings.TrimSpace,
		"trimPrefix": func(prefix, s string) string { return strings.TrimPrefix(s, prefix) },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"replace":    func(old, by, s string) string { return strings.ReplaceAll(s, old, by) },
		"contains":   func(part, s string) bool { return strings.Contains(s, part) },
		"hasPrefix":  func(prefix, s string) bool { return strings.HasPrefix(s, prefix) },
		"hasSuffix":  func(suffix, s string) bool { return strings.HasSuffix(s, suffix) },
		"default": func(instead, s string) string {
			if s == "" {
				return instead
			}
			return s
		},
		"regexReplace": func(expression, by, s string) (string, error) {
			re, err := compile(expression)
			if err != nil {
				return "", err
			}
			return re.ReplaceAllString(s, by), nil
		},
		"regexMatch": func(expression, s string) (bool, error) {
			re, err := compile(expression)
			if err != nil {
				return false, err
			}
			return re.MatchString(s), nil
		},
	}
}

// title makes the first letter of each word large, and leaves the others.
func title(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		start = !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
		if was {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

// slug is what stands for a text in addresses: small letters, digits, hyphens.
func slug(s string) string {
	return hyphenate(strings.ToLower(plain().Replace(s)), func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' })
}

// safeName makes of any text a name that the AWS CLI and every SDK take for the
// name of a profile, and shells for one word. The SDK for JavaScript knows the
// fewest letters: those here, and the percent sign.
func safeName(s string) string {
	return hyphenate(plain().Replace(s), func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(marks, r)
	})
}

// marks are what names may hold besides letters and digits.
const marks = "_-.@+:/"

// hyphenate puts one hyphen in the place of all that is not good, and none at the
// ends or beside a mark that divides already.
func hyphenate(s string, good func(rune) bool) string {
	var b strings.Builder
	pending := false
	for _, r := range s {
		if !good(r) {
			pending = true
			continue
		}
		if text := b.String(); pending && !strings.ContainsRune(marks, r) && text != "" && !strings.ContainsRune(marks, rune(text[len(text)-1])) {
			b.WriteByte('-')
		}
		pending = false
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "-")
}

// plain are letters of Europe without what is above and below them.
var plain = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer(
		"ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss", "æ", "ae", "Æ", "Ae", "œ", "oe", "Œ", "Oe", "ø", "o", "Ø", "O", "å", "a", "Å", "A",
		"à", "a", "á", "a", "â", "a", "ã", "a", "À", "A", "Á", "A", "Â", "A", "Ã", "A", "ç", "c", "Ç", "C", "č", "c", "Č", "C", "ć", "c", "ď", "d",
		"è", "e", "é", "e", "ê", "e", "ë", "e", "È", "E", "É", "E", "Ê", "E", "Ë", "E", "ě", "e", "ę", "e", "ì", "i", "í", "i", "î", "i", "ï", "i", "Í", "I", "Î", "I",
		"ł", "l", "Ł", "L", "ñ", "n", "Ñ", "N", "ň", "n", "ń", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "Ò", "O", "Ó", "O", "Ô", "O", "ő", "o", "ř", "r", "Ř", "R",
		"š", "s", "Š", "S", "ś", "s", "ť", "t", "ù", "u", "ú", "u", "û", "u", "ů", "u", "ű", "u", "Ú", "U", "ý", "y", "Ý", "Y", "ž", "z", "Ž", "Z", "ź", "z", "ż", "z", "ą", "a",
	)
})
