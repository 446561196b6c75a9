package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// toolChecks are for the programs that read the files, and those the files name.
func toolChecks() []Check {
	return family("Programs",
		Check{ID: "aws-too-old", Severity: Error, Title: "The aws on PATH cannot read sso-sessions",
			Why:  "Version 1 before 1.27 and version 2 before 2.9 do not know `[sso-session]`: “Missing the following required SSO configuration values: sso_start_url, sso_region”.",
			Cure: "Install AWS CLI 2.22 or newer.", find: awsTooOld},
		Check{ID: "aws-old", Severity: Note, Title: "The aws on PATH cannot sign in, signs in by device code alone, or ignores AWS_ENDPOINT_URL", Why: "Version 1 has no `sso login` and no `configure sso`; before 2.22 there is no sign-in without a code; before 2.13 no address of a local Identity Center.",
			Cure: "Install AWS CLI 2.22 or newer.", find: awsOld},
		Check{ID: "aws-missing", Severity: Note, Title: "There is no aws on PATH", Why: "“aws: command not found”. portico does without it; commands that it hands on, such as `portico ec2`, do not.",
			Cure: "Install AWS CLI 2, or put its directory on PATH.", find: awsMissing},
		Check{ID: "aws-broken", Severity: Warning, Title: "The aws on PATH does not run", Why: "Commands that portico hands on fail.", Cure: "Install AWS CLI 2 again.", find: awsBroken},
		Check{ID: "botocore-too-old", Severity: Warning, Title: "The botocore of python3 cannot read sso-sessions",
			Why:  "boto3 scripts then say “Missing the following required SSO configuration values”, or find no credentials.",
			Cure: "`python3 -m pip install --upgrade boto3 botocore`, or profiles of both forms.", find: botocoreTooOld},
		Check{ID: "process-missing", Severity: Error, Title: "A credential_process names a program that does not exist, or cannot be run",
			Why:  "Every SDK fails on the profile. In containers the path of the host often is not there.",
			Cure: "Correct the path, or install the program.", find: processMissing},
		Check{ID: "browser", Severity: Note, Title: "No browser here can come back to this machine",
			Why:  "Signing in with the AWS CLI waits for a page that no browser can open: over SSH, in containers, in WSL without its way to Windows.",
			Cure: "portico takes a device code by itself; for the AWS CLI: `aws sso login --use-device-code`.", find: noBrowser},
	)
}

// numbers are the parts of a version.
func numbers(version string) (all [3]int) {
	for i, part := range strings.SplitN(version, ".", 3) {
		digits := strings.TrimRight(part, "abcdefghijklmnopqrstuvwxyz-+")
		all[i], _ = strconv.Atoi(digits)
	}
	return all
}

// older compares the first two parts.
func older(version string, major, minor int) bool {
	v := numbers(version)
	return v[0] < major || (v[0] == major && v[1] < minor)
}

func (f *Facts) tool(name string) (Tool, bool) {
	for _, t := range f.Tools {
		if t.Name == name {
			return t, true
		}
	}
	return Tool{}, false
}

// readsSessions tells whether a version of the AWS CLI knows sso-sessions.
func readsSessions(version string) bool {
	if numbers(version)[0] == 1 {
		return !older(version, 1, 27)
	}
	return !older(version, 2, 9)
}

func awsTooOld(f *Facts, report func(Finding)) {
	if t, ok := f.tool("aws"); ok && t.Version != "" && !readsSessions(t.Version) {
		report(Finding{What: fmt.Sprintf("%s is AWS CLI %s, which cannot read sso-sessions", t.Path, t.Version), Cure: "Install AWS CLI 2.22 or newer: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html", Where: t.Path})
	}
}

func awsOld(f *Facts, report func(Finding)) {
	t, ok := f.tool("aws")
	if !ok || t.Version == "" || !readsSessions(t.Version) || !older(t.Version, 2, 22) {
		return
	}
	what := "signs in by device code alone"
	switch {
	case older(t.Version, 2, 0):
		what = "has no sso login and no configure sso"
	case older(t.Version, 2, 13):
		what += " and ignores AWS_ENDPOINT_URL"
	}
	report(Finding{What: fmt.Sprintf("%s is AWS CLI %s, which %s", t.Path, t.Version, what), Cure: "Install AWS CLI 2.22 or newer.", Where: t.Path})
}

func awsMissing(f *Facts, report func(Finding)) {
	if _, ok := f.tool("aws"); !ok && f.ToolsSought {
		report(Finding{What: "there is no aws on PATH: commands that are not portico's own cannot be handed on", Cure: "Install AWS CLI 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"})
	}
}

func awsBroken(f *Facts, report func(Finding)) {
	if t, ok := f.tool("aws"); ok && t.Problem != "" {
		report(Finding{What: fmt.Sprintf("%s does not run: %s", t.Path, t.Problem), Cure: "Install AWS CLI 2 again.", Where: t.Path})
	}
}

func botocoreTooOld(f *Facts, report func(Finding)) {
	if t, ok := f.tool("botocore"); ok && t.Version != "" && older(t.Version, 1, 29) {
		report(Finding{What: fmt.Sprintf("the botocore of %s is %s, which cannot read sso-sessions", t.Path, t.Version), Cure: "python3 -m pip install --upgrade boto3 botocore", Where: t.Path})
	}
}

// helper is the small program that portico's own profiles name.
const helper = "portico-credential-process"

func processMissing(f *Facts, report func(Finding)) {
	if f.Executable == nil {
		return
	}
	f.profiles(func(p awsconfig.Profile) {
		command, _ := p.Get("credential_process")
		if command == "" {
			return
		}
		where := f.keyWhere(p, "credential_process")
		words, ok := awsconfig.SplitCommand(command)
		if !ok || len(words) == 0 {
			report(Finding{What: fmt.Sprintf("the credential_process of the profile %s has a quote that is not closed", p.Name), Cure: "Close the quote.", Where: where})
			return
		}
		err := f.Executable(words[0])
		if err == nil {
			return
		}
		problem := "does not exist"
		if errors.Is(err, fs.ErrPermission) {
			problem = "cannot be run"
		}
		found := Finding{What: fmt.Sprintf("the credential_process of the profile %s names %s, which %s", p.Name, words[0], problem), Cure: fmt.Sprintf("Correct the path in [profile %s], or install the program.", p.Name), Where: where}
		if base := strings.TrimSuffix(filepath.Base(words[0]), ".exe"); base == helper || base == "portico" {
			found.Cure = "Install " + helper + " beside portico, or let the profile name the portico there is: " + f.Program + " credential-process --profile " + word(p.Name)
		}
		report(found)
	})
}

func noBrowser(f *Facts, report func(Finding)) {
	if f.NoBrowser == "" {
		return
	}
	uses := false
	f.portals(func(portal) { uses = true })
	if uses {
		report(Finding{What: "no browser can come back here, as this is " + f.NoBrowser + ": the AWS CLI's sign-in waits in vain", Cure: "portico takes a device code by itself; for the AWS CLI: aws sso login --use-device-code"})
	}
}
