package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A program prints a profile's credentials.
type program struct {
	name    string
	version string
	argv    []string
	start   []string // what does nothing: --version
	starts  string   // what that is called, if not by the name
	note    string   // what is to be known of its figures

	env     []string // what it is told
	proxied bool     // it ignores endpoint variables, and goes through the proxy
	slow    bool     // a run takes so long that a few do
	own     bool     // it keeps a sign-in of its own, not that of the AWS tools
	expire  []string // own: what has to go below its home for the sign-in to be over
	most    int      // callers at once; 0: any number
	setup   func(home string) error
}

// An unmeasured is a program of which there are no figures.
type unmeasured struct{ title, why string }

// The profile whose credentials are printed, and its role.
const (
	profile   = "dev"
	accountID = "111111111111"
	roleName  = "AdministratorAccess"
	startURL  = "https://d-1234567890.awsapps.com/start"
	region    = "us-east-1"
)

// programs are all there are on this machine; missing says why others are not
// among them.
func (b *bench) programs() (found []program, missing []unmeasured) {
	tool := func(name string) string { return filepath.Join(b.tools, name) }
	all := []program{
		{name: "portico-credential-process", argv: []string{tool("portico-credential-process"), "--profile", profile}},
		{name: "portico credential-process", argv: []string{tool("portico"), "credential-process", "--profile", profile}, start: []string{tool("portico"), "--version"}, starts: "portico"},
		{name: "AWS SDK for Go", argv: []string{tool("gosdk"), profile}, note: "keeps no role credentials: it asks the service each time", version: b.sdkVersion()},
		{name: "aws-vault", argv: []string{b.peer("aws-vault"), "export", "--format=json", profile}, start: []string{b.peer("aws-vault"), "--version"}, version: "7.2.0",
			env: []string{"AWS_VAULT_BACKEND=file", "AWS_VAULT_FILE_PASSPHRASE=bench", "PATH=" + tool("desktop") + ":" + os.Getenv("PATH")},
			own: true, expire: []string{".awsvault"}, most: 50, proxied: true,
			note: "keeps no refresh token: every caller opens a tab of its own"},
		{name: "aws-sso-cli", argv: []string{b.peer("aws-sso"), "process", "-A", accountID, "-R", roleName, "--no-config-check"}, start: []string{b.peer("aws-sso"), "version"}, version: "1.17.0",
			own: true, proxied: true, most: 50, setup: b.setupAWSSSO, expire: []string{".aws-sso/store.json"}},
		{name: "AWS CLI", argv: []string{b.aws, "configure", "export-credentials", "--profile", profile, "--format", "process"}, start: []string{b.aws, "--version"}, slow: true, proxied: true},
		{name: "boto3", argv: []string{b.python, "bench/boto3/credentials.py", profile}, start: []string{b.python, "-c", "import boto3"}, slow: true,
			note: "keeps no role credentials: it asks the service each time"},
	}
	absent := map[string]string{
		"AWS CLI": "there is no version 2 of it on PATH", "boto3": "there is no python3 with boto3 1.31 or newer on PATH",
	}
	for _, p := range all {
		if _, err := exec.LookPath(p.argv[0]); p.argv[0] == "" || err != nil {
			if why := absent[p.name]; why != "" {
				missing = append(missing, unmeasured{p.name, why})
			}
			continue
		}
		switch p.name {
		case "AWS CLI":
			out, _ := exec.Command(b.aws, "--version").Output()
			p.version, _, _ = strings.Cut(strings.TrimPrefix(string(out), "aws-cli/"), " ")
		case "boto3":
			out, _ := exec.Command(b.python, "-c", "import boto3; print(boto3.__version__)").Output()
			p.version = strings.TrimSpace(string(out))
		}
		found = append(found, p)
	}
	missing = append(missing, b.unbuilt()...)
	if _, err := os.Stat(b.peer("granted")); err == nil {
		missing = append(missing, unmeasured{"granted", "without the keyring of a desktop it asks for a password at each call"})
	}
	return found, missing
}

func (b *bench) peer(name string) string { return filepath.Join(b.peers, name) }

// unbuilt is what bench/run could not build.
func (b *bench) unbuilt() (missing []unmeasured) {
	text, err := os.ReadFile(filepath.Join(b.tools, "missing"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		name, why, _ := strings.Cut(strings.TrimSpace(line), "\t")
		missing = append(missing, unmeasured{name, why})
	}
	return missing
}

// sdkVersion is that of go.mod.
func (b *bench) sdkVersion() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// setupAWSSSO configures aws-sso-cli. It registers for refresh tokens alone and
// signs in by device code, so it gets a registration that may.
func (b *bench) setupAWSSSO(home string) error {
	registration, err := b.post("/client/register", `{"clientName":"aws-sso-cli","clientType":"public"}`)
	if err != nil {
		return err
	}
	dir := filepath.Join(home, ".aws-sso")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	config := fmt.Sprintf(`ConfigVersion: 1.17.0
SSOConfig:
  Default: {SSORegion: %s, StartUrl: %q}
SecureStore: json
UrlAction: exec
UrlExecCommand: [%s, "%%s"]
`, region, startURL, filepath.Join(b.tools, "desktop", "xdg-open"))
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "store.json"), []byte(`{"RegisterClient":{"Default":`+registration+`}}`), 0o600)
}

// desktop puts a browser where programs look for one that do not read $BROWSER.
func (b *bench) desktop() error {
	dir := filepath.Join(b.tools, "desktop")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s local browse --as alice \"$1\"\n", filepath.Join(b.tools, "portico"))
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			return err
		}
	}
	return nil
}
