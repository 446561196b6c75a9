package awsmodel

import "strings"

// CommandName is the command line's name of an operation:
// ListAccountAssignments is list-account-assignments.
func CommandName(operation string) string { return dashed(operation) }

// FlagName is the command line's name of a member of an operation's input, without
// its dashes: InstanceArn is instance-arn.
func FlagName(member string) string { return dashed(member) }

// dashed takes a name apart as botocore's xform_name does, which named the
// commands of the AWS CLI: before a capital that begins a word, before a
// capital after a small letter or digit, and before an acronym's plural.
func dashed(name string) string {
	if strings.Contains(name, "-") {
		return name
	}
	if head, plural, ok := cutAcronyms(name); ok {
		name = head + "-" + strings.ToLower(plural)
	}
	name = breakBeforeWords(name)
	var b strings.Builder
	for i := range len(name) {
		if i > 0 && isUpper(name[i]) && (isLower(name[i-1]) || isDigit(name[i-1])) {
			b.WriteByte('-')
		}
		b.WriteByte(name[i])
	}
	return strings.ToLower(b.String())
}

// cutAcronyms cuts a plural such as ARNs off the end.
func cutAcronyms(name string) (head, plural string, ok bool) {
	head, ok = strings.CutSuffix(name, "s")
	start := len(head)
	for start > 0 && isUpper(head[start-1]) {
		start--
	}
	if !ok || len(head)-start < 2 {
		return "", "", false
	}
	return name[:start], name[start:], true
}

// breakBeforeWords puts a dash between any character and a capital that small
// letters follow. A character ends one word or stands before one, never both.
func breakBeforeWords(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		end := i + 2
		for end < len(name) && isLower(name[end]) {
			end++
		}
		if i+1 < len(name) && isUpper(name[i+1]) && end > i+2 {
			b.WriteString(name[i:i+1] + "-" + name[i+1:end])
			i = end
			continue
		}
		b.WriteByte(name[i])
		i++
	}
	return b.String()
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
