package awsapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
)

// chained is a center with roles that alice and bob may take, by way of each other.
func chained(t *testing.T) *center {
	t.Helper()
	c := newCenter(t)
	org := organisation()
	org.Users[0].MFACode = "123456"
	anybody := []directory.Principal{{Account: dev}}
	org.Roles = []directory.IAMRole{
		{Account: dev, Name: "build", Trusts: []directory.Principal{{PermissionSet: "AdministratorAccess", Account: dev}}},
		{Account: prod, Name: "deploy", Path: "/ci/", Trusts: []directory.Principal{{Role: "BUILD"}, {User: "Bob"}}},
		{Account: prod, Name: "shared", Trusts: anybody, ExternalID: "partner-7"},
		{Account: prod, Name: "careful", Trusts: anybody, RequireMFA: true},
		{Account: prod, Name: "long", Trusts: anybody, MaxSessionDuration: 12 * time.Hour},
		{Account: dev, Name: "boss", Trusts: anybody, Administrator: true},
	}
	if err := c.Directory.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	return c
}

func arnOf(account, name string) *string {
	return aws.String("arn:aws:iam::" + account + ":role/" + name)
}

// keys are credentials as AssumeRole gives them.
func keys(out *sts.AssumeRoleOutput) aws.Credentials {
	return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
}

func TestAssumeRole(t *testing.T) {
	c := chained(t)
	alice := c.as(t, "alice", dev, "AdministratorAccess")
	before := c.now()
	built, err := c.sts(alice).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(dev, "build"), RoleSessionName: aws.String("one"), DurationSeconds: aws.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	if left := built.Credentials.Expiration.Sub(before); left < 899*time.Second || left > 901*time.Second {
		t.Errorf("got %s of credentials, want 15m", left)
	}
	if packedSize(built) != nil || built.SourceIdentity != nil {
		t.Errorf("got %v and %v, which were not asked for", packedSize(built), built.SourceIdentity)
	}
	if id := *built.AssumedRoleUser.AssumedRoleId; !regexp.MustCompile(`^AROA[A-Z2-7]{17}:one$`).MatchString(id) {
		t.Errorf("got the id %q", id)
	}

	// A chain of chains, by the role's name; what GetCallerIdentity says is what
	// AssumeRole said.
	deployed, err := c.sts(keys(built)).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(prod, "ci/deploy"), RoleSessionName: aws.String("two")})
	if err != nil {
		t.Fatal(err)
	}
	who, err := c.sts(keys(deployed)).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + prod + ":assumed-role/deploy/two"; *who.Arn != want || *who.Arn != *deployed.AssumedRoleUser.Arn ||
		*who.UserId != *deployed.AssumedRoleUser.AssumedRoleId || *who.Account != prod {
		t.Errorf("got %v, want %s", who, want)
	}
	// They end.
	c.SignatureNow = time.Now
	c.advance(16 * time.Minute)
	_, err = c.sts(keys(built)).GetCallerIdentity(t.Context(), nil)
	wantCode(t, err, "ExpiredToken")
	_, err = c.sts(keys(deployed)).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Errorf("the longer ones ended too: %v", err)
	}
}

