package awsapi_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

func (c *center) credentials(t testing.TB) aws.Credentials {
	t.Helper()
	_, tokens := c.signIn(t, "bob")
	return c.roleCredentials(t, tokens.AccessToken, dev, "ReadOnly")
}

func TestCallerIdentity(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	wantIdentity(t, c, creds, "bob", "ReadOnly")

	identity := query("Action", "GetCallerIdentity", "Version", "2011-06-15")
	resp, body := c.sendSigned(t, creds, "sts", raw{"GET", "/?" + identity, "", nil})
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/xml" {
		t.Fatalf("got %d %s: %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	var reply struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Account string   `xml:"GetCallerIdentityResult>Account"`
		ID      string   `xml:"ResponseMetadata>RequestId"`
	}
	if err := xml.Unmarshal([]byte(body), &reply); err != nil {
		t.Fatal(err)
	}
	if reply.Account != dev || reply.ID != resp.Header.Get("X-Amzn-Requestid") {
		t.Errorf("got %+v, want account %s and the request id of the header", reply, dev)
	}

	resp, body = c.sendSigned(t, creds, "sts", raw{"GET", "/?" + identity, "", http.Header{"Accept": {"application/json"}}})
	var asJSON struct {
		GetCallerIdentityResponse struct {
			GetCallerIdentityResult struct{ Account, Arn, UserId string }
			ResponseMetadata        struct{ RequestId string }
		}
	}
	if err := json.Unmarshal([]byte(body), &asJSON); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if got := asJSON.GetCallerIdentityResponse.GetCallerIdentityResult.Account; resp.StatusCode != 200 || got != dev {
		t.Errorf("got %d %s, want account %s as JSON", resp.StatusCode, body, dev)
	}
}

// TestPresignedCallerIdentity is the token of aws eks get-token.
func TestPresignedCallerIdentity(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	presigned, err := sts.NewPresignClient(c.sts(creds)).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(presigned.URL, baseURL)
	resp, body := c.send(t, raw{presigned.Method, target, "", nil})
	if resp.StatusCode != 200 || !strings.Contains(body, "<Account>"+dev+"</Account>") {
		t.Errorf("got %d %s, want the identity", resp.StatusCode, body)
	}

	r := raw{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60", "", http.Header{"X-K8s-Aws-Id": {"cluster"}}}.request(t)
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	uri, _, err := signer.NewSigner().PresignHTTP(t.Context(), creds, r, empty, "sts", "eu-west-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ = strings.Cut(uri, baseURL)
	use := func(cluster string) (int, string) {
		resp, body := c.send(t, raw{"GET", target, "", http.Header{"X-K8s-Aws-Id": {cluster}}})
		return resp.StatusCode, body
	}
	if status, body := use("cluster"); status != 200 || !strings.Contains(body, "/bob</Arn>") {
		t.Errorf("got %d %s, want bob's identity", status, body)
	}
	if status, body := use("other"); status != 403 || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") {
		t.Errorf("got %d %s, want SignatureDoesNotMatch for another cluster", status, body)
	}
	c.advance(61 * time.Second) // EKS gives the token fourteen minutes, whatever X-Amz-Expires says
	if status, body := use("cluster"); status != 200 {
		t.Errorf("after 61 s: got %d %s, want bob's identity", status, body)
	}
	c.advance(14 * time.Minute)
	if status, body := use("cluster"); status != 403 || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") || !strings.Contains(body, "expired") {
		t.Errorf("got %d %s, want an expired signature", status, body)
	}
}

func TestAccessKeyInfo(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	out, err := c.sts(creds).GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(creds.AccessKeyID)})
	if err != nil || *out.Account != dev {
		t.Errorf("got %v, %v, want account %s", out, err, dev)
	}
	for _, id := range []string{"ASIAUNKNOWNUNKNOWN12", "short"} {
		_, err = c.sts(creds).GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(id)})
		wantCode(t, err, "ValidationError")
	}
}

