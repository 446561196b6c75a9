package idctest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/portico-sso/portico/idctest"
)

// callback is a program that waits on this machine for its authorization code.
type callback struct {
	uri   string
	query chan url.Values
}

func newCallback(t *testing.T) *callback {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &callback{uri: "http://" + l.Addr().String() + "/oauth/callback", query: make(chan url.Values, 1)}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { c.query <- r.URL.Query() })}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return c
}

// The authorization code flow with a real callback, over a real port and over
// pipes alike.
func TestAuthorizationCode(t *testing.T) {
	for name, options := range map[string][]idctest.Option{"pipes": nil, "loopback": {idctest.Listen()}} {
		t.Run(name, func(t *testing.T) {
			ic := idctest.New(t, options...)
			oidc := ssooidc.NewFromConfig(ic.AWSConfig())
			client, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
				ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
				GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectUris: []string{"http://127.0.0.1/oauth/callback"}, IssuerUrl: &ic.StartURL,
			})
			if err != nil {
				t.Fatal(err)
			}
			back := newCallback(t)
			const verifier = "0123456789012345678901234567890123456789012345678901234567890123"
			sum := sha256.Sum256([]byte(verifier))
			address := *client.AuthorizationEndpoint + "?" + url.Values{
				"response_type": {"code"}, "client_id": {*client.ClientId}, "redirect_uri": {back.uri}, "state": {"the state"},
				"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "scopes": {"sso:account:access"},
			}.Encode()

			if err := ic.Deny(t.Context(), "bob", address); err != nil {
				t.Fatal(err)
			}
			if q := <-back.query; q.Get("error") != "access_denied" || q.Get("state") != "the state" {
				t.Errorf("denied: got %v", q)
			}
			if err := ic.Approve(t.Context(), "bob", address); err != nil {
				t.Fatal(err)
			}
			q := <-back.query
			token, err := oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
				ClientId: client.ClientId, ClientSecret: client.ClientSecret, GrantType: aws.String("authorization_code"),
				Code: aws.String(q.Get("code")), RedirectUri: &back.uri, CodeVerifier: aws.String(verifier),
			})
			if err != nil {
				t.Fatal(err)
			}
			p := &program{ic: ic, sso: sso.NewFromConfig(ic.AWSConfig())}
			if got, err := p.accounts(t, token.AccessToken); err != nil || !slices.Equal(got, []string{"111111111111", "222222222222"}) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// Programs that know nothing of this package: the environment is enough.