// Who may not, and why, in AWS's words.
func TestAssumeRoleRefuses(t *testing.T) {
	c := chained(t)
	alice, bob := c.as(t, "alice", dev, "AdministratorAccess"), c.as(t, "bob", dev, "ReadOnly")
	const device = "arn:aws:iam::" + dev + ":mfa/alice"
	type input = sts.AssumeRoleInput
	for name, tt := range map[string]struct {
		as         aws.Credentials
		in         input
		code, says string // "" when it is allowed
	}{
		"by permission set":       {alice, input{RoleArn: arnOf(dev, "build")}, "", ""},
		"another permission set":  {bob, input{RoleArn: arnOf(dev, "build")}, "AccessDenied", "assumed-role/AWSReservedSSO_ReadOnly_"},
		"by person":               {bob, input{RoleArn: arnOf(prod, "ci/deploy")}, "", ""},
		"another person":          {alice, input{RoleArn: arnOf(prod, "ci/deploy")}, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::" + prod + ":role/ci/deploy"},
		"without its path":        {bob, input{RoleArn: arnOf(prod, "deploy")}, "AccessDenied", "there is arn:aws:iam::" + prod + ":role/ci/deploy"},
		"no such role":            {bob, input{RoleArn: arnOf(prod, "nobody")}, "AccessDenied", "there is no such role"},
		"other partition":         {bob, input{RoleArn: aws.String("arn:aws-cn:iam::" + prod + ":role/ci/deploy")}, "AccessDenied", "there is arn:aws:iam::"},
		"external id":             {bob, input{RoleArn: arnOf(prod, "shared"), ExternalId: aws.String("partner-7")}, "", ""},
		"no external id":          {bob, input{RoleArn: arnOf(prod, "shared")}, "AccessDenied", "wants an external id"},
		"wrong external id":       {bob, input{RoleArn: arnOf(prod, "shared"), ExternalId: aws.String("partner-8")}, "AccessDenied", "wants another external id"},
		"external id for nothing": {alice, input{RoleArn: arnOf(dev, "build"), ExternalId: aws.String("x:/y")}, "", ""},
		"no external id at all":   {alice, input{RoleArn: arnOf(dev, "build"), ExternalId: aws.String("a b")}, "ValidationError", "Value at 'externalId'"},
		"MFA":                     {alice, input{RoleArn: arnOf(prod, "careful"), SerialNumber: aws.String(device), TokenCode: aws.String("123456")}, "", ""},
		"no MFA":                  {alice, input{RoleArn: arnOf(prod, "careful")}, "AccessDenied", "sts:AssumeRole on resource"},
		"half of MFA":             {alice, input{RoleArn: arnOf(prod, "careful"), SerialNumber: aws.String(device)}, "AccessDenied", "must provide both MFA serial number and one time pass code."},
		"wrong code":              {alice, input{RoleArn: arnOf(prod, "careful"), SerialNumber: aws.String(device), TokenCode: aws.String("654321")}, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."},
		"wrong code for nothing":  {alice, input{RoleArn: arnOf(dev, "build"), SerialNumber: aws.String(device), TokenCode: aws.String("654321")}, "AccessDenied", "invalid MFA one time pass code"},
		"no code":                 {alice, input{RoleArn: arnOf(prod, "careful"), SerialNumber: aws.String(device), TokenCode: aws.String("12345x")}, "ValidationError", "Value at 'tokenCode'"},
		"somebody else's device":  {bob, input{RoleArn: arnOf(prod, "careful"), SerialNumber: aws.String(device), TokenCode: aws.String("123456")}, "AccessDenied", "Please verify your MFA serial number is valid"},
		"too short":               {alice, input{RoleArn: arnOf(dev, "build"), DurationSeconds: aws.Int32(899)}, "ValidationError", "greater than or equal to 900"},
		"too long for any":        {alice, input{RoleArn: arnOf(prod, "long"), DurationSeconds: aws.Int32(43201)}, "ValidationError", "less than or equal to 43200"},
		"too long for the role":   {alice, input{RoleArn: arnOf(dev, "build"), DurationSeconds: aws.Int32(3601)}, "ValidationError", "exceeds the MaxSessionDuration set for this role."},
		"too long for a chain":    {alice, input{RoleArn: arnOf(prod, "long"), DurationSeconds: aws.Int32(3601)}, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"},
		"an hour":                 {alice, input{RoleArn: arnOf(prod, "long"), DurationSeconds: aws.Int32(3600)}, "", ""},
		"no JSON":                 {alice, input{RoleArn: arnOf(dev, "build"), Policy: aws.String("{")}, "MalformedPolicyDocument", "invalid Json"},
		"long policy":             {alice, input{RoleArn: arnOf(dev, "build"), Policy: aws.String(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}` + strings.Repeat(" ", 2000))}, "ValidationError", "'policy'"},
		"unknown policy":          {alice, input{RoleArn: arnOf(dev, "build"), PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::" + dev + ":policy/mine")}}}, "MalformedPolicyDocument", "does not exist"},
		"tag twice":               {alice, input{RoleArn: arnOf(dev, "build"), Tags: []ststypes.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("A"), Value: aws.String("2")}}}, "InvalidParameterValue", "Duplicate tag keys found"},
		"transitive, no tag":      {alice, input{RoleArn: arnOf(dev, "build"), TransitiveTagKeys: []string{"a"}}, "InvalidParameterValue", "must be included in the requested tags"},
		"no tag":                  {alice, input{RoleArn: arnOf(dev, "build"), Tags: []ststypes.Tag{{Key: aws.String("a\tb"), Value: aws.String("1")}}}, "ValidationError", "'tags'"},
		"source identity":         {alice, input{RoleArn: arnOf(dev, "build"), SourceIdentity: aws.String("a b")}, "ValidationError", "'sourceIdentity'"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.in.RoleSessionName = aws.String("ci")
			_, err := c.sts(tt.as).AssumeRole(t.Context(), &tt.in)
			if tt.code == "" {
				if err != nil {
					t.Errorf("got %v, want it allowed", err)
				}
				return
			}
			wantCode(t, err, tt.code)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
	_, err := c.sts(alice).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(dev, "build"), RoleSessionName: aws.String("ci"), Policy: aws.String("[]")})
	wantError[*ststypes.MalformedPolicyDocumentException](t, err)
}

// A session policy takes away from what a role may do here, and gives nothing.
func TestSessionPolicyNarrows(t *testing.T) {
	c := chained(t)
	alice := c.as(t, "alice", dev, "AdministratorAccess")
	for name, tt := range map[string]struct {
		role, policy                string
		arns                        []string
		buckets, accounts, assuming string // "" when it is allowed
	}{
		"nothing":      {role: "boss"},
		"no more":      {role: "build", policy: `"Effect": "Allow", "Action": "*", "Resource": "*"`, accounts: "because no identity-based policy", assuming: ""},
		"one action":   {role: "boss", policy: `"Effect": "Allow", "Action": "S3:listall*", "Resource": "*"`, accounts: "because no session policy allows the organizations:ListAccounts action", assuming: "because no session policy"},
		"one resource": {role: "boss", policy: `"Effect": "Allow", "Action": ["sts:*", "s3:*"], "Resource": "arn:aws:iam::*:role/ci/?eploy"`, buckets: "because no session policy", accounts: "because no session policy"},
		"all but one":  {role: "boss", policy: `"Effect": "Allow", "NotAction": "organizations:*", "Resource": "*"`, accounts: "because no session policy"},
		"a denial":     {role: "boss", policy: `"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"`, buckets: "with an explicit deny in a session policy"},
		"a condition":  {role: "boss", policy: `"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}`, buckets: "because no session policy", accounts: "because no session policy", assuming: "because no session policy"},
		"managed":      {role: "boss", arns: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, assuming: "because no session policy"},
		"together":     {role: "boss", arns: []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}, policy: `"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"`, accounts: "because no session policy"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &sts.AssumeRoleInput{RoleArn: arnOf(dev, tt.role), RoleSessionName: aws.String("ci")}
			if tt.policy != "" {
				in.Policy = aws.String(`{"Version": "2012-10-17", "Statement": [{` + tt.policy + `}]}`)
			}
			for _, arn := range tt.arns {
				in.PolicyArns = append(in.PolicyArns, ststypes.PolicyDescriptorType{Arn: &arn})
			}
			out, err := c.sts(alice).AssumeRole(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if narrowed := tt.policy != "" || tt.arns != nil; narrowed != (packedSize(out) != nil) {
				t.Errorf("got the packed size %v", packedSize(out))
			}
			creds := keys(out)
			check := func(what, want string, err error) {
				t.Helper()
				if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %q", what, err, want)
				}
			}
			_, err = c.s3(creds).ListBuckets(t.Context(), nil)
			check("buckets", tt.buckets, err)
			_, err = organizations.NewFromConfig(c.configWith(creds)).ListAccounts(t.Context(), nil)
			check("accounts", tt.accounts, err)
			_, err = c.sts(creds).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(prod, "ci/deploy"), RoleSessionName: aws.String("ci")})
			if tt.role == "build" { // which alone is trusted with it
				check("assuming", tt.assuming, err)
			} else if tt.assuming == "" {
				check("assuming", "does not trust alice as role boss", err)
			} else {
				check("assuming", tt.assuming, err)
			}
			if _, err := c.sts(creds).GetCallerIdentity(t.Context(), nil); err != nil {
				t.Errorf("who it is was taken away: %v", err)
			}
		})
	}
}

// What is said of a session once holds for the whole chain.
func TestChainInherits(t *testing.T) {
	c := chained(t)
	alice := c.as(t, "alice", dev, "AdministratorAccess")
	tags := func(pairs ...string) (all []ststypes.Tag) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, ststypes.Tag{Key: &pairs[i], Value: &pairs[i+1]})
		}
		return all
	}
	built, err := c.sts(alice).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(dev, "build"), RoleSessionName: aws.String("one"),
		SourceIdentity: aws.String("alice"), Tags: tags("Team", "core", "Run", "7"), TransitiveTagKeys: []string{"team"}})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(built.SourceIdentity) != "alice" || aws.ToInt32(packedSize(built)) < 1 {
		t.Errorf("got %v, %v", built.SourceIdentity, packedSize(built))
	}
	deploy := func(in sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
		in.RoleArn, in.RoleSessionName = arnOf(prod, "ci/deploy"), aws.String("two")
		return c.sts(keys(built)).AssumeRole(t.Context(), &in)
	}
	out, err := deploy(sts.AssumeRoleInput{Tags: tags("Run", "8")}) // which was not handed on
	if err != nil || aws.ToString(out.SourceIdentity) != "alice" {
		t.Errorf("got %v, %v", out, err)
	}
	_, err = deploy(sts.AssumeRoleInput{Tags: tags("TEAM", "other")})
	wantCode(t, err, "InvalidParameterValue")
	_, err = deploy(sts.AssumeRoleInput{SourceIdentity: aws.String("mallory")})
	wantCode(t, err, "AccessDenied")
	if err == nil || !strings.Contains(err.Error(), "sts:SetSourceIdentity") {
		t.Errorf("got %v", err)
	}
}

