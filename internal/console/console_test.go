package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ region, what, want string }{
		{"eu-west-1", "", "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"},
		{"", "", "https://us-east-1.console.aws.amazon.com/console/home?region=us-east-1"},
		{"eu-west-1", "s3", "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"},
		{"eu-west-1", "EC2", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1"},
		{"eu-west-1", "iam", "https://console.aws.amazon.com/iam/home"},
		{"cn-north-1", "iam", "https://console.amazonaws.cn/iam/home"},
		{"cn-north-1", "s3", "https://console.amazonaws.cn/s3/home?region=cn-north-1"},
		{"cn-northwest-1", "s3", "https://cn-northwest-1.console.amazonaws.cn/s3/home?region=cn-northwest-1"},
		{"us-gov-west-1", "ec2", "https://console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1"},
		{"us-gov-east-1", "ec2", "https://us-gov-east-1.console.amazonaws-us-gov.com/ec2/home?region=us-gov-east-1"},
		{"eusc-de-east-1", "ec2", "https://eusc-de-east-1.console.amazonaws-eusc.eu/ec2/home?region=eusc-de-east-1"},
		{"us-east-1", "logs", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups"},
		{"us-east-1", "s3/buckets/my-bucket", "https://us-east-1.console.aws.amazon.com/s3/buckets/my-bucket?region=us-east-1"},
		{"us-east-1", "s3/buckets/b?tab=properties", "https://us-east-1.console.aws.amazon.com/s3/buckets/b?tab=properties&region=us-east-1"},
		{"us-east-1", "ec2#Instances:state=running", "https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#Instances:state=running"},
		{"us-east-1", "iam#/roles", "https://console.aws.amazon.com/iam/home#/roles"},
		{"us-east-1", "https://eu-west-1.console.aws.amazon.com/x?y=z#w", "https://eu-west-1.console.aws.amazon.com/x?y=z#w"},
		{"us-east-1", "https://111122223333-abc1234x.eu-west-1.console.aws.amazon.com/x", "https://eu-west-1.console.aws.amazon.com/x"},
		{"us-east-1", "arn:aws:s3:::my-bucket", "https://us-east-1.console.aws.amazon.com/s3/buckets/my-bucket?region=us-east-1"},
		{"us-east-1", "arn:aws:s3:::b/a/key&x", "https://us-east-1.console.aws.amazon.com/s3/object/b?prefix=a%2Fkey%26x&region=us-east-1"},
		{"us-east-1", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0abc"},
		{"us-east-1", "arn:aws:lambda:eu-west-1:111122223333:function:f:3", "https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1#/functions/f"},
		{"eu-west-1", "arn:aws:iam::111122223333:role/path/of/Deploy", "https://console.aws.amazon.com/iam/home#/roles/details/Deploy"},
		{"us-east-1", "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f:*", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Ff"},
		{"us-east-1", "arn:aws:secretsmanager:us-east-1:111122223333:secret:db/password-AbCdEf", "https://us-east-1.console.aws.amazon.com/secretsmanager/secret?name=db%2Fpassword&region=us-east-1"},
		{"us-east-1", "arn:aws:rds:us-east-1:111122223333:cluster:main", "https://us-east-1.console.aws.amazon.com/rds/home?region=us-east-1#database:id=main;is-cluster=true"},
		{"us-east-1", "arn:aws:sns:us-east-1:111122223333:topic", "https://us-east-1.console.aws.amazon.com/sns/v3/home?region=us-east-1#/topic/arn:aws:sns:us-east-1:111122223333:topic"},
		{"us-east-1", "arn:aws:whatever:us-east-1:111122223333:thing/x", "https://us-east-1.console.aws.amazon.com/go/view?arn=arn%3Aaws%3Awhatever%3Aus-east-1%3A111122223333%3Athing%2Fx&region=us-east-1"},
	} {
		p, ok := At(tt.region)
		if !ok {
			t.Fatal(tt.region)
		}
		if got, err := p.Page(tt.what); got != tt.want || err != nil {
			t.Errorf("%s in %s: got %s, %v, want %s", tt.what, tt.region, got, err, tt.want)
		}
	}
}

func TestNoPage(t *testing.T) {
	t.Parallel()
	p, _ := At("us-east-1")
	for what, says := range map[string]string{
		"lamda":                                           "did you mean lambda?",
		"nothing-like-it":                                 "is no service that is known here",
		"s3/a b":                                          "has a blank in it",
		"http://console.aws.amazon.com/":                  "is no https address of the console",
		"https://console.aws.amazon.com:8/":               "is no https address of the console",
		"https://x@console.aws.amazon.com/":               "is no https address of the console",
		"https://evil.test/":                              "console.aws.amazon.com",
		"https://notconsole.aws.amazon.com/":              "is no address of the console of the partition aws",
		"https://console.amazonaws.cn/":                   "is no address of the console of the partition aws",
		"https://console.aws.amazon.com.x/":               "is no address of the console of the partition aws",
		"javascript://console.aws.amazon.com/%0aalert(1)": "is no https address of the console",
		"https://console.aws.amazon.com/a b":              "is no address",
		"arn:aws-cn:s3:::b":                               "is of the partition aws-cn, and the credentials are of aws",
		"arn:aws:s3":                                      "is no ARN",
		"arn:aws:ec2:cn-north-1:1:instance/i":             "another partition",
		"arn:aws:ec2:evil.test/:1:instance/i":             "another partition",
		"arn:aws:ec2:us-iso-east-1:1:instance/i":          "another partition",
	} {
		if got, err := p.Page(what); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %s, %v, want %q", what, got, err, says)
		}
	}
	for _, region := range []string{"us-iso-east-1", "evil.test/", "eu-west-1.evil.test#", "a b", "EU-WEST-1"} {
		if _, ok := At(region); ok {
			t.Errorf("got a console in %s", region)
		}
	}
}

// Every name leads somewhere, and no name to two places.
func TestServices(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range services {
		for name := range strings.FieldsSeq(s.names) {
			if seen[name] || name != strings.ToLower(name) {
				t.Errorf("%s is there twice, or has capitals", name)
			}
			seen[name] = true
		}
		if strings.HasPrefix(s.path, "/") || s.path == "" {
			t.Errorf("%s: path %q", s.names, s.path)
		}
	}
	if len(services) < 100 || len(Services()) != len(services) {
		t.Errorf("got %d services", len(services))
	}
}

func TestRegion(t *testing.T) {
	t.Parallel()
	for short, want := range map[string]string{
		"use1": "us-east-1", "usw2": "us-west-2", "euw1": "eu-west-1", "euc1": "eu-central-1", "apse2": "ap-southeast-2", "apne1": "ap-northeast-1",
		"usgw1": "us-gov-west-1", "USE1": "us-east-1", "cnnw1": "cn-northwest-1", "eusce1": "eusc-de-east-1", "ilc1": "il-central-1",
		"us-east-1": "us-east-1", "use": "use", "": "", "use10": "use10", "x1": "x1", "us1": "us1",
	} {
		if got := Region(short); got != want {
			t.Errorf("%s: got %s, want %s", short, got, want)
		}
	}
}

func TestLoginURL(t *testing.T) {
	t.Parallel()
	var asked *http.Request
	answer := func(w http.ResponseWriter) { w.Write([]byte(`{"SigninToken":"t&oken"}`)) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = r
		answer(w)
	}))
	defer server.Close()
	p, _ := At("eu-west-1")
	f := &Federation{Place: p, HTTP: server.Client(), Endpoint: server.URL + "/"}
	c := Credentials{"ASIA", "secret", "session"}
	got, err := f.LoginURL(t.Context(), c, 8*time.Hour, "https://start", "https://page?x=y")
	if want := server.URL + "/federation?Action=login&Destination=https%3A%2F%2Fpage%3Fx%3Dy&Issuer=https%3A%2F%2Fstart&SigninToken=t%26oken"; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if asked.Method != "POST" || asked.URL.RawQuery != "" || asked.PostForm.Get("Action") != "getSigninToken" || asked.PostForm.Get("SessionDuration") != "28800" ||
		asked.PostForm.Get("Session") != `{"sessionId":"ASIA","sessionKey":"secret","sessionToken":"session"}` {
		t.Errorf("got %s %s %v", asked.Method, asked.URL, asked.PostForm)
	}
	f.LogOutFirst = true
	got, err = f.LoginURL(t.Context(), c, 0, "i", "p")
	u, _ := url.Parse(got)
	if err != nil || u.Path != "/oauth" || u.Query().Get("Action") != "logout" || !strings.HasPrefix(u.Query().Get("redirect_uri"), server.URL+"/federation?Action=login") {
		t.Errorf("got %s, %v", got, err)
	}
	if asked.PostForm.Has("SessionDuration") {
		t.Error("a duration that nobody asked for")
	}
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter)
		says   string
	}{
		"AWS's refusal": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(400)
			w.Write([]byte("<html>x"))
		}, "no console session: 400 Bad Request"},
		"a reason": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(400)
			w.Write([]byte("because\nmore"))
		}, "no console session: because"},
		"no token": {func(w http.ResponseWriter) { w.Write([]byte("{}")) }, "no sign-in token"},
		"a moved":  {func(w http.ResponseWriter) { w.Header().Set("Location", "x"); w.WriteHeader(302) }, "302"},
	} {
		answer = tt.answer
		if name == "a moved" {
			f.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		}
		if _, err := f.LoginURL(t.Context(), c, 0, "i", "p"); err == nil || !strings.HasSuffix(err.Error(), tt.says) && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
	}
}

