package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A stack is a client's TLS: it goes to addr, takes whom it finds there to be
// host, and fails unless it trusts that. root is a file.
type stack struct {
	name string
	// available finds the stack's program, or skips the test.
	available func(t *testing.T) (program string)
	connect   func(t *testing.T, program, root, addr, host string) error
}

var stacks = []stack{
	{"go", func(*testing.T) string { return "" }, func(t *testing.T, _, root, addr, host string) error {
		pem, err := os.ReadFile(root)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, ServerName: host})
		if err != nil {
			return err
		}
		return c.Close()
	}},
	{"openssl", needProgram("openssl"), func(t *testing.T, program, root, addr, host string) error {
		name := []string{"-verify_hostname", host, "-servername", host}
		if net.ParseIP(host) != nil {
			name = []string{"-verify_ip", host, "-noservername"}
		}
		return runClient(t, root, program, append([]string{"s_client", "-connect", addr, "-CAfile", root, "-no-CApath", "-no-CAstore",
			"-x509_strict", "-verify_return_error", "-brief"}, name...)...)
	}},
	{"curl", needProgram("curl"), func(t *testing.T, program, root, addr, host string) error {
		name := host
		if strings.Contains(host, ":") {
			name = "[" + host + "]"
		}
		return runClient(t, root, program, "--silent", "--show-error", "--noproxy", "*", "--cacert", root, "--connect-to", "::"+addr, "https://"+name+"/")
	}},
	{"python", needPython("import ssl"), func(t *testing.T, program, root, addr, host string) error {
		const script = `
import socket, ssl, sys
root, addr, host = sys.argv[1:]
context = ssl.create_default_context(cafile=root)
context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
ip, port = addr.rsplit(':', 1)
with socket.create_connection((ip, int(port))) as s, context.wrap_socket(s, server_hostname=host) as c:
    c.getpeercert()
`
		return runClient(t, root, program, "-c", script, root, addr, host)
	}},
	{"node", needProgram("node"), func(t *testing.T, program, root, addr, host string) error {
		const script = `
const [addr, host] = process.argv.slice(1), tls = require('tls')
const [ip, port] = addr.split(':')
const s = tls.connect({host: ip, port, servername: require('net').isIP(host) ? '' : host,
  checkServerIdentity: (_, c) => tls.checkServerIdentity(host, c)}, () => { s.end(); process.exit(0) })
s.on('error', e => { console.error(e.message); process.exit(1) })
`
		return runClient(t, root, program, "-e", script, addr, host)
	}},
}

// needProgram finds a program, or skips the test.
func needProgram(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		path, err := exec.LookPath(name)
		if err != nil {
			absent(t, name)
		}
		return path
	}
}

// needPython finds a Python that can run what it is given, or skips the test.
func needPython(check string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		for _, python := range []string{"python3", "/usr/bin/python3"} {
			if _, err := outputOf(t, nil, python, "-c", check); err == nil {
				return python
			}
		}
		absent(t, "python")
		return ""
	}
}

// needAWSCLI finds an AWS CLI of any version, or skips the test.
func needAWSCLI(t *testing.T) string {
	t.Helper()
	for _, aws := range []string{"/usr/bin/aws", "aws"} { // a system's own may be an old one, which is the better test
		if path, err := exec.LookPath(aws); err == nil {
			return path
		}
	}
	absent(t, "awscli")
	return ""
}

// absent skips a test for want of a program, unless PORTICO_REQUIRE names it.
func absent(t *testing.T, program string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), program) {
		t.Fatal(program + " is required, and absent")
	}
	t.Skip(program + " is absent")
}

// runClient runs a program that knows of no certificate but the root's.
func runClient(t *testing.T, root, name string, args ...string) error {
	t.Helper()
	_, err := outputOf(t, []string{"NODE_EXTRA_CA_CERTS=" + root}, name, args...)
	return err
}

