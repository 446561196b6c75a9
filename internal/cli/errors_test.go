package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// told is what is written of an error, and the exit code.
func told(t *testing.T, err error, config string, g *globals, env ...string) (string, int) {
	t.Helper()
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	a := &App{Name: "portico", Stdout: &stdout, Stderr: &stderr, Home: home, Env: env, globals: g}
	code := report(t.Context(), a, err)
	return stderr.String(), code
}

// connection is a failure to reach the portal.
func connection(cause error) error {
	return &signin.ConnectionError{Operation: "ListAccounts", Cause: &url.Error{Op: "Get", URL: "https://portal.sso.us-east-1.amazonaws.com/assignment/accounts?next_token=secret", Err: cause}}
}

func refused(op, code, message string) *signin.ServiceError {
	return &signin.ServiceError{Operation: op, Code: code, Message: message, Status: 400}
}

// What a person is told, to the letter: the AWS CLI's words, then the cure.
func TestReport(t *testing.T) {
	corp := signin.Session{Name: "corp", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}
	legacy := signin.Session{StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}
	login := func(e *signin.ServiceError) error { e.Login = &corp; return e }
	skewed := func(code string, ahead time.Duration) error {
		e := refused("GetCallerIdentity", code, "Signature expired")
		e.Ahead = ahead
		return e
	}
	const wrongRegion = "If the page said the code or grant is invalid, sso_region (us-east-1) may be wrong: it is the region of the Identity Center, not of your resources. To find it, open https://d-1234567890.awsapps.com/start: its sign-in page is at https://REGION.signin.aws; administrators see it in the IAM Identity Center console, under Settings."
	const at = `"https://portal.sso.us-east-1.amazonaws.com/assignment/accounts"`
	for name, tt := range map[string]struct {
		err  error
		env  []string
		code int
		want string // after "portico: [ERROR]: ", and before the last line end; | is an empty line
	}{
		"usage": {&usageError{Problem: "Unknown options: --x"}, nil, 252,
			"An error occurred (ParamValidation): Unknown options: --x|Run with --help for the flags and an example."},
		"usage of several lines": {&usageError{Problem: "Parameter validation failed:\nMissing required parameter in input: \"InstanceArn\""}, nil, 252,
			"An error occurred (ParamValidation): Parameter validation failed:\nMissing required parameter in input: \"InstanceArn\"|Run with --help for the flags and an example."},
		"query":                          {&output.QueryError{}, nil, 252, "An error occurred (ParamValidation): " + (&output.QueryError{}).Error()},
		"value for a local command":      {&control.Error{Status: 404, Code: "unknown_user", Message: "nobody here is called zed"}, nil, 252, "An error occurred (ParamValidation): nobody here is called zed"},
		"state of the Identity Center":   {&control.Error{Status: 403, Code: "user_disabled", Message: "bob is disabled"}, nil, 255, "bob is disabled"},
		"failure of the Identity Center": {&control.Error{Status: 500, Code: "server_error", Message: "it failed"}, nil, 255, "it failed"},
		"configuration": {loginError("portico", nil, &awsconfig.MissingLoginError{Missing: []string{"sso_start_url", "sso_region"}, Session: "corp"}), nil, 253,
			"An error occurred (Configuration): Missing the following required SSO configuration values: sso_start_url, sso_region.|To complete the session: portico configure sso-session\nor: portico configure set sso_start_url VALUE --sso-session corp\nor: portico configure set sso_region VALUE --sso-session corp"},
		"legacy configuration": {loginError("portico", nil, &awsconfig.MissingLoginError{Missing: []string{"sso_region"}}), nil, 253,
			"An error occurred (Configuration): Missing the following required SSO configuration values: sso_region. To make sure this profile is properly configured to use SSO, please run: portico configure sso|To set it up: portico configure sso"},
		"no such session": {loginError("portico", nil, &awsconfig.NoSuchSessionError{Name: "crop"}), nil, 253,
			"An error occurred (Configuration): The specified sso-session does not exist: \"crop\"|To make the session crop: portico configure sso-session"},
		"start URL": {loginError("portico", nil, &awsconfig.StartURLError{URL: "http://x", HTTPS: true}), nil, 253,
			"An error occurred (Configuration): The sso_start_url must use the https scheme.|To set it up: portico configure sso"},
		"incomplete profile": {&awsconfig.IncompleteError{Profile: "a b", Missing: []string{"sso_role_name"}}, nil, 255,
			"The profile \"a b\" is configured to use SSO but is missing required configuration: sso_role_name|To complete the profile: portico configure sso --profile 'a b'"},
		"output in a file": {&awsconfig.UnknownOutputError{Value: "xml"}, nil, 255,
			"Unknown output type: xml|\"xml\" stands in AWS_DEFAULT_OUTPUT or as output in the profile. The formats are json, text, table, yaml, yaml-stream, off."},
		"a comment in a value": {&awsconfig.RegionError{Region: "eu-west-1 # x"}, nil, 255,
			"Provided region_name 'eu-west-1 # x' doesn't match a supported format.|A comment needs a line of its own in the AWS files: what follows the region counts as part of it."},
		"not signed in": {&signin.RequiredError{Session: corp, Reason: signin.Missing}, nil, 255,
			"Error loading SSO Token: Token for corp does not exist|Sign in with: portico sso login --sso-session corp"},
		"token expired": {&signin.RequiredError{Session: corp, Reason: signin.Expired}, nil, 255,
			"Error when retrieving token from sso: Token has expired and refresh failed|Sign in with: portico sso login --sso-session corp"},
		"legacy token expired": {&signin.RequiredError{Session: legacy, Reason: signin.Expired}, nil, 255,
			"The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run portico sso login with the corresponding profile.|Sign in with: portico sso login with the profile that has this start URL"},
		"nobody signed in": {&signin.AbandonedError{Session: corp}, nil, 255,
			"The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted.|Nobody completed the sign-in in time. " + wrongRegion + "\nTo start again: portico sso login --sso-session corp"},
		"invalid grant": {login(&signin.ServiceError{Operation: "CreateToken", Code: "InvalidGrantException", Details: [][2]string{{"error", "invalid_grant"}, {"error_description", "Invalid grant provided"}}}), nil, 254,
			"An error occurred (InvalidGrantException) when calling the CreateToken operation: |Additional error details:\nerror: invalid_grant\nerror_description: Invalid grant provided|The sign-in can no longer be used. To start again: portico sso login --sso-session corp\n" + wrongRegion},
		"denied": {login(refused("CreateToken", "AccessDeniedException", "")), nil, 254,
			"An error occurred (AccessDeniedException) when calling the CreateToken operation: |Access was not allowed in the browser. To try again: portico sso login --sso-session corp"},
		"throttled": {refused("ListAccounts", "TooManyRequestsException", "slow"), nil, 254,
			"An error occurred (TooManyRequestsException) when calling the ListAccounts operation: slow|The service had too many requests. Wait a moment and try again."},
		"expired keys that hide a profile": {refused("GetCallerIdentity", "ExpiredToken", "expired"), []string{"AWS_ACCESS_KEY_ID=ASIA"}, 254,
			"An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: expired|The keys in the environment have expired, and hide the profile. Do without them: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"},
		"unknown keys that hide a profile": {refused("GetCallerIdentity", "InvalidClientTokenId", "invalid"), []string{"AWS_ACCESS_KEY_ID=ASIA"}, 254,
			"An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: invalid|The service does not know the keys in the environment, which hide the profile. Do without them: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"},
		"a clock that is slow": {skewed("SignatureDoesNotMatch", 10*time.Minute), nil, 254,
			"An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired|This machine's clock is 10m behind the service's. Set it right, and try again."},
		"a clock that is fast": {skewed("InvalidSignatureException", -26*time.Hour), nil, 254,
			"An error occurred (InvalidSignatureException) when calling the GetCallerIdentity operation: Signature expired|This machine's clock is 26h0m ahead of the service's. Set it right, and try again."},
		"clocks that agree": {skewed("SignatureDoesNotMatch", 2*time.Second), nil, 254,
			"An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired|The clocks agree, so the secret key is not the one that belongs to the access key, or something on the way has changed the request."},
		"refused": {connection(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), nil, 255,
			"Could not connect to the endpoint URL: " + at + "|Nothing listens there. If that address is a local Identity Center, start it; else check AWS_ENDPOINT_URL and endpoint_url."},
		"no such name": {connection(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}), nil, 255,
			"Could not connect to the endpoint URL: " + at + "|The name does not resolve. Check the region, and the network or its proxy (HTTPS_PROXY)."},
		"connect timeout": {connection(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), nil, 255,
			"Connect timeout on endpoint URL: " + at + "|Nothing answers there. Check the network: behind a proxy, HTTPS_PROXY has to name it. --cli-connect-timeout says how long to wait."},
		"read timeout": {connection(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}), nil, 255,
			"Read timeout on endpoint URL: " + at + "|Check the network and its proxy (HTTPS_PROXY). If they are slow, give them more time with --cli-read-timeout."},
		"closed": {connection(io.EOF), nil, 255,
			"Connection was closed before we received a valid response from endpoint URL: " + at + ".|Try again. If it goes on, check the network and its proxy (HTTPS_PROXY)."},
		"input at its end":     {fmt.Errorf("ask: %w", io.EOF), nil, 255, "|The input ended before every question was answered; each has a flag: see --help."},
		"what nobody foresaw":  {errors.New("the disk is full\x1b[2J"), nil, 255, "the disk is full"},
		"what a command knows": {&hintedError{Err: errors.New("no message"), Hint: "Send one."}, nil, 255, "no message|Send one."},
	} {
		t.Run(name, func(t *testing.T) {
			got, code := told(t, tt.err, "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\n", nil, tt.env...)
			want := "\nportico: [ERROR]: " + strings.ReplaceAll(tt.want, "|", "\n\n") + "\n"
			if strings.HasPrefix(tt.want, "|") {
				want = "\nportico: [ERROR]: \n\n" + tt.want[1:] + "\n"
			}
			if got != want || code != tt.code {
				t.Errorf("got %d\n%s\nwant %d\n%s", code, got, tt.code, want)
			}
		})
	}
}

