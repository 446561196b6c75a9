package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// agreementChecks are for what two AWS tools read differently, as was tried with
// AWS CLI 2.36, boto3 1.43, the AWS SDK for Go 1.47 and that for JavaScript 3.1169.
func agreementChecks() []Check {
	return family("What two tools read differently",
		Check{ID: "config-name", Severity: Warning, Title: "A profile or session has a name with a blank, or another that not all tools read",
			Why:  "The AWS CLI and boto3 find a name with a blank only in quotes, the AWS SDK for Go (Terraform, kubectl plugins) only without.",
			Cure: "Rename the section, and what refers to it: `[profile my-dev]` in place of `[profile my dev]`.", find: names},
		Check{ID: "config-quoted-name", Severity: Warning, Title: "A section's name is in quotes that it does not need",
			Why:  "The AWS SDK for Go takes the quotes for part of the name and does not find the section.",
			Cure: "Write `[profile dev]` in place of `[profile \"dev\"]`.", Fixes: true, find: quotedNames},
		Check{ID: "config-lost-section", Severity: Warning, Title: "A section of settings has a header that means nothing",
			Why:  "In ~/.aws/config a profile is `[profile NAME]`; `[NAME]` is one in ~/.aws/credentials alone. The AWS CLI and boto3 pass over the section.",
			Cure: "Write `[profile dev]` in place of `[dev]`.", Fixes: true, find: lostSections},
		Check{ID: "config-two-defaults", Severity: Warning, Title: "Both [default] and [profile default] exist",
			Why:  "For the AWS CLI the later one replaces the other; for the AWS SDK for Go [profile default] always wins.",
			Cure: "Put the keys of both under `[default]` and delete the other header.", find: twoDefaults},
		Check{ID: "config-inherited", Severity: Warning, Title: "A section is called [DEFAULT], in capitals",
			Why:  "The AWS CLI and boto3 give its keys to every section; other SDKs pass over it.",
			Cure: "Call it `[default]`, or write its keys into the profiles that are to have them.", find: inherited},
		Check{ID: "config-inline-comment", Severity: Warning, Title: "A comment follows a value on its line",
			Why:  "For the AWS CLI and boto3 it is part of the value (“Provided region_name … doesn't match a supported format”); the AWS SDKs for Go and JavaScript cut it off.",
			Cure: "Give the comment a line of its own.", Fixes: true, find: inlineComments},
		Check{ID: "config-continuation", Severity: Warning, Title: "An indented key continues the value above it",
			Why:  "For the AWS CLI and boto3 an indented line belongs to the value above it, so the key is not there and the value above is wrong; the AWS SDKs for Go and JavaScript read a key.",
			Cure: "Take the blanks before the key away.", Fixes: true, find: continuations},
		Check{ID: "config-key-case", Severity: Warning, Title: "A key is written with capitals",
			Why:  "The AWS SDK for JavaScript does not find the key, nor does `aws configure set`, which adds a second one, after which the AWS CLI refuses the file.",
			Cure: "Write the key in small letters.", Fixes: true, find: keyCase},
		Check{ID: "config-quoted-value", Severity: Warning, Title: "A value is in quotes",
			Why:  "To the AWS CLI, boto3 and the AWS SDK for JavaScript the quotes are part of the value; the AWS SDK for Go takes them off.",
			Cure: "Take the quotes away.", Fixes: true, find: quotedValues},
		Check{ID: "config-colon", Severity: Warning, Title: "A key is set with a colon",
			Why:  "The AWS CLI reads `region: eu-west-1`; the AWS SDK for JavaScript passes over the line.",
			Cure: "Write `region = eu-west-1`.", Fixes: true, find: colons},
	)
}

func (f *Facts) eachSection(visit func(t *Text, s section)) {
	for _, t := range f.texts() {
		for _, s := range t.sections {
			visit(t, s)
		}
	}
}

// eachKey visits the keys of the sections that mean something.
func (f *Facts) eachKey(visit func(t *Text, s section, k key)) {
	f.eachSection(func(t *Text, s section) {
		for _, k := range s.keys {
			if s.means {
				visit(t, s, k)
			}
		}
	})
}

