package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// passedTo lists, for the portico that a wrapper called aws may start, which
// programs were given the command line already.
const passedTo = "PORTICO_PASSTHROUGH"

// turns is how often the same program gets the same command line. An alias of
// the AWS CLI that runs aws comes by once or twice more; the rest is a loop.
const turns = 3

// passThrough becomes the next aws on PATH, arguments as typed. The profile's
// role credentials are in that one's cache by then, so that it needs no sign-in
// and no access portal.
func (a *App) passThrough(ctx context.Context, l *invocation) error {
	path, err := a.nextAWS(l)
	if err != nil {
		return err
	}
	if err := a.fillRoleCache(ctx, l); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	trail := append(filepath.SplitList(a.getenv(passedTo)), path)
	env := with(a.Env, []string{passedTo + "=" + strings.Join(trail, string(os.PathListSeparator))})
	return a.execute(path, append([]string{"aws"}, l.args...), env)
}

// nextAWS finds the program that a command line goes on to: the first aws on PATH
// that is not portico under another name and does not lead back to it.
func (a *App) nextAWS(l *invocation) (string, error) {
	all := a.awsPrograms()
	if len(all) == 0 {
		return "", &noAWSError{Problem: fmt.Sprintf("%s is for the AWS CLI, and there is no aws on PATH", quoteWord(l.word(0))),
			Hint: fmt.Sprintf("To install it: %s\nThen run again: %s", installAWS(runtime.GOOS, runtime.GOARCH, readOSRelease()), l.again(a.Name))}
	}
	had := map[string]int{}
	for _, path := range filepath.SplitList(a.getenv(passedTo)) {
		had[path]++
	}
	for _, path := range all {
		if had[path] < turns {
			return path, nil
		}
	}
	last := all[len(all)-1]
	return "", &hintedError{Err: fmt.Errorf("%s leads back to portico again and again, and there is no other aws on PATH", last),
		Hint: fmt.Sprintf("Let %s run the AWS CLI by its full path, or put the AWS CLI on PATH.", quoteWord(last))}
}

// awsPrograms are the programs called aws on PATH without portico's own file,
// whatever links lead to it. Scripts that speak of portico come last: most of
// them are there to run it.
func (a *App) awsPrograms() []string {
	var programs, wrappers []string
	self, selfErr := os.Stat(a.Self)
	for _, dir := range filepath.SplitList(a.getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // as in lookPath
		}
		path, err := exec.LookPath(filepath.Join(dir, "aws"))
		if err != nil {
			continue
		}
		fi, err := os.Stat(path)
		switch {
		case err != nil || (selfErr == nil && os.SameFile(fi, self)):
		case speaksOfPortico(path):
			wrappers = append(wrappers, path)
		default:
			programs = append(programs, path)
		}
	}
	return append(programs, wrappers...)
}

// speaksOfPortico tells whether a script, or a Windows one, has that word in it.
func speaksOfPortico(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const most = 16 << 10
	text, err := io.ReadAll(io.LimitReader(f, most))
	script := bytes.HasPrefix(text, []byte("#!")) || slices.Contains([]string{".bat", ".cmd"}, strings.ToLower(filepath.Ext(path)))
	return err == nil && script && bytes.Contains(text, []byte("portico"))
}