// outputOf runs a program in an environment that holds nothing of this one's
// proxies, certificates and AWS settings.
func outputOf(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	home := t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "PYENV_ROOT=" + os.Getenv("PYENV_ROOT"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"AWS_CONFIG_FILE=" + filepath.Join(home, "config"), "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1"}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), nil
}

// presents serves one certificate, whatever is asked for, until the test ends.
func presents(t *testing.T, c *tls.Certificate) (addr string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*c}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "reached") }),
		ErrorLog: discardLog(),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return l.Addr().String()
}

func writeRoot(t *testing.T, a *Authority) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The stacks that clients are made of take a certificate for what is served, and
// refuse one for anything else although the intermediate signed it.
func TestStacks(t *testing.T) {
	a := newAuthority(t, time.Now(), Hosts{AWS: true})
	root := writeRoot(t, a)
	addresses := map[string]string{}
	for _, h := range foreignHosts {
		addresses[h] = presents(t, foreign(t, a, h))
	}
	good := []string{"oidc.us-east-1.amazonaws.com", "portal.sso.cn-north-1.amazonaws.com.cn", "dev-artifacts.s3.eu-west-1.amazonaws.com"}
	for _, h := range good {
		c, err := a.certificate(h)
		if err != nil {
			t.Fatal(err)
		}
		addresses[h] = presents(t, c)
	}
	own := newAuthority(t, time.Now(), Hosts{Listener: true, Names: []string{"idc.test"}})
	ownRoot := writeRoot(t, own)
	ownGood, ownBad := map[string]string{}, map[string]string{}
	for _, h := range []string{"localhost", "127.0.0.1", "::1", "idc.test"} {
		ownGood[h] = presents(t, foreign(t, own, h))
	}
	for _, h := range []string{"oidc.us-east-1.amazonaws.com", "192.0.2.7"} {
		ownBad[h] = presents(t, foreign(t, own, h))
	}
	for _, s := range stacks {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			program := s.available(t)
			accepts := func(root, addr, host string) {
				t.Helper()
				if err := s.connect(t, program, root, addr, host); err != nil {
					t.Errorf("%s: %v", host, err)
				}
			}
			// For what is in the chain, and not for want of trust or of a name.
			refuses := func(root, addr, host string) {
				t.Helper()
				if err := s.connect(t, program, root, addr, host); err == nil || !strings.Contains(err.Error(), "subtree violation") && !strings.Contains(err.Error(), "constraint") {
					t.Errorf("a certificate for %s: got %v, want a violated constraint", host, err)
				}
			}
			for _, h := range good {
				accepts(root, addresses[h], h)
			}
			for _, h := range foreignHosts {
				refuses(root, addresses[h], h)
			}
			for h, addr := range ownGood {
				accepts(ownRoot, addr, h)
			}
			for h, addr := range ownBad {
				refuses(ownRoot, addr, h)
			}
		})
	}
}

