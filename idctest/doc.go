// Package idctest gives a Go test an AWS IAM Identity Center of its own: people,
// accounts and permission sets, the sign-in and access portal APIs, the pages a
// browser sees, and an STS and an S3 that verify the credentials it hands out.
// It runs inside the test process, needs no network and no AWS account, and
// ends with the test. Nothing in it is mocked: it is what "portico local start"
// runs, so whatever speaks to AWS can be tested against it.
//
// The shortest test signs alice of the built-in organisation in by device code
// and asks for her accounts:
//
//	func TestAccounts(t *testing.T) {
//		ic := idctest.New(t)
//		oidc := ssooidc.NewFromConfig(ic.AWSConfig())
//
//		client, err := oidc.RegisterClient(t.Context(), …)
//		device, err := oidc.StartDeviceAuthorization(t.Context(), …)
//
//		// What alice does in her browser.
//		err = ic.Approve(t.Context(), "alice", *device.VerificationUriComplete)
//
//		token, err := oidc.CreateToken(t.Context(), …)
//		accounts, err := sso.NewFromConfig(ic.AWSConfig()).ListAccounts(t.Context(), …)
//	}
//
// The examples below are whole.
//
// # Pointing a program at it
//
// Go code with the AWS SDK takes [IdentityCenter.AWSConfig], or sets its own
// HTTP client to [IdentityCenter.HTTPClient] and its endpoint to
// [IdentityCenter.URL]. A program of its own, in any language, needs a real
// listener ([Listen]) and the environment of [IdentityCenter.Env].
//
// The start URL to configure is [IdentityCenter.StartURL]. Nobody resolves it;
// it only has to be the one of the organisation.
//
// # Signing in
//
// A program under test shows a person an address: of a device code, or of
// /authorize with a callback of its own. [IdentityCenter.Approve] does what that
// person would: open the address, be signed in, read what is asked, allow it,
// and for a callback follow the browser there. [IdentityCenter.Deny] says no. Both
// walk the real pages, forms and all; only the password is spared.
//
// # Time
//
// Unless told to listen, it talks over pipes in memory, which is what a
// [testing/synctest] bubble needs: hours of polling, expiry and refresh pass in
// milliseconds. Make it inside the bubble and with the bubble's own T:
//
//	synctest.Test(t, func(t *testing.T) {
//		ic := idctest.New(t)
//		…
//		time.Sleep(time.Hour) // the access token expires
//	})
//
// In a bubble the callback of an authorization code does not work, because it
// is a real socket, for which a bubble's clock does not wait: use a device code
// there, or leave the bubble and use [Listen] with a [Clock] of the test's own and
// short lifetimes ([Policy]).
//
// # An organisation of one's own
//
// [Seed] takes the organisation as YAML, [Organisation] from a file. Ids, ARNs and
// role names derive from names, so a test may state them literally. Without
// either there are alice (password correct-horse), who administers the accounts
// dev (111111111111), prod (222222222222) and management (999999999999), and bob
// (battery-staple), who may read the first two:
//
//	users:
//	  - {name: carol, groups: [ops]}
//	accounts:
//	  - {id: "333333333333", name: sandbox, buckets: [{name: sandbox-logs}]}
//	permission_sets:
//	  - {name: Operator, session_duration: PT2H}
//	assignments:
//	  - {group: ops, permission_set: Operator, accounts: ["*"]}
//
// # What it is not
//
// It is no AWS. Its credentials open what it serves, GetCallerIdentity and
// ListBuckets, and any other call gets an error that says so in the caller's
// protocol. One Identity Center takes some tens of milliseconds to make; tests that
// share one ([Start] in TestMain) share its people's sessions too.
package idctest
