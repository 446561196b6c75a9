package cli

import (
	"io"
	"strings"
	"testing"
)

// Those whose settings differ in what a service can be reached by do not share
// their failures; others do. No password is part of it.
func TestWay(t *testing.T) {
	home := t.TempDir()
	way := func(env map[string]string, g globals) string {
		t.Helper()
		a := &App{Name: "portico", Home: home, Stderr: io.Discard}
		for name, value := range env {
			a.Env = append(a.Env, name+"="+value)
		}
		s, err := a.resolve(&g, false)
		if err != nil {
			t.Fatal(err)
		}
		return s.way("", "")
	}
	plain := way(nil, globals{})
	if way(map[string]string{"TERM": "xterm", "AWS_REGION": "eu-west-1", "AWS_PAGER": "cat"}, globals{Debug: true}) != plain {
		t.Error("what has nothing to do with the network makes another way")
	}
	seen := map[string]string{plain: "none"}
	for name, w := range map[string]string{
		"HTTPS_PROXY":    way(map[string]string{"HTTPS_PROXY": "http://alice:hunter2@p:1"}, globals{}),
		"HTTP_PROXY":     way(map[string]string{"HTTP_PROXY": "http://p:1"}, globals{}),
		"a bad proxy":    way(map[string]string{"HTTPS_PROXY": "http://alice:hun#ter2@p:1"}, globals{}),
		"NO_PROXY":       way(map[string]string{"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.test"}, globals{}),
		"AWS_CA_BUNDLE":  way(map[string]string{"AWS_CA_BUNDLE": "/ca.pem"}, globals{}),
		"SSL_CERT_FILE":  way(map[string]string{"SSL_CERT_FILE": "/ca.pem"}, globals{}),
		"FIPS":           way(map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, globals{}),
		"--no-verify":    way(nil, globals{NoVerifySSL: true}),
		"--read-timeout": way(nil, globals{ReadTimeout: 1}),
	} {
		if other, ok := seen[w]; ok {
			t.Errorf("%s and %s are one way", name, other)
		}
		seen[w] = name
		if strings.Contains(w, "ter2") {
			t.Errorf("%s: a password is in %s", name, w)
		}
	}
}
