package idctest_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/portico-sso/portico/idctest"
)

// signedIn is a program that alice has let in.
func signedIn(t *testing.T, ic *idctest.IdentityCenter) (*program, *ssooidc.CreateTokenOutput) {
	t.Helper()
	p := newProgram(t, ic)
	device := p.startDevice(t)
	if err := ic.Approve(t.Context(), "alice", *device.VerificationUriComplete); err != nil {
		t.Fatal(err)
	}
	token, _, err := p.poll(t, device)
	if err != nil {
		t.Fatal(err)
	}
	return p, token
}

// sha1Hex names a token's file, as all SDKs do.
func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// apiError is the code of AWS's error, or what there was instead.
func apiError(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Sprintf("no error of the API: %v", err)
	}
	return api.ErrorCode()
}

func TestInject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t, idctest.Faults(idctest.Fault{Op: "GetRoleCredentials", Error: "TooManyRequestsException"}))
		p, token := signedIn(t, ic)

		// The option's own, which never ends.
		_, err := p.sso.GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{AccessToken: token.AccessToken, AccountId: aws.String("111111111111"), RoleName: aws.String("AdministratorAccess")})
		if busy := new(ssotypes.TooManyRequestsException); !errors.As(err, &busy) {
			t.Errorf("got %v, want TooManyRequestsException", err)
		}

		slow, err := ic.Inject(t.Context(), idctest.Fault{Op: "sso:ListAccounts", Latency: 7 * time.Second, User: "ali*", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{7 * time.Second, 0} {
			began := time.Now()
			if _, err := p.accounts(t, token.AccessToken); err != nil {
				t.Error(err)
			}
			if took := time.Since(began).Truncate(time.Second); took != want {
				t.Errorf("call %d took %s, want %s", i+1, took, want)
			}
		}
		if got := slow.Acted(); got != 1 {
			t.Errorf("acted %d times, want once", got)
		}

		// The answer is lost, the deed is done: a refresh token that was used answers
		// once more, within its grace, with the same successor.
		lost, err := ic.Inject(t.Context(), idctest.Fault{Op: "CreateToken", Drop: idctest.AfterActing, Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		next, err := p.refresh(t, token.RefreshToken)
		if err != nil || lost.Acted() != 1 {
			t.Errorf("got %v after %d lost answers, want it from the SDK's second try", err, lost.Acted())
		} else if _, err := p.refresh(t, next.RefreshToken); err != nil {
			t.Errorf("the successor: %v", err)
		}

		down, err := ic.Inject(t.Context(), idctest.Fault{Op: "*", Status: http.StatusServiceUnavailable})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.accounts(t, token.AccessToken)
		if status := new(smithyhttp.ResponseError); !errors.As(err, &status) || status.HTTPStatusCode() != http.StatusServiceUnavailable {
			t.Errorf("got %v, want 503", err)
		}
		down.Remove()
		down.Remove()
		if got := down.Acted(); got != 0 {
			t.Errorf("acted %d times after it was removed", got)
		}
		if _, err := p.accounts(t, token.AccessToken); err != nil {
			t.Errorf("after it was removed: %v", err)
		}
		if err := ic.ClearFaults(t.Context()); err != nil {
			t.Error(err)
		}
		p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess")

		if _, err := ic.Inject(t.Context(), idctest.Fault{Op: "ListAcounts", Status: 500}); err == nil || !strings.Contains(err.Error(), "ListAcounts") {
			t.Errorf("got %v, want it refused by name", err)
		}
	})
	if _, err := idctest.Start(t.Context(), idctest.Faults(idctest.Fault{Op: "*"})); err == nil {
		t.Error("a fault without a kind was taken")
	}
}

func TestAdvance(t *testing.T) {
	ic := idctest.New(t)
	p, token := signedIn(t, ic)
	signed := sts.NewFromConfig(p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess"))
	device := p.startDevice(t)

	if err := ic.Advance(t.Context(), 59*time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err := p.oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{ClientId: p.id, ClientSecret: p.secret, GrantType: aws.String(deviceCode), DeviceCode: device.DeviceCode})
	if got := apiError(err); got != "ExpiredTokenException" {
		t.Errorf("the device code: got %s", got)
	}
	if _, err := p.accounts(t, token.AccessToken); err != nil {
		t.Errorf("within the hour: %v", err)
	}
	if err := ic.Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := p.accounts(t, token.AccessToken); apiError(err) != "UnauthorizedException" {
		t.Errorf("after the hour: got %v", err)
	}
	fresh, err := p.refresh(t, token.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.accounts(t, fresh.AccessToken); err != nil {
		t.Errorf("what was issued afterwards: %v", err)
	}
	if _, err := signed.GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("role credentials of an hour: %v", err)
	}
	if err := ic.Advance(t.Context(), 8*time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := signed.GetCallerIdentity(t.Context(), nil); apiError(err) != "ExpiredToken" {
		t.Errorf("role credentials: got %v", err)
	}
	if _, err := p.refresh(t, fresh.RefreshToken); apiError(err) != "InvalidGrantException" {
		t.Errorf("the sign-in: got %v", err)
	}
	for _, by := range []time.Duration{0, -time.Hour} {
		if err := ic.Advance(t.Context(), by); err == nil {
			t.Errorf("went on by %s", by)
		}
	}
}

func TestSkew(t *testing.T) {
	ic := idctest.New(t)
	p, token := signedIn(t, ic)
	date := func() time.Duration {
		t.Helper()
		resp, err := ic.HTTPClient().Get(ic.URL + "/signin")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		at, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(at).Round(time.Minute)
	}
	signed := p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess")
	for _, by := range []time.Duration{time.Hour, -time.Hour, 0} {
		if err := ic.Skew(t.Context(), by); err != nil {
			t.Fatal(err)
		}
		if got := date(); got != by {
			t.Errorf("skewed by %s: Date is ahead by %s", by, got)
		}
		// One try, with a client that knows nothing of the skew.
		_, err := sts.NewFromConfig(signed, func(o *sts.Options) { o.RetryMaxAttempts = 1 }).GetCallerIdentity(t.Context(), nil)
		if by == 0 && err != nil {
			t.Errorf("put right: %v", err)
		}
		if by != 0 && apiError(err) != "SignatureDoesNotMatch" {
			t.Errorf("skewed by %s: got %v", by, err)
		}
		if _, err := p.accounts(t, token.AccessToken); err != nil {
			t.Errorf("skewed by %s: a token: %v", by, err)
		}
	}
}

func TestPeople(t *testing.T) {
	ic := idctest.New(t)
	p, token := signedIn(t, ic)
	ctx := t.Context()
	if got, err := ic.Sessions(ctx, ""); err != nil || len(got) != 1 || got[0].User != "alice" || !slices.Equal(got[0].Clients, []string{"test"}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got, err := ic.Sessions(ctx, "bob"); err != nil || len(got) != 0 {
		t.Errorf("bob's: got %+v, %v", got, err)
	}

	dev := idctest.Assignment{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{"dev"}}
	if err := ic.Unassign(ctx, dev); err != nil {
		t.Fatal(err)
	}
	if got, err := p.accounts(t, token.AccessToken); err != nil || !slices.Equal(got, []string{"222222222222", "999999999999"}) {
		t.Errorf("taken away: got %v, %v", got, err)
	}
	if err := ic.Assign(ctx, dev); err != nil {
		t.Fatal(err)
	}
	if got, err := p.accounts(t, token.AccessToken); err != nil || len(got) != 3 {
		t.Errorf("given back: got %v, %v", got, err)
	}

	signed := sts.NewFromConfig(p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess"))
	if err := ic.DisableUser(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.accounts(t, token.AccessToken); apiError(err) != "UnauthorizedException" {
		t.Errorf("disabled: got %v", err)
	}
	if _, err := signed.GetCallerIdentity(ctx, nil); err != nil {
		t.Errorf("role credentials live on: got %v", err)
	}
	device := p.startDevice(t)
	if err := ic.Approve(ctx, "alice", *device.VerificationUriComplete); err == nil || !strings.Contains(err.Error(), "alice is disabled") {
		t.Errorf("got %v, want that alice is disabled", err)
	}
	if err := ic.EnableUser(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := ic.Approve(ctx, "alice", *device.VerificationUriComplete); err != nil {
		t.Errorf("enabled again: %v", err)
	}
	again, _, err := p.poll(t, device)
	if err != nil {
		t.Fatal(err)
	}
	live, err := ic.Sessions(ctx, "ALICE")
	if err != nil || len(live) != 1 {
		t.Fatalf("got %+v, %v", live, err)
	}
	if err := ic.RevokeSession(ctx, live[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.refresh(t, again.RefreshToken); apiError(err) != "InvalidGrantException" {
		t.Errorf("revoked: got %v", err)
	}

	changes, err := ic.Events(ctx, idctest.EventFilter{Operation: "SetUser"})
	if err != nil || len(changes) != 2 || changes[0].Source != "portico.amazonaws.com" || changes[0].User != "" || changes[0].Details["user"] != "alice" {
		t.Errorf("on record: got %+v, %v", changes, err)
	}
	for what, err := range map[string]error{
		"Revoke":        ic.Revoke(ctx, "mallory"),
		"DisableUser":   ic.DisableUser(ctx, "mallory"),
		"EnableUser":    ic.EnableUser(ctx, "mallory"),
		"Decide":        ic.Decide(ctx, idctest.Decision{User: "mallory", Answer: idctest.Allow}),
		"Assign":        ic.Assign(ctx, idctest.Assignment{User: "mallory", PermissionSet: "ReadOnly", Accounts: []string{"*"}}),
		"Revoke nobody": ic.Revoke(ctx, ""),
		"RevokeSession": ic.RevokeSession(ctx, live[0].ID),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}

// Scripted decisions: a person who takes their time, one for a client of another
// name, and nobody at all.
func TestDecide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t, idctest.Decisions(
			idctest.Decision{User: "bob", Answer: idctest.Deny, Client: "other*"},
			idctest.Decision{User: "alice", Answer: idctest.Allow, After: 3 * time.Minute},
		))
		p := newProgram(t, ic)
		began := time.Now()
		token, _, err := p.poll(t, p.startDevice(t))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 3*time.Minute || took > 3*time.Minute+2*time.Second {
			t.Errorf("allowed after %s, want three minutes", took)
		}
		if got, err := p.accounts(t, token.AccessToken); err != nil || len(got) != 3 {
			t.Errorf("got %v, %v; want alice's accounts", got, err)
		}

		// While a rule answers, nobody else does.
		device := p.startDevice(t)
		if err := ic.Approve(t.Context(), "bob", *device.VerificationUriComplete); err == nil {
			t.Error("bob answered what a rule answers")
		}

		if err := ic.Decide(t.Context(), idctest.Decision{Answer: idctest.Never, Flow: idctest.DeviceCode}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		device = p.startDevice(t)
		for {
			_, err := p.oidc.CreateToken(ctx, &ssooidc.CreateTokenInput{ClientId: p.id, ClientSecret: p.secret, GrantType: aws.String(deviceCode), DeviceCode: device.DeviceCode})
			if ctx.Err() != nil {
				break // its own patience
			}
			if pending := new(types.AuthorizationPendingException); !errors.As(err, &pending) {
				t.Fatalf("got %v, want it pending", err)
			}
			time.Sleep(time.Minute)
		}

		if err := ic.ClearDecisions(t.Context()); err != nil {
			t.Fatal(err)
		}
		device = p.startDevice(t)
		if err := ic.Deny(t.Context(), "bob", *device.VerificationUriComplete); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.poll(t, device); apiError(err) != "AccessDeniedException" {
			t.Errorf("got %v, want it denied by bob", err)
		}
	})
}

// A scripted answer to an authorization code goes to the callback of the program,
// whatever the browser's own person would say.
func TestDecideAuthorizationCode(t *testing.T) {
	ic := idctest.New(t)
	oidc := ssooidc.NewFromConfig(ic.AWSConfig())
	client, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectUris: []string{"http://127.0.0.1/oauth/callback"}, IssuerUrl: &ic.StartURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	back := newCallback(t)
	address := *client.AuthorizationEndpoint + "?" + url.Values{
		"response_type": {"code"}, "client_id": {*client.ClientId}, "redirect_uri": {back.uri}, "state": {"the state"},
		"code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "scopes": {"sso:account:access"},
	}.Encode()
	if err := ic.Decide(t.Context(), idctest.Decision{User: "bob", Answer: idctest.Allow, Flow: idctest.AuthorizationCode, After: time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := ic.Deny(t.Context(), "alice", address); err != nil {
		t.Fatal(err)
	}
	q := <-back.query
	if q.Get("code") == "" || q.Get("state") != "the state" {
		t.Fatalf("got %v, want a code", q)
	}
	token, err := oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId: client.ClientId, ClientSecret: client.ClientSecret, GrantType: aws.String("authorization_code"),
		Code: aws.String(q.Get("code")), RedirectUri: &back.uri, CodeVerifier: aws.String("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ic: ic, sso: sso.NewFromConfig(ic.AWSConfig())}
	if got, err := p.accounts(t, token.AccessToken); err != nil || !slices.Equal(got, []string{"111111111111", "222222222222"}) {
		t.Errorf("got %v, %v; want bob's", got, err)
	}

	if err := ic.Decide(t.Context(), idctest.Decision{Answer: idctest.Never}); err != nil {
		t.Fatal(err)
	}
	if err := ic.Approve(t.Context(), "alice", address); err == nil || !strings.Contains(err.Error(), "unanswered") {
		t.Errorf("got %v, want it left unanswered", err)
	}
}

// A test that signs somebody in by the pages themselves, code and all.
func TestMail(t *testing.T) {
	ic := idctest.New(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := ic.HTTPClient()
	browser.Jar = jar
	post := func(path string, form url.Values) (at, page string) {
		t.Helper()
		resp, err := browser.PostForm(ic.URL+path, form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("got %s, %v: %s", resp.Status, err, body)
		}
		return resp.Request.URL.Path, string(body)
	}
	if sent, err := ic.Mail(t.Context(), ""); err != nil || len(sent) != 0 {
		t.Errorf("before: got %+v, %v", sent, err)
	}
	if at, page := post("/signin", url.Values{"username": {"bob"}, "password": {"battery-staple"}}); at != "/signin/code" {
		t.Fatalf("got %s: %s", at, page)
	}
	sent, err := ic.Mail(t.Context(), "bob")
	if err != nil || len(sent) != 1 || sent[0].To != "bob@example.com" || sent[0].User != "bob" || !strings.Contains(sent[0].Text, sent[0].Code) || !sent[0].SentAt.Before(sent[0].ExpiresAt) {
		t.Fatalf("got %+v, %v", sent, err)
	}
	if others, err := ic.Mail(t.Context(), "alice"); err != nil || len(others) != 0 {
		t.Errorf("alice's: got %+v, %v", others, err)
	}
	if at, page := post("/signin/code", url.Values{"code": {sent[0].Code}}); at != "/start" || !strings.Contains(page, "bob") {
		t.Errorf("got %s: %s", at, page)
	}
	if live, err := ic.Sessions(t.Context(), "bob"); err != nil || len(live) != 1 {
		t.Errorf("got %+v, %v", live, err)
	}
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		p, token := signedIn(t, ic)
		if _, err := p.accounts(t, token.AccessToken); err != nil {
			t.Fatal(err)
		}
		all, err := ic.Events(t.Context(), idctest.EventFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		workflows := map[string]bool{}
		for i, e := range all {
			names = append(names, e.Name)
			var whole map[string]any
			if err := json.Unmarshal([]byte(e.JSON), &whole); err != nil || whole["eventName"] != e.Name || whole["eventID"] == "" {
				t.Errorf("got %s, %v", e.JSON, err)
			}
			if i > 0 && e.Sequence <= all[i-1].Sequence || e.Time.After(time.Now()) {
				t.Errorf("%s: sequence %d at %s", e.Name, e.Sequence, e.Time)
			}
			if e.Name == "CreateToken" && e.ErrorCode == "" {
				workflows[e.Workflow] = true
			}
			for _, secret := range []string{*token.AccessToken, *token.RefreshToken, *p.secret} {
				if strings.Contains(e.JSON, secret) {
					t.Errorf("a secret is in %s", e.JSON)
				}
			}
		}
		for _, want := range []string{"RegisterClient", "StartDeviceAuthorization", "CreateToken", "ListAccounts"} {
			if !slices.Contains(names, want) {
				t.Errorf("got no %s in %v", want, names)
			}
		}
		if len(workflows) != 1 || workflows[""] {
			t.Errorf("got workflows %v, want one", workflows)
		}
		alices, err := ic.Events(t.Context(), idctest.EventFilter{User: "alice", Operation: "list*"})
		if err != nil || len(alices) != 1 || alices[0].User != "alice" || alices[0].Source != "sso.amazonaws.com" || !workflows[alices[0].Workflow] {
			t.Errorf("got %+v, %v", alices, err)
		}

		// Waiting for what a program will do.
		last := all[len(all)-1].Sequence
		go func() {
			time.Sleep(time.Minute)
			_, _ = p.accounts(t, aws.String("no token"))
		}()
		began := time.Now()
		next, err := ic.Events(t.Context(), idctest.EventFilter{After: last, Operation: "ListAccounts", Wait: time.Hour})
		if took := time.Since(began); err != nil || len(next) != 1 || next[0].ErrorCode == "" || took > 2*time.Minute {
			t.Errorf("got %+v, %v after %s", next, err, took)
		}
		synctest.Wait()
	})
}

// What a program does that loads its configuration as most do, with a profile in
// a file, whatever else the environment says.
func TestLoadOptions(t *testing.T) {
	some := httptest.NewTLSServer(nil)
	defer some.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: some.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]idctest.Option{"pipes": nil, "loopback": {idctest.Listen()}} {
		t.Run(name, func(t *testing.T) {
			ic := idctest.New(t, options...)
			_, token := signedIn(t, ic)
			home := t.TempDir()
			for _, variable := range []string{"HOME", "USERPROFILE"} {
				t.Setenv(variable, home)
			}
			for variable, value := range map[string]string{
				"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_SSO": "http://192.0.2.1", "HTTP_PROXY": "http://192.0.2.1", "AWS_REGION": "ap-south-1",
				"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"), "AWS_PROFILE": "dev",
				"AWS_CA_BUNDLE": bundle,
			} {
				t.Setenv(variable, value)
			}
			profile := "[profile dev]\nsso_start_url = " + ic.StartURL + "\nsso_region = " + ic.Region + "\nsso_account_id = 111111111111\nsso_role_name = AdministratorAccess\n"
			cached, err := json.Marshal(map[string]string{"accessToken": *token.AccessToken, "expiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
			if err != nil {
				t.Fatal(err)
			}
			cache := filepath.Join(home, ".aws", "sso", "cache")
			if err := os.MkdirAll(cache, 0o700); err != nil {
				t.Fatal(err)
			}
			for path, content := range map[string][]byte{filepath.Join(home, "config"): []byte(profile), filepath.Join(cache, sha1Hex(ic.StartURL)+".json"): cached} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cfg, err := config.LoadDefaultConfig(t.Context(), ic.LoadOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			if err != nil || !strings.HasSuffix(*caller.Arn, "/alice") || cfg.Region != ic.Region {
				t.Errorf("got %+v, %v in %s", caller, err, cfg.Region)
			}
		})
	}
}
