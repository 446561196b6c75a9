package sigv4

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// TestSuite runs AWS's Signature Version 4 test suite as a server meets it: the
// signed request of each case must verify, and its canonical request must be
// the published one.
func TestSuite(t *testing.T) {
	root := suiteDir(t)
	var cases int
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".req" {
			return err
		}
		cases++
		base := strings.TrimSuffix(path, ".req")
		t.Run(filepath.Base(base), func(t *testing.T) { runSuiteCase(t, base) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases < 30 {
		t.Errorf("got %d cases, want the whole suite", cases)
	}
}

func runSuiteCase(t *testing.T, base string) {
	read := func(ext string) string {
		data, err := os.ReadFile(base + ext)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	r, body := suiteRequest(t, read(".req"))
	r.Header.Set("Authorization", read(".authz"))
	// Some cases add the token when signing, and one after it.
	for line := range strings.Lines(read(".sreq")) {
		if token, ok := strings.CutPrefix(line, "X-Amz-Security-Token:"); ok {
			r.Header.Set("X-Amz-Security-Token", strings.TrimSpace(token))
		}
	}
	token := r.Header.Get("X-Amz-Security-Token")

	v := &Verifier{Lookup: func(_ context.Context, id string) (Secret, error) {
		if id != "AKIDEXAMPLE" {
			return Secret{}, ErrUnknownKey
		}
		return Secret{Key: suiteSecret, CheckToken: func(got string) bool { return got == token }}, nil
	}}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	got, err := v.Verify(r, body, now)
	if err != nil {
		t.Errorf("got %v, want a valid signature", err)
	}
	if want := (Result{AccessKeyID: "AKIDEXAMPLE", Region: "us-east-1", Service: "service"}); got != want && err == nil {
		t.Errorf("got %+v, want %+v", got, want)
	}

	target := splitTarget(r)
	s, err := parseSignature(r, target)
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := canonicalRequest(r, target, s, body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read(".creq"), string(canonical)); diff != "" {
		t.Errorf("canonical request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(read(".sts"), string(stringToSign(s, canonical))); diff != "" {
		t.Errorf("string to sign (-want +got):\n%s", diff)
	}
}

// suiteRequest reads a request of the suite, some of which net/http's reader
// rightly refuses (a blank in the path, no blank line at the end).
func suiteRequest(t *testing.T, text string) (*http.Request, []byte) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, rest, _ := strings.Cut(lines[0], " ")
	uri := strings.TrimSuffix(rest, " HTTP/1.1")
	r := &http.Request{
		Method: method, RequestURI: uri, URL: &url.URL{Path: "/"}, Header: http.Header{},
		ContentLength: int64(len(body)), Body: http.NoBody,
	}
	last := ""
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, " ") { // obsolete folding, as net/textproto joins it
			values := r.Header[last]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("header line %q has no colon", line)
		}
		if name == "Host" {
			r.Host = value
			continue
		}
		last = http.CanonicalHeaderKey(name)
		r.Header.Add(name, value)
	}
	return r.WithContext(t.Context()), []byte(body)
}

func suiteDir(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("got no go.mod above the test, want the module's root")
		}
		dir = parent
	}
	suite := filepath.Join(dir, "..", "shared", "data", "sigv4")
	if _, err := os.Stat(suite); err != nil {
		if strings.Contains(os.Getenv("PORTICO_REQUIRE"), "shared-data") {
			t.Fatalf("shared-data: %v", err)
		}
		t.Skipf("shared-data: the Signature Version 4 test suite is not at %s", suite)
	}
	return suite
}

func TestCollapse(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "a": "a", "  a  b   c ": "a b c", "\ta\tb ": "a\tb", "\t  a": "a", `"a   b"`: `"a b"`,
	} {
		if got := collapse(in); got != want {
			t.Errorf("collapse(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestSplitTarget(t *testing.T) {
	tests := []struct {
		uri, path string
		query     []parameter
		malformed bool
	}{
		{"/", "/", nil, false},
		{"/?", "/", nil, false},
		{"/a%2Fb?x=%20&y", "/a%2Fb", []parameter{{"x", " "}, {"y", ""}}, false},
		{"/?a+b=c%2Bd&&=", "/", []parameter{{"a b", "c+d"}, {"", ""}}, false},
		{"http://h:1/p?q=1", "/p", []parameter{{"q", "1"}}, false},
		{"http://h", "/", nil, false},
		{"http://h?q", "", []parameter{{"q", ""}}, false},
		{"/x?next=http://h/p", "/x", []parameter{{"next", "http://h/p"}}, false},
		{"/?a=%zz&b=1", "/", []parameter{{"b", "1"}}, true},
	}
	for _, tt := range tests {
		got := splitTarget(&http.Request{RequestURI: tt.uri})
		want := target{path: tt.path, query: tt.query, malformed: tt.malformed}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{}, parameter{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.uri, diff)
		}
	}
}

func TestCanonicalPath(t *testing.T) {
	tests := []struct{ service, path, want string }{
		{"sts", "", "/"},
		{"sts", "*", "/%2A"},
		{"sts", "/a//b/./c/../d/", "/a/b/d/"},
		{"sts", "/../..", "/"},
		{"sts", "/a%20b", "/a%2520b"},
		{"s3", "", "/"},
		{"s3", "/a//b/../c%20d", "/a//b/../c%20d"},
	}
	for _, tt := range tests {
		if got := canonicalPath(tt.path, tt.service); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.service, tt.path, got, tt.want)
		}
	}
	if bytes.ContainsAny([]byte(encode("a/b\x00é~")), "/\x00") {
		t.Error("encode kept a reserved byte")
	}
}
