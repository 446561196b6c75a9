//go:build unix

package cli_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Answers one a line, as a script gives them, and what comes of each.
func TestWizardAnswers(t *testing.T) {
	t.Parallel()
	env, home := local(t, "--tls", "--org", organisation(t, 1, "ReadOnly"))
	vanity := ""
	for _, v := range env {
		if address, ok := strings.CutPrefix(v, "AWS_ENDPOINT_URL="); ok {
			vanity = strings.Replace(address, "127.0.0.1", "localhost", 1) + "/vanity"
		}
	}
	const (
		session  = "[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
		chosen   = "sso_account_id = 100000000000\nsso_role_name = ReadOnly\n"
		named    = "[profile dev]\nsso_session = corp\n" + chosen
		where    = startURL + "|us-east-1|"
		signedIn = "Attempting to open your default browser."
		menu     = "Number or name:"
	)
	for _, c := range []struct {
		name, config string
		args         string // of configure sso; --profile dev unless they begin with -
		env          string
		answers      string // separated by |
		says         []string
		saysNot      []string
		code         int
		want         string // config; "" as it was
	}{
		{name: "blank session", answers: "|" + where + "|",
			says:    []string{"WARNING: Configuring using legacy format (e.g. without an SSO session).\nConsider re-running \"configure sso\" command and providing a session name.\n", "Then enter the code:"},
			saysNot: []string{"SSO registration scopes"},
			want:    "[profile dev]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n" + chosen},
		{name: "one account and role", answers: "corp|" + where + "||",
			says:    []string{"The only AWS account available to you is: 100000000000\nUsing the account ID 100000000000\nThe only role available to you is: ReadOnly\nUsing the role name \"ReadOnly\"\n"},
			saysNot: []string{menu},
			want:    named + "\n" + session},
		{name: "empty region and output", config: session, answers: "corp||", want: session + "\n" + named},
		{name: "region and output", config: session, answers: "corp|eu-west-1|table", want: session + "\n" + named + "region = eu-west-1\noutput = table\n"},
		{name: "a profile by --profile", config: session, answers: "corp||", saysNot: []string{"Profile name"}, want: session + "\n" + named},
		{name: "a profile by AWS_PROFILE", config: session, args: "-", env: "AWS_PROFILE=dev", answers: "corp||", saysNot: []string{"Profile name"}, want: session + "\n" + named},
		{name: "a profile by AWS_DEFAULT_PROFILE", config: session, args: "-", env: "AWS_DEFAULT_PROFILE=dev", answers: "corp||", saysNot: []string{"Profile name"}, want: session + "\n" + named},
		{name: "no profile", config: session, args: "-", answers: "corp|||", says: []string{"Profile name [ReadOnly-100000000000]: "},
			want: session + "\n" + strings.Replace(named, "dev", "ReadOnly-100000000000", 1)},
		{name: "the default profile", config: session, args: "-", answers: "corp|||default",
			says: []string{"The AWS CLI is now configured to use the default profile.\nRun the following command to verify your configuration:\n\nportico sts get-caller-identity\n"},
			want: session + "\n" + strings.Replace(named, "profile dev", "default", 1)},
		{name: "Default is the default profile", config: session, args: "-", answers: "corp|||Default",
			says: []string{"The AWS CLI is now configured to use the default profile.\n"},
			want: session + "\n" + strings.Replace(named, "dev", "Default", 1)},
		{name: "defaults of the default profile", config: "[default]\nsso_session = corp\nregion = eu-west-1\noutput = text\n" + session, args: "-", answers: "|||dev",
			says: []string{"SSO session name [corp]: ", "Default client Region [eu-west-1]: ", "CLI default output format (json if not specified) [text]: "},
			want: "[default]\nsso_session = corp\nregion = eu-west-1\noutput = text\n" + session + "\n" + named + "region = eu-west-1\noutput = text\n"},
		{name: "legacy defaults of the default profile", config: "[default]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n", args: "-", answers: "|||||dev",
			says: []string{"SSO start URL [" + startURL + "]: ", "SSO region [us-east-1]: "},
			want: "[default]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n\n[profile dev]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n" + chosen},
		{name: "new session, though there is a token of its name", answers: "corp|" + where + "||", says: []string{signedIn}, want: named + "\n" + session},
		{name: "existing session", config: session, answers: "corp||", saysNot: []string{signedIn, "SSO start URL"}, want: session + "\n" + named},
		{name: "scopes empty", answers: "corp|" + where + "||", want: named + "\n" + session},
		{name: "blanks around answers", answers: "  corp \t |  " + startURL + "|  " + startURL + "\t|" + startURL + "| us-east-1 \t| \t| eu-west-1\t| yaml ",
			says: []string{"Not a valid Start URL\n"}, // validators see what was typed
			want: named + "region = eu-west-1\noutput = yaml\n\n" + session},
		{name: "incomplete session", config: "[sso-session corp]\nsso_start_url = " + startURL + "\n", answers: "corp", code: 253,
			says: []string{"An error occurred (Configuration): Missing the following required SSO configuration values: sso_region."}},
		{name: "an end in the middle", config: session, answers: "corp", code: 255},
		{name: "start URL without https", answers: "corp|http://x.awsapps.com/start|us-east-1|", code: 253,
			says: []string{"An error occurred (Configuration): The sso_start_url must use the https scheme."}},
		{name: "a newline cannot be in a name", config: session, args: "--profile\na", answers: "corp", code: 252},
		{name: "a bracket cannot be in a name", config: session, args: "-", answers: "x]|corp|||b]|dev", says: []string{"none of ] ' \" = # ; is allowed"}, want: session + "\n" + named},
		{name: "a blank in a name", config: session, args: "-", answers: "corp|||my dev", says: []string{`the profile name "my dev": it holds a blank`},
			want: session + "\n" + strings.Replace(named, "dev", "'my dev'", 1)},
		{name: "legacy keys that contradict the session", config: session + "[profile dev]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = R\n# end\n",
			answers: "corp||", want: session + "[profile dev]\nsso_region = us-east-1\nsso_account_id = 100000000000\nsso_role_name = ReadOnly\nsso_session = corp\n# end\n"},
		{name: "a profile that assumes a role", config: session + "[profile dev]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", answers: "corp||",
			says: []string{"the profile dev has role_arn"},
			want: session + "[profile dev]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\nsso_session = corp\n" + chosen},
		{name: "vanity resolves", answers: "corp|" + vanity + "|||", saysNot: []string{"SSO region ["}, want: named + "\n" + strings.Replace(session, startURL, vanity, 1)},
		{name: "vanity resolves for a legacy profile", answers: "|" + vanity + "||", saysNot: []string{"SSO region ["},
			want: "[profile dev]\nsso_start_url = " + vanity + "\nsso_region = us-east-1\n" + chosen},
		{name: "given by flags", args: "--sso-session=corp --sso-start-url=" + startURL + " --sso-region=us-east-1 --account-id=100000000000 --role-name=ReadOnly --profile=dev",
			saysNot: []string{"["}, want: named + "\n" + session},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured(t, home, c.config)
			args := []string{"configure", "sso"}
			switch {
			case c.args == "":
				args = append(args, "--profile", "dev")
			case strings.Contains(c.args, "\n"):
				args = append(args, "--profile", "a\nb")
			case c.args != "-":
				args = append(args, strings.Fields(c.args)...)
			}
			cmd := program(t, append(env, c.env), args...)
			cmd.Stdin = strings.NewReader(strings.ReplaceAll(c.answers, "|", "\n") + "\n")
			if c.code == 255 {
				cmd.Stdin = strings.NewReader(c.answers)
			}
			stdout, stderr, code := outcome(t, cmd)
			if code != c.code {
				t.Errorf("got exit code %d, want %d", code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("does not say %q", want)
				}
			}
			for _, no := range c.saysNot {
				if strings.Contains(stdout, no) {
					t.Errorf("says %q", no)
				}
			}
			want := c.want
			if want == "" {
				want = c.config
			}
			configIs(t, home, want)
			if t.Failed() {
				t.Logf("stdout:\n%s\nstderr:\n%s", stdout, stderr)
			}
		})
	}
}

