package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A report holds no secret, wherever somebody may have put one.
func TestReportHoldsNoSecret(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "jane.doe")
	secrets := []string{
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJIMEYCIQDEXAMPLE",
		"aoaAAAAAGhZ-access-token-EXAMPLE", "aorAAAAAGiL-refresh-token-EXAMPLE", "client-secret-EXAMPLE", "jane.doe", "example.org", "111122223333", "444455556666",
		"acme-corp", "d-9067642ac7", "hunter2", "proxy-password", "pass-in-comment", "pass-in-value", "short-secret", "pass-in-broken-line", "session-in-env", "token-for-a-date",
	}
	files := map[string]string{
		"config": `# my key is AKIAIOSFODNN7EXAMPLE and the password pass-in-comment
[profile jane.doe@example.org]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = eu-west-1 # pass-in-comment
endpoint_url = https://jane.doe:hunter2@localhost:1/
credential_process = /opt/get --password pass-in-value --home ` + home + `
some_tool_password = short-secret
role_arn: arn:aws:iam::444455556666:role/x-pass-in-value
pass-in-broken-line
region = pass-in-value
[profile k]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
[sso-session corp]
sso_start_url = https://acme-corp.awsapps.com/start#/
sso_region = eu-central-1
[sso-session two]
sso_start_url = https://d-9067642ac7.awsapps.com/start
sso_region = eu-central-1
`,
		"credentials": `[old]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_session_token = IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJIMEYCIQDEXAMPLE
`,
		"sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json": `{"startUrl": "https://acme-corp.awsapps.com/start", "accessToken": "aoaAAAAAGhZ-access-token-EXAMPLE", "expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "aorAAAAAGiL-refresh-token-EXAMPLE", "clientSecret": "client-secret-EXAMPLE"}`,
		"sso/cache/ad782ecdac770fc6eb9a62e44f90873fb97fb26b.json": `{"startUrl": "https://d-9067642ac7.awsapps.com/start", "accessToken": "aoaAAAAAGhZ-access-token-EXAMPLE", "expiresAt": "token-for-a-date"}`,
		"cli/cache/x.json": `{"Credentials": {"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AccountId": "111122`,
	}
	for name, text := range files {
		path := filepath.Join(home, ".aws", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"doctor", "--offline", "--report", "-"}, {"doctor", "--offline"}, {"doctor", "--offline", "--json"}} {
		var out, problems bytes.Buffer
		a := App{Name: "portico", Home: home, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems, Env: []string{
			"HOME=" + home, "USER=jane.doe", "AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN=session-in-env",
			"HTTPS_PROXY=http://jane.doe:proxy-password@127.0.0.1:1", "AWS_PROFILE=jane.doe@example.org", "AWS_ENDPOINT_URL=http://jane.doe:hunter2@127.0.0.1:1/", "PORTICO_PASSPHRASE_FILE=" + home + "/pass",
		}}
		if code := a.Run(t.Context(), args); code != 1 {
			t.Fatalf("%q: got code %d: %s", args, code, problems.String())
		}
		look := secrets
		if args[len(args)-1] != "-" {
			// Whoever sits there may see their own names, and no keys.
			look = []string{"wJalrXUtnFEMI", "IQoJb3", "access-token", "refresh-token", "client-secret", "hunter2", "proxy-password", "session-in-env", "short-secret", "pass-in-broken-line", "token-for-a-date"}
		}
		for _, secret := range look {
			for i, line := range strings.Split(out.String()+problems.String(), "\n") {
				if strings.Contains(line, secret) {
					t.Errorf("%q: line %d holds %q: %s", args, i+1, secret, line)
				}
			}
		}
		if args[len(args)-1] == "-" && (!strings.Contains(out.String(), "(account 1)") || !strings.Contains(out.String(), "config-duplicate-key")) {
			t.Errorf("the report says too little:\n%s", out.String())
		}
	}
}