// fillRoleCache puts the credentials of the profile's role where the AWS CLI
// looks first. What it returns is certain to keep the command from working, and
// better said by portico, which knows the cure; anything else is a warning, and
// the AWS CLI may do better.
func (a *App) fillRoleCache(ctx context.Context, l *invocation) error {
	g := &l.globals
	if a.Home == "" || l.needsNoCredentials() || a.hasBearerToken(l.word(0)) {
		return nil
	}
	if g.Profile == "" && (a.getenv("AWS_ACCESS_KEY_ID") != "" || a.getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "") {
		return nil // they come before the profile
	}
	s, err := a.setup(g)
	if err != nil {
		return err
	}
	if !s.signsIn() {
		return nil
	}
	_, err = s.credentials(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if hopeless(err) && !slices.Contains(mayDoWithout, l.word(0)) {
		return err
	}
	s.warn(fmt.Sprintf("no role credentials yet for profile %s; aws may get them itself: %v", s.settings.ProfileName, err))
	return nil
}

// signsIn tells whether the profile's credentials come from a sign-in, of its own
// or of the profile whose role assumes its role.
func (s *setup) signsIn() bool {
	root, ok := rootProfile(s.settings.Config, s.settings.Profile)
	return ok && root.HasRole()
}

// hopeless tells errors that no other program could have avoided.
func hopeless(err error) bool {
	_, signInNeeded := errors.AsType[*signin.RequiredError](err)
	_, noAccess := errors.AsType[*creds.NoAccessError](err)
	_, incomplete := errors.AsType[*awsconfig.IncompleteError](err)
	_, inconsistent := errors.AsType[*awsconfig.InconsistentError](err)
	_, noSession := errors.AsType[*awsconfig.NoSuchSessionError](err)
	_, unopened := errors.AsType[*wallet.UnopenedError](err)
	return unopened || signInNeeded || noAccess || incomplete || inconsistent || noSession
}

// mayDoWithout are commands some of whose operations are not signed: whether
// they can do without a sign-in, only they know.
var mayDoWithout = []string{"cognito-idp", "cognito-identity"}

// needsNoCredentials tells commands that work signed out.
func (l *invocation) needsNoCredentials() bool {
	if l.help || l.version || l.globals.NoSignRequest || slices.Contains(l.unknown, "--generate-cli-skeleton") || l.word(len(l.words)-1) == "help" {
		return true
	}
	if l.word(0) == "cloudfront" && l.word(1) == "sign" {
		return true // with a key pair of its own, on this machine
	}
	return len(l.words) < 2 || slices.Contains([]string{"configure", "help", "history", "cli-dev"}, l.word(0))
}

// hasBearerToken tells whether the environment holds what a service's commands use
// in place of credentials: AWS_BEARER_TOKEN_BEDROCK is for bedrock, bedrock-runtime
// and so on.
func (a *App) hasBearerToken(service string) bool {
	return slices.ContainsFunc(a.Env, func(kv string) bool {
		name, value, _ := strings.Cut(kv, "=")
		of, ok := strings.CutPrefix(name, "AWS_BEARER_TOKEN_")
		return ok && of != "" && value != "" && strings.HasPrefix(service+"-", strings.ToLower(strings.ReplaceAll(of, "_", "-"))+"-")
	})
}

// again is the command line to type again, as long as nothing in it can be a
// secret.
func (l *invocation) again(name string) string {
	known := l.args
	if len(l.words) > 2 || len(l.unknown) > 0 {
		known = nil
		for _, i := range l.words[:min(2, len(l.words))] {
			known = append(known, l.args[i])
		}
	}
	text := name
	for _, word := range known {
		text += " " + quoteWord(word)
	}
	if len(known) < len(l.args) {
		text += " …"
	}
	return text
}

// A noAWSError says that there is nothing to go on to.
type noAWSError struct{ Problem, Hint string }

func (e *noAWSError) Error() string { return e.Problem }

// readOSRelease is what a Linux system says of itself.
func readOSRelease() string {
	data, _ := os.ReadFile("/etc/os-release")
	return string(data)
}

// installAWS is how to install version 2 of the AWS CLI.
func installAWS(goos, goarch, osRelease string) string {
	switch goos {
	case "darwin":
		return "brew install awscli"
	case "windows":
		return "winget install --exact --id Amazon.AWSCLI"
	case "linux":
	default:
		return awsInstallPage
	}
	for line := range strings.Lines(osRelease) {
		if id, ok := strings.CutPrefix(line, "ID="); ok {
			if command, ok := packagedAWS[strings.Trim(strings.TrimSpace(id), `"'`)]; ok {
				return command
			}
		}
	}
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[goarch]
	if arch == "" {
		return awsInstallPage
	}
	archive := "awscli-exe-linux-" + arch + ".zip"
	return fmt.Sprintf("curl -fsSO https://awscli.amazonaws.com/%s && unzip -q %s && sudo ./aws/install", archive, archive)
}

const awsInstallPage = "see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"

// packagedAWS is who packages version 2, by the ID in os-release.
var packagedAWS = map[string]string{
	"alpine": "apk add aws-cli",
	"arch":   "sudo pacman -S aws-cli-v2",
	"debian": "sudo apt install awscli",
	"fedora": "sudo dnf install awscli2",
	"nixos":  "nix profile install nixpkgs#awscli2",
	"ubuntu": "sudo snap install aws-cli --classic",
}