func TestListBuckets(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	list := func(in *s3.ListBucketsInput) (names []string, out *s3.ListBucketsOutput) {
		t.Helper()
		out, err := c.s3(creds).ListBuckets(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Buckets {
			names = append(names, *b.Name)
		}
		return names, out
	}
	want := func(got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("buckets (-want +got):\n%s", diff)
		}
	}
	names, out := list(&s3.ListBucketsInput{Prefix: aws.String("alpha")})
	want(names, "alpha-one", "alpha-two")
	if *out.Prefix != "alpha" || *out.Buckets[0].BucketRegion != "eu-west-1" {
		t.Errorf("got prefix %s in %s, want alpha in eu-west-1", *out.Prefix, *out.Buckets[0].BucketRegion)
	}
	names, _ = list(&s3.ListBucketsInput{BucketRegion: aws.String("us-east-1")})
	want(names)

	names = nil
	p := s3.NewListBucketsPaginator(c.s3(creds), &s3.ListBucketsInput{MaxBuckets: aws.Int32(2)})
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Buckets {
			names = append(names, *b.Name)
		}
	}
	want(names, "alpha-one", "alpha-two", "zulu")

	for _, in := range []*s3.ListBucketsInput{{MaxBuckets: aws.Int32(0)}, {MaxBuckets: aws.Int32(10001)}, {ContinuationToken: aws.String("x")}} {
		_, err := c.s3(creds).ListBuckets(t.Context(), in)
		wantCode(t, err, "InvalidArgument")
	}

	// An account without buckets still answers the element that clients read.
	_, tokens := c.signIn(t, "alice")
	empty := c.roleCredentials(t, tokens.AccessToken, prod, "AdministratorAccess")
	resp, body := c.sendSigned(t, empty, "s3", raw{"GET", "/", "", nil})
	if resp.StatusCode != 200 || !strings.Contains(body, "<Buckets></Buckets>") {
		t.Errorf("got %d %s, want an empty Buckets", resp.StatusCode, body)
	}
}

