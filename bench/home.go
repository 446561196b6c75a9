package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A home is a home directory with so many profiles, in which somebody is signed
// in and every program has its cache.
type home struct {
	dir      string
	profiles int
}

// sizes are how many profiles people have: few, a team's, a company's, and what
// sync writes for the largest.
var sizes = []int{10, 100, 1000, 10000}

// homes makes one of each size. Programs that do not get on here are struck off,
// and the report says why.
func (b *bench) homes(ctx context.Context, programs *[]program, r *report) ([]home, error) {
	first := home{filepath.Join(os.Getenv("HOME"), "10"), sizes[0]}
	if err := first.configure(); err != nil {
		return nil, err
	}
	if err := b.signIn(ctx, first.dir); err != nil {
		return nil, err
	}
	*programs = slices.DeleteFunc(*programs, func(p program) bool {
		why := b.prepare(ctx, p, first.dir)
		if why != "" {
			r.missing = append(r.missing, unmeasured{p.title(), why})
		}
		return why != ""
	})
	all := []home{first}
	for _, n := range sizes[1:] {
		h := home{filepath.Join(os.Getenv("HOME"), fmt.Sprint(n)), n}
		if err := os.CopyFS(h.dir, os.DirFS(first.dir)); err != nil {
			return nil, err
		}
		if err := h.configure(); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// prepare has a program print credentials for the first time, which it keeps if
// it is of that kind, and says what came in between.
func (b *bench) prepare(ctx context.Context, p program, home string) (why string) {
	if p.setup != nil {
		if err := p.setup(home); err != nil {
			return err.Error()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := b.command(ctx, p, home, p.argv)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := keyOf(stdout.Bytes()); ok && err == nil {
		return ""
	}
	said := strings.TrimSpace(stderr.String())
	said = said[strings.LastIndexByte(said, '\n')+1:]
	return "does not get on with the local Identity Center; it says: " + masked(said, fmt.Sprint(err))
}

var passing = regexp.MustCompile(`RequestID: [0-9a-f-]+, |level=\w+ |msg="[^"]*" `)

// masked leaves out what differs from run to run.
func masked(said, otherwise string) string {
	if said == "" {
		said = otherwise
	}
	return passing.ReplaceAllString(said, "")
}

// keyOf is the access key in what a program printed, which tells credentials from
// others.
func keyOf(out []byte) (string, bool) {
	var keys struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
	}
	err := json.Unmarshal(out, &keys)
	return keys.AccessKeyID, err == nil && keys.AccessKeyID != "" && keys.SecretAccessKey != ""
}

// configure writes a config as sync does; the profile that is asked for is the
// last one, and the session stands before all of them.
func (h home) configure() error {
	var config strings.Builder
	fmt.Fprintf(&config, "[sso-session corp]\nsso_start_url = %s\nsso_region = %s\nsso_registration_scopes = sso:account:access\n", startURL, region)
	section := func(name, account string) {
		fmt.Fprintf(&config, "\n[profile %s]\nsso_session = corp\nsso_account_id = %s\nsso_role_name = %s\nregion = %s\n", name, account, roleName, region)
	}
	for i := range h.profiles - 1 {
		section(fmt.Sprintf("account-%05d-administrator", i), fmt.Sprintf("%012d", 300000000000+i))
	}
	section(profile, accountID)
	if err := os.MkdirAll(filepath.Join(h.dir, ".aws"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.dir, ".aws", "config"), []byte(config.String()), 0o600)
}

func (b *bench) signIn(ctx context.Context, home string) error {
	cmd := b.command(ctx, program{}, home, []string{filepath.Join(b.tools, "portico"), "sso", "login", "--sso-session", "corp"})
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sso login: %v\n%s", err, out)
	}
	return nil
}

// ofProxy are the variables by which clients that ignore endpoints are led, and
// which cost the others time.
var ofProxy = []string{"HTTPS_PROXY", "AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}

// command prepares a program to run in a home.
func (b *bench) command(ctx context.Context, p program, home string, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !p.proxied && slices.Contains(ofProxy, name)
	})
	cmd.Env = append(append(cmd.Env, p.env...), "HOME="+home)
	return cmd
}

// token is the file that holds session corp's sign-in.
func token(home string) string {
	return filepath.Join(home, ".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json") // SHA-1 of "corp"
}

// roles is where the role credentials are.
func roles(home string) string { return filepath.Join(home, ".aws", "cli", "cache") }

// role is the one cached role.
func role(home string) (string, error) {
	files, err := filepath.Glob(filepath.Join(roles(home), "*.json"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%d roles are cached, want one (%v)", len(files), err)
	}
	return files[0], nil
}

// expire has a sign-in run out by its dates, and the role credentials gone.
func expire(home string) error {
	data, err := os.ReadFile(token(home))
	if err != nil {
		return err
	}
	var t map[string]any
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	t["expiresAt"] = time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	if data, err = json.Marshal(t); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(token(home), data, 0o600), os.RemoveAll(roles(home)))
}
