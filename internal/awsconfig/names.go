package awsconfig

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// sectionOf is what a header means in the config file.
func sectionOf(raw string) (Section, bool) {
	kind, name, ok := syntax.Meaning(raw)
	return Section{kind, name}, ok
}

// SplitWords splits as Python's shlex.split does: POSIX quoting, no comments,
// nothing expanded. It is how AWS tools read section headers, and how Python's
// webbrowser reads $BROWSER. An unclosed quote is not ok.
func SplitWords(s string) (words []string, ok bool) { return syntax.Words(s) }

// headerText is the only encoder of names into headers. It is right for names
// that checkName lets through.
func headerText(s Section) string {
	switch {
	case s.Kind == KindCredentials:
		return s.Name
	case s.Kind == KindProfile && s.Name == "default":
		return s.Name
	case strings.ContainsAny(s.Name, " \t\\"):
		// Single quotes keep backslashes as they are.
		return s.Kind + " '" + s.Name + "'"
	default:
		return s.Kind + " " + s.Name
	}
}

// checkName refuses names whose header some reader would take for another
// header, for a key or for nothing. The AWS SDK for Go cuts headers at # and ;
// and then gives the section's keys to the section before it.
func checkName(s Section) error {
	problem := ""
	switch {
	case s.Name == "":
		problem = "it is empty"
	case !utf8.ValidString(s.Name):
		problem = "it is not UTF-8"
	case strings.ContainsAny(s.Name, "\r\n"):
		problem = "newline characters and carriage returns are not allowed"
	case strings.ContainsFunc(s.Name, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }):
		problem = "control characters are not allowed"
	case strings.ContainsAny(s.Name, "]'\"=#;"):
		problem = `none of ] ' " = # ; is allowed`
	case s.Kind == KindCredentials && s.Name == inherited:
		problem = "in the credentials file this header stands for every profile"
	case s.Kind == KindCredentials:
		if strip(s.Name) != s.Name {
			problem = "it begins or ends with a blank"
		}
	default:
		if got, ok := sectionOf(headerText(s)); !ok || got != s {
			problem = "no header means it"
		}
	}
	if problem == "" {
		return nil
	}
	return &NameError{Kind: s.Kind, Name: s.Name, Problem: problem}
}

// NameProblem says why a profile or sso-session should not have this name:
// either it cannot be written at all, or no spelling of it is read by both the
// AWS CLI with boto3 and the AWS SDK for Go. It is empty for good names.
func NameProblem(name string) string {
	if err := checkName(Section{KindSession, name}); err != nil {
		return err.(*NameError).Problem
	}
	switch {
	case strings.ContainsFunc(name, isSpace):
		return "it holds a blank: the AWS CLI and boto3 read such a name only in quotes, the AWS SDK for Go only without"
	case strings.Contains(name, `\`):
		return "it holds a backslash: the AWS CLI and boto3 read such a name only in quotes, the AWS SDK for Go only without"
	}
	return ""
}

// checkKey refuses keys that would not be read back as they are.
func checkKey(key string) error {
	problem := ""
	switch {
	case key == "":
		problem = "it is empty"
	case !utf8.ValidString(key):
		problem = "it is not UTF-8"
	case strings.ContainsAny(key, "\r\n"):
		problem = "newline characters and carriage returns are not allowed"
	case strings.ContainsFunc(key, unicode.IsControl):
		problem = "control characters are not allowed"
	case strings.ContainsAny(key, "=:"):
		problem = "= and : are not allowed"
	case strip(key) != key:
		problem = "it begins or ends with a blank"
	case strings.ContainsRune("#;[", rune(key[0])):
		problem = "it may not begin with # ; or ["
	case strings.Contains(key, " #"), strings.Contains(key, " ;"):
		problem = "it holds the beginning of a comment"
	}
	if problem == "" {
		return nil
	}
	return &KeyError{Key: key, Problem: problem}
}

func checkValue(key, value string) error {
	problem := ""
	switch {
	case strings.ContainsAny(value, "\r\n"):
		problem = "newline characters and carriage returns are not allowed"
	case !utf8.ValidString(value):
		problem = "it is not UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		problem = "control characters are not allowed"
	case strip(value) == `"`, strip(value) == "'":
		problem = "the AWS SDK for Go fails on every file with a lone quotation mark as a value"
	}
	if problem == "" {
		return nil
	}
	return &ValueError{Key: key, Problem: problem}
}
