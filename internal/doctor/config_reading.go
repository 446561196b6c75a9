package doctor

import (
	"fmt"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// readingChecks are for files that AWS tools refuse to read. Python's reader stops
// at the first fault; here each is one finding.
func readingChecks() []Check {
	const why = "The AWS CLI and boto3 refuse the whole file, so every command fails with “Unable to parse config file”."
	return family("Files that cannot be read",
		Check{ID: "config-syntax", Severity: Error, Title: "A line is no header, no key and no comment", Why: why,
			Cure: "Put a # before the line, or make it `key = value`.", Fixes: true, find: faultsOf(faultSyntax)},
		Check{ID: "config-encoding", Severity: Error, Title: "The file begins with a byte order mark, or is not UTF-8", Why: why,
			Cure: "Save it as UTF-8 without BOM.", Fixes: true, find: faultsOf(faultEncoding)},
		Check{ID: "config-duplicate-section", Severity: Error, Title: "A section stands in the file twice",
			Why:  "The AWS CLI and boto3 refuse the whole file; the AWS SDK for Go merges the two sections and goes on.",
			Cure: "Put the keys of both under one header. Where both have a key with different values, one has to go.", Fixes: true, find: faultsOf(faultSection)},
		Check{ID: "config-duplicate-key", Severity: Error, Title: "A key stands in one section twice",
			Why:  "The AWS CLI and boto3 refuse the whole file; the AWS SDK for Go takes the later value.",
			Cure: "Delete one of the two lines.", Fixes: true, find: faultsOf(faultKey)},
		Check{ID: "config-unreadable", Severity: Error, Title: "The config or credentials file cannot be opened", Why: "No tool finds a profile.",
			Cure: "Make it a regular file of yours that you can read.", find: unreadable},
	)
}

func faultsOf(kind faultKind) func(*Facts, func(Finding)) {
	return func(f *Facts, report func(Finding)) {
		for _, t := range f.texts() {
			for _, wrong := range t.faults {
				if wrong.kind == kind {
					report(Finding{What: fmt.Sprintf("%s cannot be read: %s", t.Shown, wrong.what), Cure: sentence(wrong.cure), Where: t.where(wrong.line), Lines: wrong.edits})
				}
			}
		}
	}
}

func unreadable(f *Facts, report func(Finding)) {
	for _, t := range f.texts() {
		if t.Problem != nil {
			report(Finding{What: fmt.Sprintf("%s cannot be opened: %v", t.Shown, t.Problem), Cure: "See what it is and whose: ls -ld " + t.Path, Where: t.Shown})
		}
	}
	for _, file := range f.Files {
		switch {
		case file.Dangling:
			report(Finding{What: fmt.Sprintf("%s is a link that leads nowhere, so it counts as empty", file.Shown), Cure: "Put back what it led to, or remove the link: rm " + file.Path, Where: file.Shown})
		case file.Odd:
			report(Finding{What: fmt.Sprintf("%s is not the kind of file it should be, so it counts as empty", file.Shown), Cure: "Move it away: mv " + file.Path + " " + file.Path + ".old", Where: file.Shown})
		}
	}
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t := f.Config
		if variable == "AWS_SHARED_CREDENTIALS_FILE" {
			t = f.Credentials
		}
		if f.env(variable) != "" && !t.Exists && t.Problem == nil {
			report(Finding{What: fmt.Sprintf("%s names %s, which does not exist", variable, t.Shown), Cure: "unset " + variable, Where: variable})
		}
	}
}

// sentence is a text that begins with a capital, as cures do.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// kindWord is what people call a section.
func kindWord(s awsconfig.Section) string {
	if s.Kind == awsconfig.KindSession || s.Kind == awsconfig.KindServices {
		return s.Kind
	}
	return "profile"
}