// TestPresignedListBuckets shares a listing by URL.
func TestPresignedListBuckets(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	r := raw{"GET", "/?X-Amz-Expires=60", "", nil}.request(t)
	uri, _, err := signer.NewSigner().PresignHTTP(t.Context(), creds, r, "UNSIGNED-PAYLOAD", "s3", "eu-west-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(uri, baseURL)
	if resp, body := c.send(t, raw{"GET", target, "", nil}); resp.StatusCode != 200 || !strings.Contains(body, "<Name>zulu</Name>") {
		t.Errorf("got %d %s, want the buckets", resp.StatusCode, body)
	}
	if resp, body := c.send(t, raw{"GET", strings.Replace(target, "X-Amz-Expires=60", "X-Amz-Expires=0", 1), "", nil}); resp.StatusCode != 400 ||
		!strings.Contains(body, "<Code>AuthorizationQueryParametersError</Code>") {
		t.Errorf("got %d %s, want AuthorizationQueryParametersError", resp.StatusCode, body)
	}
	c.advance(61 * time.Second)
	if resp, body := c.send(t, raw{"GET", target, "", nil}); resp.StatusCode != 403 || !strings.Contains(body, "<Code>AccessDenied</Code>") {
		t.Errorf("got %d %s, want AccessDenied", resp.StatusCode, body)
	}
}

// broken are credentials that fail each in one way, with the clock that shows it.
func broken(good, other aws.Credentials) map[string]struct {
	creds aws.Credentials
	ahead time.Duration
} {
	type bad = struct {
		creds aws.Credentials
		ahead time.Duration
	}
	secret, token, unknown := good, good, good
	flipped := []byte(good.SecretAccessKey)
	flipped[20] ^= 1
	secret.SecretAccessKey = string(flipped)
	token.SessionToken = other.SessionToken
	unknown.AccessKeyID = "ASIAQQQQQQQQQQQQQQQQ"
	return map[string]bad{
		"secret":  {secret, 0},
		"token":   {token, 0},
		"unknown": {unknown, 0},
		"expired": {good, 2 * time.Hour},
		"skewed":  {good, 20 * time.Minute},
	}
}

func TestSignatureErrorsThroughSDKs(t *testing.T) {
	c := newCenter(t)
	good, other := c.credentials(t), c.credentials(t)
	want := map[string]struct{ sts, s3 string }{
		"secret":  {"SignatureDoesNotMatch", "SignatureDoesNotMatch"},
		"token":   {"InvalidClientTokenId", "InvalidToken"},
		"unknown": {"InvalidClientTokenId", "InvalidAccessKeyId"},
		"expired": {"ExpiredToken", "ExpiredToken"},
		"skewed":  {"SignatureDoesNotMatch", "RequestTimeTooSkewed"},
	}
	for name, bad := range broken(good, other) {
		t.Run(name, func(t *testing.T) {
			c.advance(bad.ahead)
			defer c.advance(-bad.ahead)
			_, err := c.sts(bad.creds).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			wantCode(t, err, want[name].sts)
			_, err = c.s3(bad.creds).ListBuckets(t.Context(), &s3.ListBucketsInput{})
			wantCode(t, err, want[name].s3)
		})
	}
}

// others are calls of services that are not served, one for each protocol.
var others = map[string]struct {
	service string
	call    raw
	status  int    // of a call that is signed well
	code    string // likewise
	shape   string // where the code stands, %s for the code
	names   string // what the message says was asked
}{
	"sso-admin": {"sso", raw{"POST", "/", "{}", http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"SWBExternalService.ListApplications"},
	}}, 400, "UnknownOperationException", `{"__type":"%s",`, "sso-admin ListApplications"},
	"identitystore": {"identitystore", raw{"POST", "/", "{}", http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSIdentityStore.UpdateUser"},
	}}, 400, "UnknownOperationException", `{"__type":"%s",`, "identitystore UpdateUser"},
	"organizations": {"organizations", raw{"POST", "/", "{}", http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSOrganizationsV20161128.ListPolicies"},
	}}, 400, "UnknownOperationException", `{"__type":"%s",`, "organizations ListPolicies"},
	"JSON 1.0": {"dynamodb", raw{"POST", "/", "{}", http.Header{
		"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"DynamoDB_20120810.ListTables"},
	}}, 400, "UnknownOperationException", `{"__type":"%s",`, "dynamodb DynamoDB_20120810.ListTables"},
	"query": {"iam", raw{"POST", "/", "Action=ListUsers&Version=2010-05-08", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
	}}, 400, "InvalidAction", "<Code>%s</Code>", "iam ListUsers"},
	"STS": {"sts", raw{"POST", "/", "Action=AssumeRoot&Version=2011-06-15", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"},
	}}, 400, "InvalidAction", "<Code>%s</Code>", "sts AssumeRoot"},
	"EC2": {"ec2", raw{"POST", "/", "Action=DescribeVpcs&Version=2016-11-15", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
	}}, 400, "InvalidAction", "<Response><Errors><Error><Code>%s</Code>", "ec2 DescribeVpcs"},
	"REST-JSON": {"lambda", raw{"GET", "/2015-03-31/functions/", "", nil},
		404, "UnknownOperationException", "x-amzn-errortype:%s", "lambda GET /2015-03-31/functions/"},
	"REST-XML": {"route53", raw{"GET", "/2013-04-01/hostedzone", "", nil},
		404, "UnknownOperationException", "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>", "route53 GET /2013-04-01/hostedzone"},
	"S3": {"s3", raw{"GET", "/bucket/key?x-id=GetObject", "", nil},
		501, "NotImplemented", "<Error><Code>%s</Code>", "s3 GetObject"},
	"S3 bucket of a known name": {"s3", raw{"GET", "/token?list-type=2", "", nil},
		501, "NotImplemented", "<Error><Code>%s</Code>", "s3 GET /token"},
	"CBOR": {"monitoring", raw{"POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", "\xa0", http.Header{
		"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"},
	}}, 400, "UnknownOperationException", "\xa2\x79\x00\x06__type\x79\x00\x19%s", "monitoring ListMetrics"},
	"CreateTokenWithIAM": {"sso-oauth", raw{"POST", "/token?aws_iam=t", "{}", http.Header{"Content-Type": {"application/json"}}},
		400, "UnknownOperationException", "x-amzn-errortype:%s:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/", "sso-oidc CreateTokenWithIAM"},
}