// What ends a command and is no error is not told as one.
func TestReportNothing(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(&signalError{Signal: syscall.SIGTERM})
	for name, tt := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"success":       {t.Context(), nil, 0},
		"pager left":    {t.Context(), fmt.Errorf("write: %w", errPagerQuit), 0},
		"child's end":   {t.Context(), &exitError{Code: 3}, 3},
		"Ctrl-C":        {t.Context(), terminal.ErrInterrupted, 130},
		"given up":      {t.Context(), context.Canceled, 130},
		"ended outside": {ended, errors.New("whatever"), 143},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := report(tt.ctx, &App{Name: "portico", Stdout: io.Discard, Stderr: &stderr, Home: t.TempDir()}, tt.err); code != tt.want || stderr.Len() > 0 {
				t.Errorf("got %d and %q, want %d and nothing", code, &stderr, tt.want)
			}
		})
	}
}

// The formats for errors, where each may be set, and which comes first.
func TestErrorFormat(t *testing.T) {
	refusal := &signin.ServiceError{Operation: "CreateToken", Code: "SlowDownException", Message: "slöw", Details: [][2]string{{"error", "slow_down"}}}
	const hint = "\nThe service had too many requests. Wait a moment and try again.\n"
	const enhanced = "\nportico: [ERROR]: An error occurred (SlowDownException) when calling the CreateToken operation: slöw\n\nAdditional error details:\nerror: slow_down\n" + hint
	const legacy = "\nportico: [ERROR]: An error occurred (SlowDownException) when calling the CreateToken operation: slöw\n" + hint
	const asJSON = "{\n    \"Code\": \"SlowDownException\",\n    \"Message\": \"slöw\",\n    \"error\": \"slow_down\"\n}\n"

	required := &signin.RequiredError{Session: signin.Session{Name: "corp"}, Reason: signin.Missing}
	for name, tt := range map[string]struct {
		err    error
		flag   string
		env    string
		config string
		want   string
	}{
		"default":           {err: refusal, want: enhanced},
		"enhanced":          {err: refusal, flag: "enhanced", want: enhanced},
		"legacy":            {err: refusal, flag: "legacy", want: legacy},
		"json":              {err: refusal, flag: "json", want: asJSON},
		"yaml":              {err: refusal, flag: "yaml", want: "Code: SlowDownException\nMessage: slöw\nerror: slow_down\n"},
		"text":              {err: refusal, flag: "text", want: "SlowDownException\tslöw\tslow_down\n"},
		"variable":          {err: refusal, env: "JSON", want: asJSON},
		"file":              {err: refusal, config: "json", want: asJSON},
		"flag first":        {err: refusal, flag: "legacy", env: "json", config: "yaml", want: legacy},
		"variable second":   {err: refusal, env: "json", config: "yaml", want: asJSON},
		"nonsense":          {err: refusal, env: "xml", want: enhanced},
		"usage, legacy":     {err: &usageError{Problem: "Unknown options: x"}, flag: "legacy", want: "\nportico: [ERROR]: Unknown options: x\n\nRun with --help for the flags and an example.\n"},
		"usage, json":       {err: &usageError{Problem: "Unknown options: x"}, flag: "json", want: "{\n    \"Code\": \"ParamValidation\",\n    \"Message\": \"Unknown options: x\"\n}\n"},
		"credentials, text": {err: &configError{Kind: "NoCredentials", Problem: "Unable to locate credentials.", Hint: "x"}, flag: "text", want: "NoCredentials\tUnable to locate credentials.\n"},
		"the rest, json":    {err: required, flag: "json", want: "\nportico: [ERROR]: Error loading SSO Token: Token for corp does not exist\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var env []string
			if tt.env != "" {
				env = []string{"AWS_CLI_ERROR_FORMAT=" + tt.env}
			}
			config := ""
			if tt.config != "" {
				config = "[default]\ncli_error_format = " + tt.config + "\n"
			}
			if got, _ := told(t, tt.err, config, &globals{ErrorFormat: tt.flag}, env...); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	if got, _ := told(t, refusal, "", &globals{ErrorFormat: "table"}); !strings.Contains(got, " error ") || !strings.Contains(got, "slow_down") || !strings.HasPrefix(got, "---") {
		t.Errorf("got\n%s", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"dev", "prod", "prod-admin", "my-company-staging"}
	for typed, want := range map[string]string{
		"dve": "dev", "Dev": "dev", "prd": "prod", "prodd": "prod", "prod-amdin": "prod-admin", "my-compny-stagin": "my-company-staging", "x": "", "production": "", "": "",
	} {
		if got := nearest(typed, names); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}