// The event of a call says whose it was, what was asked for and what was given,
// and never the code.
func TestAssumeRoleEvent(t *testing.T) {
	c := &annotating{center: chained(t)}
	alice := c.as(t, "alice", dev, "AdministratorAccess")
	cfg := c.configWith(alice)
	cfg.HTTPClient = &http.Client{Transport: c}
	_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: arnOf(prod, "careful"), RoleSessionName: aws.String("ci"),
		SerialNumber: aws.String("arn:aws:iam::" + dev + ":mfa/alice"), TokenCode: aws.String("123456"),
		Policy: aws.String(`{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	e := c.event.Events(c.now(), "id", "127.0.0.1", "agent", events.Place{})[0]
	if e.EventName != "AssumeRole" || e.UserIdentity.AccessKeyID != alice.AccessKeyID || e.UserIdentity.UserName != "alice" {
		t.Errorf("got %+v", e)
	}
	p, extra := e.RequestParameters, e.AdditionalEventData
	if p["roleSessionName"] != "ci" || !strings.Contains(p["policy"], `"s3:*"`) || p["tokenCode"] != "" ||
		extra["AssumedRoleARN"] != "arn:aws:sts::"+prod+":assumed-role/careful/ci" || !strings.HasPrefix(extra["AccessKeyID"], "ASIA") {
		t.Errorf("got %v, %v", p, extra)
	}
}

// packedSize is what a client reads of how full the room for policies and tags is.
func packedSize(out *sts.AssumeRoleOutput) *int32 {
	//lint:ignore SA1019 all clients of today read it, and none what is to replace it
	return out.PackedPolicySize
}