func checkOther(t *testing.T, resp *http.Response, body string, status int, shape, code string) {
	t.Helper()
	if resp.StatusCode != status {
		t.Errorf("got status %d, want %d", resp.StatusCode, status)
	}
	where := "x-amzn-errortype:" + resp.Header.Get("X-Amzn-Errortype") + "\n" + body
	if want := strings.Replace(shape, "%s", code, 1); !strings.Contains(where, want) {
		t.Errorf("got %q, want %q in it", where, want)
	}
	if strings.Contains(strings.ToLower(body), "<html") || strings.Contains(resp.Header.Get("Content-Type"), "html") {
		t.Errorf("got HTML: %q", body)
	}
	if resp.Header.Get("X-Amzn-Requestid") == "" {
		t.Error("got no request id")
	}
}

func TestOtherServices(t *testing.T) {
	c := newCenter(t)
	good := c.credentials(t)
	for name, tt := range others {
		t.Run(name, func(t *testing.T) {
			resp, body := c.sendSigned(t, good, tt.service, tt.call)
			checkOther(t, resp, body, tt.status, tt.shape, tt.code)
			if !strings.Contains(body, tt.names+" is not served: this is a local AWS IAM Identity Center") {
				t.Errorf("got %q, want it to name %s and to say what this is", body, tt.names)
			}
		})
	}
}

func TestOtherServicesJudgeSignatures(t *testing.T) {
	c := newCenter(t)
	good, other := c.credentials(t), c.credentials(t)
	type answer struct {
		status int
		code   string
	}
	families := map[string]map[string]answer{
		"json": {
			"unsigned": {400, "MissingAuthenticationTokenException"}, "secret": {400, "InvalidSignatureException"},
			"token": {400, "UnrecognizedClientException"}, "unknown": {400, "UnrecognizedClientException"},
			"expired": {400, "ExpiredTokenException"}, "skewed": {400, "InvalidSignatureException"},
		},
		"rest": {
			"unsigned": {403, "MissingAuthenticationTokenException"}, "secret": {403, "InvalidSignatureException"},
			"token": {403, "UnrecognizedClientException"}, "unknown": {403, "UnrecognizedClientException"},
			"expired": {403, "ExpiredTokenException"}, "skewed": {403, "InvalidSignatureException"},
		},
		"query": {
			"unsigned": {403, "MissingAuthenticationToken"}, "secret": {403, "SignatureDoesNotMatch"},
			"token": {403, "InvalidClientTokenId"}, "unknown": {403, "InvalidClientTokenId"},
			"expired": {403, "ExpiredToken"}, "skewed": {403, "SignatureDoesNotMatch"},
		},
		"ec2": {
			"unsigned": {400, "MissingAuthenticationToken"}, "secret": {401, "AuthFailure"},
			"token": {401, "AuthFailure"}, "unknown": {401, "AuthFailure"},
			"expired": {400, "RequestExpired"}, "skewed": {400, "RequestExpired"},
		},
	}
	family := map[string]string{
		"sso-admin": "json", "organizations": "json", "JSON 1.0": "json", "query": "query", "STS": "query", "EC2": "ec2",
		"REST-XML": "rest", "CreateTokenWithIAM": "rest",
	}
	for name, f := range family {
		tt := others[name]
		t.Run(name, func(t *testing.T) {
			check := func(kind string, resp *http.Response, body string) {
				t.Helper()
				want := families[f][kind]
				checkOther(t, resp, body, want.status, tt.shape, want.code)
				if (kind == "unsigned" || kind == "unknown" || kind == "token") && !strings.Contains(body, "local AWS IAM Identity Center") {
					t.Errorf("%s: got %q, want it to say what this is", kind, body)
				}
			}
			if name != "REST-XML" { // unsigned and without a header of ours it is a person's browser
				resp, body := c.send(t, tt.call)
				check("unsigned", resp, body)
			}
			for kind, bad := range broken(good, other) {
				c.advance(bad.ahead)
				resp, body := c.sendSigned(t, bad.creds, tt.service, tt.call)
				c.advance(-bad.ahead)
				check(kind, resp, body)
			}
		})
	}
}