func TestEnvironmentOnLoopback(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	for _, kv := range ic.Env() {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	home := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "credentials"))
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	oidc := ssooidc.NewFromConfig(cfg)
	token, err := login(t.Context(), oidc, ic.StartURL, func(address string) error {
		if !strings.HasPrefix(address, ic.URL) {
			t.Errorf("got %s, want it at %s", address, ic.URL)
		}
		return ic.Approve(t.Context(), "alice", address)
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ic: ic, sso: sso.NewFromConfig(cfg)}
	cfg.Credentials = p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess").Credentials
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil || *caller.Account != "111111111111" {
		t.Errorf("got %+v, %v", caller, err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider("ASIAXXXXXXXXXXXXXXXX", "x", "x")
	_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "InvalidClientTokenId" {
		t.Errorf("foreign credentials: got %v, want InvalidClientTokenId", err)
	}
}

func TestClockAndData(t *testing.T) {
	var ahead atomic.Int64
	clock := idctest.Clock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	dir := t.TempDir()
	first, err := idctest.Start(t.Context(), idctest.Data(dir), clock)
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, first)
	device := p.startDevice(t)
	if err := first.Approve(t.Context(), "alice", *device.VerificationUriComplete); err != nil {
		t.Fatal(err)
	}
	token, _, err := p.poll(t, device)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if resp, err := first.HTTPClient().Get(first.URL); err == nil {
		resp.Body.Close()
		t.Error("still answers")
	}

	second := idctest.New(t, idctest.Data(dir), clock)
	p = &program{ic: second, oidc: ssooidc.NewFromConfig(second.AWSConfig()), sso: sso.NewFromConfig(second.AWSConfig()), id: p.id, secret: p.secret}
	if _, err := p.accounts(t, token.AccessToken); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	ahead.Store(int64(61 * time.Minute))
	if _, err := p.accounts(t, token.AccessToken); err == nil {
		t.Error("the token outlived its hour")
	}
	if _, err := p.refresh(t, token.RefreshToken); err != nil {
		t.Errorf("refresh: %v", err)
	}
}

func TestSeeds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "org.yaml")
	if err := os.WriteFile(file, []byte("users: [{name: dora}]\nregion: eu-west-3\nstart_url: https://d-0123456789.awsapps.com/start\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ic := idctest.New(t, idctest.Organisation(file))
	if ic.Region != "eu-west-3" || ic.StartURL != "https://d-0123456789.awsapps.com/start" || ic.URL != "http://127.0.0.1:8642" {
		t.Errorf("got %s, %s, %s", ic.URL, ic.Region, ic.StartURL)
	}
	for want, option := range map[string]idctest.Option{
		"seed:2: users[0].nam: there is no such field (did you mean name?)": idctest.Seed("users:\n- nam: x\n"),
		"organisation: open nowhere.yaml":                                   idctest.Organisation("nowhere.yaml"),
	} {
		if _, err := idctest.Start(t.Context(), option); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A call that would have gone to AWS must not.
func TestNothingBeyondThisMachine(t *testing.T) {
	for name, options := range map[string][]idctest.Option{"pipes": nil, "loopback": {idctest.Listen()}} {
		ic := idctest.New(t, options...)
		client := ic.HTTPClient()
		if client == ic.HTTPClient() {
			t.Errorf("%s: one client for all: a timeout set by one is everybody's", name)
		}
		for _, address := range []string{"https://sts.amazonaws.com/", "http://169.254.169.254/", "http://192.0.2.1:8642/"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "is not this machine") {
				t.Errorf("%s: %s: got %v, want it refused", name, address, err)
			}
		}
		for _, address := range []string{ic.URL + "/signin", strings.Replace(ic.URL, "127.0.0.1", "localhost", 1) + "/signin"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<h1>Sign in</h1>") {
				t.Errorf("%s: got %s, %v", address, resp.Status, err)
			}
		}
	}
}

// Many come and go, some with an answer left unread, and nothing of them stays.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 12 {
		var options []idctest.Option
		if i%2 == 0 {
			options = append(options, idctest.Listen())
		}
		ic, err := idctest.Start(context.Background(), options...)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ic.URL+"/signin", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := ic.HTTPClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if i%3 != 0 {
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Error(err)
			}
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if err := ic.Close(); err != nil {
			t.Error(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched() // those that were told to end need a moment
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("got %d goroutines, had %d:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
}

// quietly is a test whose output can be read.
type quietly struct {
	testing.TB
	out *bytes.Buffer
}

func (q quietly) Output() io.Writer { return q.out }

// A test that goes well says nothing; one whose Identity Center fails says why.
func TestLogOfATest(t *testing.T) {
	for name, level := range map[string]slog.Level{"unless asked": slog.LevelInfo, "when asked": slog.LevelDebug} {
		var out, asked bytes.Buffer
		options := []idctest.Option{}
		if level == slog.LevelDebug {
			options = append(options, idctest.Log(slog.New(slog.NewTextHandler(&asked, &slog.HandlerOptions{Level: level}))))
		}
		ic := idctest.New(quietly{t, &out}, options...)
		token, err := login(t.Context(), ssooidc.NewFromConfig(ic.AWSConfig()), ic.StartURL, func(address string) error {
			return ic.Approve(t.Context(), "alice", address)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sso.NewFromConfig(ic.AWSConfig()).ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: token.AccessToken}); err != nil {
			t.Fatal(err)
		}
		if err := ic.Close(); err != nil {
			t.Fatal(err)
		}
		if out.Len() > 0 {
			t.Errorf("%s: got output %s, want none", name, out.String())
		}
		if got, want := strings.Contains(asked.String(), "operation=ListAccounts"), level == slog.LevelDebug; got != want {
			t.Errorf("%s: got log %s, want the calls in it: %v", name, asked.String(), want)
		}
	}
}