// Where the credentials stand in an address, no error tells it.
func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, region := range []string{"us-east-1", "us-gov-west-1", "eusc-de-east-1"} {
		p, _ := At(region)
		f := &Federation{Place: p, HTTP: http.DefaultClient}
		_, err := f.LoginURL(ctx, Credentials{"ASIA", "verysecret", "session"}, 0, "i", "p")
		if err == nil || strings.Contains(err.Error(), "verysecret") || !strings.Contains(err.Error(), "/federation") {
			t.Errorf("%s: got %v", region, err)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for region, want := range map[string][2]string{
		"eu-west-1":      {"https://signin.aws.amazon.com", "https://us-east-1.signin.aws.amazon.com"},
		"us-gov-east-1":  {"https://signin.amazonaws-us-gov.com", "https://signin.amazonaws-us-gov.com"},
		"cn-north-1":     {"https://signin.amazonaws.cn", "https://signin.amazonaws.cn"},
		"eusc-de-east-1": {"https://eusc-de-east-1.signin.amazonaws-eusc.eu", "https://eusc-de-east-1.signin.amazonaws-eusc.eu"},
	} {
		p, _ := At(region)
		for i, first := range []bool{false, true} {
			if got := (&Federation{Place: p, LogOutFirst: first}).address(); got != want[i] {
				t.Errorf("%s: got %s, want %s", region, got, want[i])
			}
		}
	}
}

func TestPortalLink(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"https://d-1234567890.awsapps.com/start/#/", "", "https://d-1234567890.awsapps.com/start/#/console?account_id=111122223333&role_name=Read+Only"},
		{"https://x.awsapps.com/start", "https://p?a=b", "https://x.awsapps.com/start/#/console?account_id=111122223333&role_name=Read+Only&destination=https%3A%2F%2Fp%3Fa%3Db"},
	} {
		if got := PortalLink(tt[0], "111122223333", "Read Only", tt[1]); got != tt[2] {
			t.Errorf("got %s, want %s", got, tt[2])
		}
	}
}