func names(f *Facts, report func(Finding)) {
	f.eachSection(func(t *Text, s section) {
		name := s.Name
		kind := kindWord(s.Section)
		if !s.means {
			// A name with a blank and without quotes: the Go SDK reads it.
			word, rest, _ := strings.Cut(s.raw, " ")
			if rest = syntax.Strip(rest); !slices.Contains([]string{awsconfig.KindProfile, awsconfig.KindSession, awsconfig.KindServices}, word) || rest == "" {
				return
			}
			kind, name = word, rest
		}
		problem := awsconfig.NameProblem(name)
		if problem == "" {
			return
		}
		report(Finding{What: fmt.Sprintf("the name of [%s] is read by some tools and not by others: %s", s.raw, problem),
			Cure:  fmt.Sprintf("Rename it on line %d, for example to [%s], and wherever it is named.", s.line, strings.TrimSpace(kind+" "+plainName(name))),
			Where: t.where(s.line)})
	})
}

// plainName is a name as every tool reads it.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if syntax.IsSpace(r) || strings.ContainsRune(`]'"=#;\[`, r) {
			return '-'
		}
		return r
	}, name)
	return strings.Trim(name, "-")
}

func quotedNames(f *Facts, report func(Finding)) {
	for _, s := range f.Config.sections {
		if !s.means || s.raw == "default" || awsconfig.NameProblem(s.Name) != "" {
			continue
		}
		plain := s.Section.String()
		if !strings.ContainsAny(s.raw, `"'\`) || s.raw == plain {
			continue
		}
		text := "[" + plain + "]"
		report(Finding{What: fmt.Sprintf("[%s] has quotes around its name, so the AWS SDK for Go does not find it", s.raw),
			Cure: fmt.Sprintf("Write %s on line %d.", text, s.line), Where: f.Config.where(s.line),
			Lines: []LineEdit{{Path: f.Config.Path, Line: s.line, Text: &text}}})
	}
}

// ofProfiles are keys that only profiles have.
var ofProfiles = []string{"region", "output", "sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region", "role_arn", "source_profile", "credential_process", "aws_access_key_id"}

func lostSections(f *Facts, report func(Finding)) {
	for _, s := range f.Config.sections {
		if s.means || s.raw == "DEFAULT" || !slices.ContainsFunc(s.keys, func(k key) bool { return slices.Contains(ofProfiles, strings.ToLower(k.name)) }) {
			continue
		}
		name := syntax.Strip(s.raw)
		kind := awsconfig.KindProfile
		for _, prefix := range []string{awsconfig.KindProfile, awsconfig.KindSession} {
			if word, rest, ok := strings.Cut(name, " "); ok && word == prefix {
				kind, name = prefix, syntax.Strip(rest)
			}
		}
		if strings.ContainsFunc(name, syntax.IsSpace) {
			continue // names has it
		}
		if awsconfig.NameProblem(name) != "" || name == kind {
			report(Finding{What: fmt.Sprintf("[%s] is no section that AWS tools know", s.raw), Cure: fmt.Sprintf("Write [profile NAME] on line %d.", s.line), Where: f.Config.where(s.line)})
			continue
		}
		text := "[" + awsconfig.Section{Kind: kind, Name: name}.String() + "]"
		found := Finding{What: fmt.Sprintf("[%s] is no profile to the AWS CLI: the header has to be %s", s.raw, text),
			Cure: fmt.Sprintf("Write %s on line %d.", text, s.line), Where: f.Config.where(s.line)}
		if f.header(awsconfig.Section{Kind: kind, Name: name}) == "" {
			found.Lines = []LineEdit{{Path: f.Config.Path, Line: s.line, Text: &text}}
		}
		report(found)
	}
}

func twoDefaults(f *Facts, report func(Finding)) {
	lines := []int{}
	for _, s := range f.Config.sections {
		if s.means && s.Section == profileSection("default") {
			lines = append(lines, s.line)
		}
	}
	if len(lines) > 1 {
		report(Finding{What: fmt.Sprintf("[default] and [profile default] both exist (lines %d and %d): tools disagree which counts", lines[0], lines[1]),
			Cure: fmt.Sprintf("Put the keys of both under line %d as [default], and delete line %d.", lines[0], lines[1]), Where: f.Config.where(lines[1])})
	}
}

func inherited(f *Facts, report func(Finding)) {
	f.eachSection(func(t *Text, s section) {
		if s.raw == "DEFAULT" && len(s.keys) > 0 {
			report(Finding{What: "[DEFAULT] in capitals gives its keys to every section, in the AWS CLI and boto3 alone",
				Cure: fmt.Sprintf("Write [default] on line %d, if the default profile is meant.", s.line), Where: t.where(s.line)})
		}
	})
}

// comment is where a comment begins in a value for the AWS SDK for Go, or -1.
func comment(value string) int {
	for i := 1; i < len(value); i++ {
		if (value[i] == '#' || value[i] == ';') && (value[i-1] == ' ' || value[i-1] == '\t') {
			return i
		}
	}
	return -1
}

func inlineComments(f *Facts, report func(Finding)) {
	f.eachKey(func(t *Text, s section, k key) {
		at := comment(k.value)
		if at < 0 || strings.EqualFold(k.name, "credential_process") {
			return
		}
		text := k.indent + k.name + " = " + syntax.Strip(k.value[:at])
		report(Finding{What: fmt.Sprintf("the comment behind %s in [%s] is part of the value for the AWS CLI and boto3", k.name, s.raw),
			Cure: fmt.Sprintf("Move the comment from line %d to a line of its own.", k.line), Where: t.where(k.line),
			Lines: []LineEdit{{Path: t.Path, Line: k.line, Text: &text, Before: []string{k.value[at:]}}}})
	})
}

func continuations(f *Facts, report func(Finding)) {
	f.eachKey(func(t *Text, s section, k key) {
		if k.value == "" {
			return // a block of settings
		}
		for _, m := range k.more {
			if !knownKey(m.name) {
				continue
			}
			text := k.indent + strings.TrimLeftFunc(m.text, syntax.IsSpace)
			found := Finding{What: fmt.Sprintf("%s in [%s] is indented, so for the AWS CLI and boto3 it is part of %s", m.name, s.raw, k.name),
				Cure: fmt.Sprintf("Take the blanks at the beginning of line %d away.", m.line), Where: t.where(m.line)}
			if !slices.ContainsFunc(s.keys, func(other key) bool { return strings.EqualFold(other.name, m.name) }) {
				found.Lines = []LineEdit{{Path: t.Path, Line: m.line, Text: &text}}
			}
			report(found)
		}
	})
}

// knownKey tells a key that AWS tools have from other text with a =.
func knownKey(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(ofProfiles, name) || strings.HasPrefix(name, "sso_") || strings.HasPrefix(name, "aws_") || strings.HasPrefix(name, "portico_") || strings.HasPrefix(name, "cli_") ||
		slices.Contains([]string{"services", "endpoint_url", "ca_bundle", "role_session_name", "duration_seconds", "mfa_serial", "external_id", "credential_source", "web_identity_token_file"}, name)
}

func keyCase(f *Facts, report func(Finding)) {
	f.eachKey(func(t *Text, s section, k key) {
		small := strings.ToLower(k.name)
		if small == k.name || !knownKey(small) {
			return
		}
		text := strings.Replace(k.text, k.name, small, 1)
		report(Finding{What: fmt.Sprintf("%s in [%s] has capitals, so the AWS SDK for JavaScript does not find it", k.name, s.raw),
			Cure: fmt.Sprintf("Write %s on line %d.", small, k.line), Where: t.where(k.line),
			Lines: []LineEdit{{Path: t.Path, Line: k.line, Text: &text}}})
	})
}

func quotedValues(f *Facts, report func(Finding)) {
	f.eachKey(func(t *Text, s section, k key) {
		n := len(k.value)
		if n < 2 || !strings.ContainsRune(`"'`, rune(k.value[0])) || k.value[n-1] != k.value[0] || !knownKey(k.name) || strings.EqualFold(k.name, "credential_process") {
			return
		}
		text := k.indent + k.name + " = " + k.value[1:n-1]
		report(Finding{What: fmt.Sprintf("the quotes around %s in [%s] are part of the value for the AWS CLI and boto3, and not for the AWS SDK for Go", k.name, s.raw),
			Cure: fmt.Sprintf("Take the quotes on line %d away.", k.line), Where: t.where(k.line),
			Lines: []LineEdit{{Path: t.Path, Line: k.line, Text: &text}}})
	})
}

func colons(f *Facts, report func(Finding)) {
	f.eachKey(func(t *Text, s section, k key) {
		content := syntax.Strip(k.text)
		if content[strings.IndexAny(content, "=:")] != ':' || !knownKey(k.name) {
			return
		}
		text := k.indent + k.name + " = " + k.value
		report(Finding{What: fmt.Sprintf("%s in [%s] is set with a colon, which the AWS SDK for JavaScript does not read", k.name, s.raw),
			Cure: fmt.Sprintf("Write = in place of : on line %d.", k.line), Where: t.where(k.line),
			Lines: []LineEdit{{Path: t.Path, Line: k.line, Text: &text}}})
	})
}