// What the validators let through, and what they say to the rest.
func TestSessionAnswers(t *testing.T) {
	const (
		badURL    = "--sso-start-url: Not a valid Start URL"
		badRegion = "--sso-region: "
		badScopes = "--sso-registration-scopes: Scope values must be separated by commas"
	)
	for _, c := range []struct{ flag, value, refusal string }{
		{"sso-start-url", startURL, ""},
		{"sso-start-url", startURL + "#", ""},
		{"sso-start-url", startURL + "/", ""},
		{"sso-start-url", startURL + "#/", ""},
		{"sso-start-url", startURL + "-beta", ""},
		{"sso-start-url", startURL + "?x=1", ""},
		{"sso-start-url", "http://x", ""},
		{"sso-start-url", "ftp://x", ""},
		{"sso-start-url", "//x", ""},
		{"sso-start-url", "https://10.0.0.1/start", ""},
		{"sso-start-url", "https://x.awsapps.com:8443/start", ""},
		{"sso-start-url", "x", badURL},
		{"sso-start-url", "x.awsapps.com/start", badURL},
		{"sso-start-url", "https://", badURL},
		{"sso-start-url", "https://d_1.awsapps.com/start", badURL},
		{"sso-start-url", "https://-x.awsapps.com/start", badURL},
		{"sso-start-url", "https://[::1]/start", badURL},
		{"sso-start-url", "https://x ", badURL},
		{"sso-start-url", " https://x", badURL},
		{"sso-start-url", "https://x\ncredential_process = y", badURL},
		{"sso-start-url", "", "--sso-start-url: "},
		{"sso-region", "us-gov-west-1", ""},
		{"sso-region", " eu-west-1\t", ""},
		{"sso-region", "", badRegion + "A value is required"},
		{"sso-region", " ", badRegion + "A value is required"},
		{"sso-region", "eu-west-1.evil.example/#", badRegion},
		{"sso-registration-scopes", "a, b", ""},
		{"sso-registration-scopes", " a, b ", ""},
		{"sso-registration-scopes", "", ""},
		{"sso-registration-scopes", "a b", badScopes},
		{"sso-registration-scopes", "a, b c", badScopes},
		{"sso-session", "", "--sso-session: A value is required"},
		{"sso-session", "a\nb", "--sso-session: "},
	} {
		t.Run(fmt.Sprintf("%s %q", c.flag, c.value), func(t *testing.T) {
			args := []string{"configure", "sso-session"}
			for flag, value := range map[string]string{"sso-session": "corp", "sso-start-url": startURL, "sso-region": "us-east-1", "sso-registration-scopes": "a"} {
				if flag == c.flag {
					value = c.value
				}
				args = append(args, "--"+flag+"="+value)
			}
			// A company's own address leads nowhere here.
			_, stderr, code := outcome(t, program(t, []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:1"}, args...))
			if c.refusal == "" && code != 0 || c.refusal != "" && (code != 252 || !strings.Contains(stderr, c.refusal)) {
				t.Errorf("got code %d and %q, want the refusal %q", code, stderr, c.refusal)
			}
		})
	}
}

// A region in the start URL's own text is what Enter takes, unless another one is
// configured for that very address.
func TestRegionOfStartURL(t *testing.T) {
	const own = "https://ssoins-1.portal.eu-west-1.app.aws"
	for _, c := range []struct{ config, answer, prompt, want string }{
		{"", own, "SSO region [eu-west-1]: ", "eu-west-1"},
		{"", startURL, "SSO region [None]: ", "us-west-2"},
		{"[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n", own, "SSO region [eu-west-1]: ", "eu-west-1"},
		{"[sso-session corp]\nsso_start_url = " + own + "\nsso_region = us-east-1\n", "", "SSO region [us-east-1]: ", "us-east-1"},
	} {
		home := t.TempDir()
		configured(t, home, c.config)
		region := ""
		if strings.Contains(c.prompt, "None") {
			region = c.want
		}
		cmd := program(t, []string{"HOME=" + home}, "configure", "sso-session")
		cmd.Stdin = strings.NewReader("corp\n" + c.answer + "\n" + region + "\n\n")
		stdout, stderr, code := outcome(t, cmd)
		if code != 0 || !strings.Contains(stdout, c.prompt) {
			t.Errorf("%q: got code %d, %s%s, want the prompt %q", c.answer, code, stdout, stderr, c.prompt)
		}
		url := c.answer
		if url == "" {
			url = own
		}
		configIs(t, home, "[sso-session corp]\nsso_start_url = "+url+"\nsso_region = "+c.want+"\nsso_registration_scopes = sso:account:access\n")
	}
}

// What the wizard makes of a token that is there: it must be good for a quarter
// of an hour, or be refreshed; else the person signs in.
func TestWizardTokenReuse(t *testing.T) {
	t.Parallel()
	env, home := local(t, "--org", organisation(t, 1, "ReadOnly"))
	const legacy = "[profile dev]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n"
	const session = "[profile dev]\nsso_session = corp\n\n[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
	for _, c := range []struct {
		name, config, answers string
		file                  string
		left                  time.Duration
		login                 bool
	}{
		{"legacy, 16 minutes", legacy, "\n\n\n\n\n", "7487b5b67d5fa1132cf33fa93ae51ef38cc37752", 16 * time.Minute, false},
		{"legacy, 14 minutes", legacy, "\n\n\n\n\n", "7487b5b67d5fa1132cf33fa93ae51ef38cc37752", 14 * time.Minute, true},
		{"session, 16 minutes", session, "\n\n\n", "ee0bfd2552fbd840c02cc48b6e823320543c450f", 16 * time.Minute, false},
		{"session, refreshed", session, "\n\n\n", "ee0bfd2552fbd840c02cc48b6e823320543c450f", -time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured(t, home, c.config)
			command(t, env, "sso", "login", "--profile", "dev")
			path := filepath.Join(home, ".aws", "sso", "cache", c.file+".json")
			token, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			token = regexp.MustCompile(`"expiresAt": "[^"]*"`).ReplaceAll(token, []byte(`"expiresAt": "`+time.Now().Add(c.left).UTC().Format(time.RFC3339)+`"`))
			if err := os.WriteFile(path, token, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := program(t, env, "configure", "sso", "--profile", "dev")
			cmd.Stdin = strings.NewReader(c.answers)
			stdout, stderr, code := outcome(t, cmd)
			if login := strings.Contains(stdout, "Attempting to open"); code != 0 || login != c.login {
				t.Errorf("got code %d, a sign-in %v, want 0 and %v\n%s%s", code, login, c.login, stdout, stderr)
			}
		})
	}
}

// The regions offered are those the SDK knows the service in.
func TestOfferedRegions(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/ssooidc").Output()
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal", "endpoints", "endpoints.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, commercial, _ := strings.Cut(string(table), `ID: "aws",`)
	commercial, _, found := strings.Cut(commercial, `ID: "aws-cn",`)
	if !found {
		t.Fatal("the SDK's table has another form")
	}
	var want []string
	for _, m := range regexp.MustCompile(`Region: +"([a-z]+-[a-z]+-[0-9]+)"`).FindAllStringSubmatch(commercial, -1) {
		want = append(want, m[1])
	}
	slices.Sort(want)
	want = slices.Compact(want)
	s := sit(t, []string{"HOME=" + t.TempDir(), "TERM=xterm"}, "configure", "sso-session", "--sso-session=x", "--sso-start-url="+startURL)
	s.sees("SSO region [None]:")
	s.types("\t")
	s.seesLast("  us-west-1        us-west-2")
	_, list, _ := strings.Cut(s.screen.Text(), "\n")
	if d := cmp.Diff(want, strings.Fields(list)); d != "" {
		t.Errorf("regions offered (-want +got):\n%s", d)
	}
	if len(want) != 34 {
		t.Errorf("the SDK has %d regions, want 34: the list grew", len(want))
	}
	s.types(ctrlC)
	s.ends(130, "SSO region [None]:")
}

// With --no-browser the address is printed for whoever visits it.
func TestWizardNoBrowser(t *testing.T) {
	env, home := local(t, "--org", organisation(t, 1, "ReadOnly"))
	cmd := program(t, env, "configure", "sso", "--no-browser", "--profile", "dev")
	cmd.Stdin = strings.NewReader("corp\n" + startURL + "\nus-east-1\n\n\n\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "http://127.0.0.1:") && strings.Contains(lines.Text(), "/authorize?") {
			command(t, env, "local", "browse", "--as", "alice", lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if want := "Browser will not be automatically opened.\nPlease visit the following URL:\n\nhttp://127.0.0.1:"; !strings.Contains(said, want) {
		t.Errorf("got\n%s\nwant it to say\n%s", said, want)
	}
	if _, err := os.Stat(filepath.Join(home, ".aws", "config")); err != nil {
		t.Error(err)
	}
}
