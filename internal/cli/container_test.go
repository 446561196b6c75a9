package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
)

// What a container's endpoint gives is used where nothing else is configured, and
// assumes roles; its token goes to it alone.
func TestContainerCredentials(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the token went elsewhere: %v", r.Header)
	}))
	defer elsewhere.Close()
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		case r.URL.Path == "/none":
			fmt.Fprint(w, "{}")
		case r.URL.Path == "/garbage":
			fmt.Fprint(w, "<html>")
		case r.Header.Get("Authorization") != "the-token":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"Code": "AccessDenied", "Message": "not your \u001b[2Jtoken"}`)
		default:
			fmt.Fprintf(w, `{"AccessKeyId": "CONTAINED", "SecretAccessKey": "s", "Token": "t", "Expiration": %q, "RoleArn": "x"}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		}
	}))
	defer endpoint.Close()
	stub := &stsStub{}
	sts := httptest.NewServer(stub)
	defer sts.Close()
	home := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	home.put("token", "the-token")
	home.put("torn", "the-token\nX-Other: y")
	const uri, token = "AWS_CONTAINER_CREDENTIALS_FULL_URI=", "AWS_CONTAINER_AUTHORIZATION_TOKEN="
	const role = "[profile p]\nrole_arn = arn:aws:iam::222222222222:role/A\ncredential_source = EcsContainer\n"
	for name, tt := range map[string]struct {
		config string
		env    []string
		code   int
		stdout string
		stderr string
	}{
		"nothing else":        {env: []string{uri + endpoint.URL + "/c", token + "the-token"}, stdout: "CONTAINED"},
		"a token in a file":   {env: []string{uri + endpoint.URL + "/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + home.path("token"), token + "another"}, stdout: "CONTAINED"},
		"not by a proxy":      {env: []string{uri + endpoint.URL + "/c", token + "the-token", "HTTP_PROXY=" + elsewhere.URL, "http_proxy=" + elsewhere.URL}, stdout: "CONTAINED"},
		"keys come first":     {config: "[profile p]\naws_access_key_id = STATIC\naws_secret_access_key = b\n", env: []string{uri + endpoint.URL + "/c"}, stdout: "STATIC"},
		"as a source":         {config: role, env: []string{uri + endpoint.URL + "/c", token + "the-token"}, stdout: "ASSUMED"},
		"as a source, absent": {config: role, code: 253, stderr: "No credentials found in credential_source referenced in profile p"},
		"refused":             {env: []string{uri + endpoint.URL + "/c"}, code: 253, stderr: "Error when retrieving credentials from container-role: Received non 200 response 403 from container metadata: AccessDenied not your"},
		"moved":               {env: []string{uri + endpoint.URL + "/moved", token + "the-token"}, code: 253, stderr: "Received non 200 response 302"},
		"no credentials":      {env: []string{uri + endpoint.URL + "/none"}, code: 253, stderr: "its answer holds no credentials"},
		"no JSON":             {env: []string{uri + endpoint.URL + "/garbage"}, code: 253, stderr: "Unable to parse JSON"},
		"no header":           {env: []string{uri + endpoint.URL + "/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + home.path("torn")}, code: 253, stderr: "Auth token value is not a legal header value"},
		"somewhere":           {env: []string{uri + "http://example.com/c", token + "the-token"}, code: 253, stderr: "Unsupported host 'example.com'"},
		"half a host":         {env: []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=.example.com/c", token + "the-token"}, code: 253, stderr: "Unsupported host '169.254.170.2.example.com'"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.config == "" {
				tt.config = "[profile p]\nregion = us-east-1\n"
			}
			p := home
			p.t, p.home = t, t.TempDir()
			p.put("config", tt.config)
			p.env = append(tt.env, "AWS_ENDPOINT_URL_STS="+sts.URL)
			stdout, stderr, code := p.run("configure", "export-credentials", "--profile", "p")
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got code %d, %s%s", code, stdout, stderr)
			}
			if strings.Contains(stderr, "the-token") || strings.Contains(stderr, "\x1b") {
				t.Errorf("the error shows %q", stderr)
			}
		})
	}
}
