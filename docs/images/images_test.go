//go:build unix

// Package images_test makes the pictures of the documentation from real runs:
//
//	go test ./docs/images -update
//
// Programs run on a pseudo-terminal, against a local Identity Center, and what is
// on the screen then is drawn. The portal's page is taken by Chromium.
package images_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

var update = flag.Bool("update", false, "make the pictures anew")

// pictures are what there is to be.
var pictures = []string{"pick.svg", "status.svg", "start.svg", "portal.png", "console.png"}

// What is there is what a browser can show, and of a size for a page.
func TestPictures(t *testing.T) {
	if *update {
		t.Run("made", makePictures)
	}
	for _, name := range pictures {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v; make it with: go test ./docs/images -update", err)
			continue
		}
		if len(data) > 300<<10 {
			t.Errorf("%s has %d bytes", name, len(data))
		}
		if filepath.Ext(name) == ".png" {
			if _, err := png.DecodeConfig(bytes.NewReader(data)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		for d := xml.NewDecoder(bytes.NewReader(data)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}

// company is an organisation of the usual kind.
func company() string {
	var b strings.Builder
	b.WriteString(`start_url: https://d-1234567890.awsapps.com/start
region: eu-west-1
users:
  - {name: alice, email: alice@example.com, password: correct-horse, groups: [platform]}
accounts:
`)
	n := 0
	for _, team := range []string{"payments", "search", "storefront", "data-platform", "identity", "logistics"} {
		for _, stage := range []string{"dev", "staging", "prod"} {
			n++
			fmt.Fprintf(&b, "  - {id: %q, name: %s-%s, email: aws+%s-%s@example.com}\n", fmt.Sprintf("%012d", 104729000000+n*7919013), team, stage, team, stage)
		}
	}
	b.WriteString(`  - {id: "110011001100", name: management, email: aws@example.com}
permission_sets:
  - {name: AdministratorAccess, session_duration: PT8H, administrator: true, description: "Everything"}
  - {name: Developer, session_duration: PT8H, description: "Builds and runs"}
  - {name: ReadOnly, session_duration: PT1H, description: "Looks, and touches nothing"}
assignments:
  - {group: platform, permission_set: ReadOnly, accounts: ["*"]}
  - {group: platform, permission_set: Developer, accounts: [payments-dev, payments-staging, payments-prod, search-dev, search-staging, storefront-dev, identity-dev]}
  - {group: platform, permission_set: AdministratorAccess, accounts: [payments-dev, identity-dev]}
`)
	return b.String()
}

const config = `[sso-session acme]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
`

// A studio is a home in which alice is signed in.
type studio struct {
	t       *testing.T
	home    string
	portico string
	url     string
	env     []string
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	dir := t.TempDir()
	s := &studio{t: t, home: filepath.Join(dir, "alice"), portico: filepath.Join(dir, "bin", "portico")}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", s.portico, "github.com/portico-sso/portico/cmd/portico")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	org := filepath.Join(dir, "acme.yaml")
	for name, text := range map[string]string{org: company(), filepath.Join(s.home, ".aws", "config"): config} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.env = []string{"HOME=" + s.home, "PATH=" + filepath.Dir(s.portico) + ":/usr/bin:/bin", "SHELL=/bin/sh", "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "TZ=UTC",
		"BROWSER=true", "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1"}
	server := exec.CommandContext(t.Context(), s.portico, "local", "start", "--listen", "127.0.0.1:0", "--org", org)
	server.Env = s.env
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	for lines := bufio.NewScanner(out); s.url == "" && lines.Scan(); {
		s.url, _ = strings.CutPrefix(lines.Text(), "Local Identity Center at ")
		if s.url == lines.Text() {
			s.url = ""
		}
	}
	if s.url == "" {
		t.Fatal("the Identity Center does not say where it is")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.env = append(s.env, "AWS_ENDPOINT_URL="+s.url)
	s.run("local", "decision", "add", "allow", "--as", "alice")
	s.run("sso", "login", "--sso-session", "acme", "--use-device-code", "--no-browser")
	s.run("sync", "--sso-session", "acme", "--yes")
	// What was used lately is offered first.
	for _, account := range []string{"payments-prod", "search-staging", "identity-dev"} {
		s.run("exec", "--profile", s.profile(account), "--", "true")
	}
	return s
}

// profile is the name of one that sync made.
func (s *studio) profile(part string) string {
	s.t.Helper()
	for _, name := range strings.Fields(s.run("configure", "list-profiles")) {
		if strings.Contains(name, part) && strings.Contains(strings.ToLower(name), "readonly") {
			return name
		}
	}
	s.t.Fatalf("no profile for %s", part)
	return ""
}

func (s *studio) run(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.portico, args...)
	cmd.Env, cmd.Dir = s.env, s.home
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("portico %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// shoot runs portico on a terminal, types keys once something is on the screen,
// and draws it when something else is.
func (s *studio) shoot(file string, columns, rows int, args []string, first, keys, then string, env ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.portico, args...)
	cmd.Env, cmd.Dir = append(s.env[:len(s.env):len(s.env)], env...), s.home
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(columns)})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = tty.Close() }()
	written := make(chan string, 256)
	go func() {
		defer close(written)
		b := make([]byte, 4096)
		for {
			n, err := tty.Read(b)
			if n > 0 {
				written <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	shown := screen.New(columns, rows)
	await := func(text string) {
		s.t.Helper()
		deadline := time.After(20 * time.Second)
		quiet := time.NewTimer(time.Hour)
		for {
			if strings.Contains(shown.Text(), text) {
				quiet.Reset(300 * time.Millisecond) // the rest of the picture
			}
			select {
			case more, ok := <-written:
				if !ok {
					if !strings.Contains(shown.Text(), text) {
						s.t.Fatalf("%s ends without %q:\n%s", file, text, shown.Text())
					}
					return
				}
				shown.Write(more)
			case <-quiet.C:
				return
			case <-deadline:
				s.t.Fatalf("%s: no %q on\n%s", file, text, shown.Text())
			}
		}
	}
	await(first)
	if keys != "" {
		if _, err := io.WriteString(tty, keys); err != nil {
			s.t.Fatal(err)
		}
		await(then)
	}
	title := strings.TrimSpace("portico " + strings.Join(args, " "))
	if err := os.WriteFile(file, []byte(shown.SVG(title)), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("%s:\n%s", file, shown.Text())
}

func makePictures(t *testing.T) {
	s := newStudio(t)
	s.shoot("pick.svg", 132, 16, []string{"pick"}, "28/28", "pay", "> pay")
	s.shoot("status.svg", 120, 40, []string{"status"}, "acme", "", "", "AWS_PROFILE="+s.profile("payments-prod"))
	s.shoot("start.svg", 132, 22, nil, "acme", "", "")
	s.photograph()
}

// photograph takes pages of the portal, as alice sees them. Chromium is shown them
// by a proxy that has signed in for it.
func (s *studio) photograph() {
	s.t.Helper()
	path := ""
	for _, name := range []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); path == "" && err == nil {
			path = found
		}
	}
	if path == "" {
		s.t.Fatal("there is no Chromium to take the portal's pages with")
	}
	target, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	person := &http.Client{Jar: jar}
	for _, form := range []url.Values{
		{"username": {"alice"}, "next": {"/start"}},
		{"username": {"alice"}, "next": {"/start"}, "password": {"correct-horse"}},
	} {
		resp, err := person.PostForm(s.url+"/signin", form)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	// The link opens a console session in this browser.
	link := "/start/console?" + url.Values{"account_id": {s.account("payments-prod")}, "role_name": {"ReadOnly"}, "destination": {"https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"}}.Encode()
	resp, err := person.Get(s.url + link)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("Cookie")
		for _, c := range jar.Cookies(target) {
			r.Out.AddCookie(c)
		}
	}})
	defer proxy.Close()
	for _, shot := range []struct{ file, at, size string }{
		{"portal.png", "/start", "1100,900"},
		{"console.png", resp.Request.URL.RequestURI(), "1100,880"},
	} {
		file, err := filepath.Abs(shot.file)
		if err != nil {
			s.t.Fatal(err)
		}
		cmd := exec.CommandContext(s.t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage",
			"--user-data-dir="+s.t.TempDir(), "--window-size="+shot.size, "--screenshot="+file, proxy.URL+shot.at)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(), "LANG=C.UTF-8"}
		if out, err := cmd.CombinedOutput(); err != nil {
			s.t.Fatalf("%s: %v\n%s", shot.file, err, out)
		}
	}
}

// account is the id of one of the company's.
func (s *studio) account(name string) string {
	s.t.Helper()
	before, _, ok := strings.Cut(company(), ", name: "+name+",")
	if !ok {
		s.t.Fatalf("no account %s", name)
	}
	return strings.Trim(before[strings.LastIndex(before, "id: ")+4:], `"`)
}