// accounts answers a ListAccounts as the access portal does.
func accounts(w http.ResponseWriter, r *http.Request) {
	host, _ := Through(r.Context())
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"accountList":[{"accountId":"111111111111","accountName":%q,"emailAddress":"%s"}]}`, host, r.URL.Path)
}

// Clients that know no endpoint variable come through, with the variables that
// each reads, and say the proxy's words when it refuses.
func TestPrograms(t *testing.T) {
	const list = "/assignment/accounts"
	r, address := onLoopback(t, accounts)
	root := writeRoot(t, r.Authority)
	env := []string{"HTTPS_PROXY=http://portico:" + url.PathEscape(password) + "@" + address, "https_proxy=http://portico:" + url.PathEscape(password) + "@" + address,
		"AWS_CA_BUNDLE=" + root, "CURL_CA_BUNDLE=" + root, "REQUESTS_CA_BUNDLE=" + root, "SSL_CERT_FILE=" + root, "NODE_EXTRA_CA_CERTS=" + root,
		"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1"}
	const host = "portal.sso.eu-central-1.amazonaws.com"
	for _, program := range []struct {
		name      string
		available func(t *testing.T) string
		args      []string
		env       []string
		want      []string // in its output
		fails     bool
	}{
		{"curl", needProgram("curl"), []string{"--silent", "--show-error", "https://" + host + list}, nil, []string{host, list}, false},
		{"curl, a bucket", needProgram("curl"), []string{"--silent", "--show-error", "https://dev-artifacts.s3.eu-west-1.amazonaws.com/"}, nil, []string{"dev-artifacts.s3"}, false},
		{"curl, refused", needProgram("curl"), []string{"--silent", "--show-error", "https://ec2.eu-central-1.amazonaws.com/"}, nil, []string{"403"}, true},
		{"python", needPython("import ssl"), []string{"-c", "import urllib.request; print(urllib.request.urlopen('https://" + host + list + "').read().decode())"}, nil, []string{host, list}, false},
		{"python, refused", needPython("import ssl"), []string{"-c", "import urllib.request; urllib.request.urlopen('https://ec2.eu-central-1.amazonaws.com/')"},
			nil, []string{"Tunnel connection failed: 403 the local Identity Center does not serve ec2.eu-central-1.amazonaws.com; NO_PROXY can name"}, true},
		{"requests", needPython("import requests"), []string{"-c", "import requests; print(requests.get('https://" + host + list + "').text)"}, nil, []string{host, list}, false},
		{"requests, refused", needPython("import requests"), []string{"-c", "import requests; requests.get('https://ec2.eu-central-1.amazonaws.com/')"},
			nil, []string{"does not serve ec2.eu-central-1.amazonaws.com"}, true},
		{"boto3", needPython("import boto3"), []string{"-c", "import boto3; print(boto3.client('sso').list_accounts(accessToken='x')['accountList'])"}, nil, []string{host, list}, false},
		{"boto3, dual-stack", needPython("import boto3"), []string{"-c", "import boto3; print(boto3.client('sso').list_accounts(accessToken='x')['accountList'])"},
			[]string{"AWS_USE_DUALSTACK_ENDPOINT=true"}, []string{"portal.sso.eu-central-1.api.aws", list}, false},
		{"aws", needAWSCLI, []string{"sso", "list-accounts", "--access-token", "x", "--output", "json"}, nil, []string{host, list}, false},
		{"node", needProgram("node"), []string{"-e", nodeConnect, address, password, host, list}, nil, []string{host, list}, false},
		{"node, refused", needProgram("node"), []string{"-e", nodeConnect, address, password, "ec2.eu-central-1.amazonaws.com", list}, nil, []string{"does not serve ec2.eu-central-1.amazonaws.com"}, true},
	} {
		t.Run(program.name, func(t *testing.T) {
			t.Parallel()
			path := program.available(t)
			out, err := outputOf(t, append(slices.Clone(env), program.env...), path, program.args...)
			if (err != nil) != program.fails {
				t.Errorf("got %v", err)
			}
			for _, want := range program.want {
				if !strings.Contains(out, want) {
					t.Errorf("got %s, want %q in it", out, want)
				}
			}
		})
	}
}

// nodeConnect does what Node's proxy agents do.
const nodeConnect = `
const [address, password, host, path] = process.argv.slice(1), http = require('http'), https = require('https')
const [hostname, port] = address.split(':')
http.request({hostname, port, method: 'CONNECT', path: host + ':443',
  headers: {'Proxy-Authorization': 'Basic ' + Buffer.from('portico:' + password).toString('base64')}})
  .on('connect', (answer, socket) => {
    if (answer.statusCode !== 200) { console.log(answer.statusMessage); process.exit(1) }
    https.get({host, path, socket, agent: false, createConnection: () => require('tls').connect({socket, servername: host})}, r => { r.pipe(process.stdout) })
      .on('error', e => { console.log(e.message); process.exit(1) })
  }).end()
`
