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
// Go code with the AWS SDK takes [IdentityCenter.AWSConfig]; where it makes its
// configuration by config.LoadDefaultConfig, it takes
// [IdentityCenter.LoadOptions]. Any other sets its HTTP client to
// [IdentityCenter.HTTPClient] and its endpoint to [IdentityCenter.URL]. A program of its own, in any language, needs a real
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
// Where nobody is at a browser, [IdentityCenter.Decide] or the option [Decisions]
// answer sign-ins by themselves, at once or after some time, or never:
//
//	ic := idctest.New(t, idctest.Decisions(
//		idctest.Decision{User: "alice", Answer: idctest.Allow, After: 3 * time.Second}))
//
// A person with mfa: email needs a code when they sign in with their password;
// [IdentityCenter.Mail] holds it.
//
// # When things go wrong
//
// [IdentityCenter.Inject] and the option [Faults] make calls fail, slow down or
// lose their answer, on cue and in the caller's own protocol:
//
//	busy, err := ic.Inject(ctx, idctest.Fault{Op: "ListAccounts", Error: "TooManyRequestsException", Count: 2})
//	…
//	busy.Acted() // 2
//
// [IdentityCenter.Revoke] ends a person's sign-ins, [IdentityCenter.DisableUser]
// shuts them out, [IdentityCenter.Unassign] takes a role away, while a program
// relies on them.
//
// # What happened
//
// [IdentityCenter.Events] returns every call and every sign-in as CloudTrail would
// tell it, so that a test can say what a program did and in which order, and wait
// for what it will do. What the methods here change is among them, with the
// source portico.amazonaws.com.
//
// # Time
//
// [IdentityCenter.Advance] makes everything issued so far older: an hour, and
// every access token has expired. [IdentityCenter.Skew] lets the clock be wrong.
//
// Time itself passes in a [testing/synctest] bubble: hours of polling, expiry and
// refresh take milliseconds there. Unless told to listen, the Identity Center
// talks over pipes in memory, which is what a bubble needs. Make it inside the
// bubble and with the bubble's own T:
//
//	func TestGivesUp(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			ic := idctest.New(t)
//			program := …
//			began := time.Now()
//			err := program.SignIn(t.Context()) // nobody answers
//			if took := time.Since(began); took < 10*time.Minute {
//				t.Errorf("gave up after %s: %v", took, err)
//			}
//		})
//	}
//
// In a bubble the callback of an authorization code does not work, because it
// is a real socket, for which a bubble's clock does not wait: use a device code
// there, or leave the bubble and use [Listen] with Advance, a [Clock] of the test's
// own, or short lifetimes ([Policy]).
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
// It is no AWS. Its credentials open what it serves: GetCallerIdentity,
// ListBuckets, and for administrators in the management account what reads the
// organisation, and assigns permission sets, by sso-admin, identitystore and AWS
// Organizations. Any other call
// gets an error that says so in the caller's protocol. One Identity Center takes some tens of milliseconds to make; tests that
// share one ([Start] in TestMain) share its people's sessions too.
package idctest