// TestSignedForAnotherService keeps a signature for one service from being used
// at another.
func TestSignedForAnotherService(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	identity := raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	for _, service := range []string{"iam", "organizations", "s3"} {
		resp, body := c.sendSigned(t, creds, service, identity)
		if resp.StatusCode < 400 || strings.Contains(body, dev) {
			t.Errorf("signed for %s: got %d %s, want a refusal", service, resp.StatusCode, body)
		}
	}
	resp, body := c.sendSigned(t, creds, "sts", raw{"GET", "/", "", nil})
	if resp.StatusCode != 400 || !strings.Contains(body, "<Code>MissingAction</Code>") {
		t.Errorf("ListBuckets signed for sts: got %d %s, want MissingAction", resp.StatusCode, body)
	}
}

func TestQueryRequests(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, tt := range []struct {
		name   string
		call   raw
		signed bool
		status int
		code   string
	}{
		{"no version", raw{"POST", "/", "Action=GetCallerIdentity", form}, true, 400, "InvalidAction"},
		{"another version", raw{"POST", "/", "Action=GetCallerIdentity&Version=2016-11-15", form}, true, 400, "InvalidAction"},
		{"action twice", raw{"POST", "/", "Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15", form}, true, 400, "MalformedQueryString"},
		{"malformed", raw{"POST", "/", "Action=GetCallerIdentity&Version=%zz", form}, true, 400, "MalformedQueryString"},
		{"as text", raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", http.Header{"Content-Type": {"text/plain"}}}, true, 400, "MalformedQueryString"},
		{"unsigned", raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form}, false, 403, "MissingAuthenticationToken"},
		{"unsigned GET", raw{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil}, false, 403, "MissingAuthenticationToken"},
		{"never signed", raw{"POST", "/", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", form}, false, 400, "ValidationError"},
		{"unsigned EC2", raw{"POST", "/", "Action=DescribeVpcs&Version=2016-11-15", form}, false, 400, "MissingAuthenticationToken"},
		{"incomplete", raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"AWS4-HMAC-SHA256 Credential=a/20261121/r/sts/aws4_request"},
		}}, false, 400, "IncompleteSignature"},
		{"unsigned S3", raw{"GET", "/", "", nil}, false, 403, "MissingAuthenticationToken"},
		{"S3 incomplete", raw{"GET", "/", "", http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=a/20261121/r/s3/aws4_request"}}}, false, 400, "AuthorizationHeaderMalformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send := c.send
			if tt.signed {
				send = func(t testing.TB, q raw) (*http.Response, string) { return c.sendSigned(t, creds, "sts", q) }
			}
			resp, body := send(t, tt.call)
			if resp.StatusCode != tt.status || !strings.Contains(body, "<Code>"+tt.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, tt.status, tt.code)
			}
		})
	}
	// The action may stand in the query of a POST without a body.
	resp, body := c.sendSigned(t, creds, "sts", raw{"POST", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil})
	if resp.StatusCode != 200 {
		t.Errorf("got %d %s, want the identity", resp.StatusCode, body)
	}
	resp, body = c.sendSigned(t, creds, "sts", raw{"GET", "/?Action=AssumeRoot&Version=2011-06-15", "", http.Header{"Accept": {"application/json"}}})
	if resp.StatusCode != 400 || !strings.HasPrefix(body, `{"Error":{"Code":"InvalidAction",`) {
		t.Errorf("got %d %s, want InvalidAction as JSON", resp.StatusCode, body)
	}
}

// TestAccountGone covers credentials that outlive their account.
func TestAccountGone(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	_, tokens := c.signIn(t, "bob")
	org := organisation()
	org.Accounts = org.Accounts[1:]
	org.Assignments = nil
	if err := c.Directory.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	_, err := c.s3(creds).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantCode(t, err, "AccessDenied")
	wantIdentity(t, c, creds, "bob", "ReadOnly")
	_, err = c.sso().GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{
		AccessToken: tokens.AccessToken, AccountId: aws.String(dev), RoleName: aws.String("ReadOnly"),
	})
	wantCode(t, err, "ForbiddenException")
}
