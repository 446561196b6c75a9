// Package portal serves the pages that a person's browser sees: sign in, confirm
// a device code, allow or deny a client, and the accounts and roles they reach.
// It is the user's side of GET /authorize (RFC 6749 section 4.1.1) and of the
// verification address of a device code (RFC 8628 section 3.3).
//
// Pages are rendered here and whole without a script; forms and links are all
// there is. One script adds buttons to copy what one click selects anyway, and one
// follows links whose target stands behind a #, as AWS's portal has them. What people change they change by POST, each answered by 303
// (RFC 9110 section 15.4.4), so that reloading a page never repeats it; the
// exception is the form that hands out credentials, which have no address to go
// to. GET changes something where a program sends the browser: /authorize keeps
// the request, /consent binds it to the browser that looks at it first, or hands
// out the answer of a rule, once; /federation, /oauth and /start/console are AWS's
// links into the console and out of it. HEAD and a prefetch take nothing.
//
//	GET  /                    303 /start
//	GET  /authorize           303 /consent?request=…, or a page that says what is wrong
//	GET  /signin?next=        POST username, next: the same for every name, asks for the
//	                          password; POST username, password, next: 303 next with a new
//	                          cookie, or 303 /signin/code where a code by e-mail is to follow
//	GET  /signin/code?next=   POST code, next: 303 next with a new cookie; POST send=again
//	GET  /mail?next=          the messages to who sits at this browser
//	POST /signout             303 /signed-out
//	GET  /signed-out
//	GET  /device?user_code=   POST user_code: 303 /consent?request=…
//	GET  /consent?request=    POST request, decision=allow|deny: 303 to the client's
//	                          callback, or for a device back to GET, which tells the outcome.
//	                          Where a rule answers, GET waits for it and is 303 to the
//	                          callback, or to itself to wait on
//	GET  /start?q=&page=      accounts and roles; ?account= is one account
//	GET  /start/role?account=&role=   how to use a role; POST account, role: credentials for it
//	GET  /start/console?account_id=&role_name=&destination=   303 /console with a new
//	                          cookie; AWS writes it /start/#/console?…
//	GET  /federation?Action=getSigninToken&Session=&SessionDuration=   {"SigninToken": …}
//	                          for a role's credentials; the same as POST. ?Action=login:
//	                          303 /console with a new cookie
//	GET  /oauth?Action=logout&redirect_uri=   out of the console, and 303 on
//	GET  /console?destination=   what stands in for AWS's console
//	POST /console/signout     303 /console
//	GET  /assets/…            style sheet, icon and script, named by their content
//
// A page that programs read says what it is in main's data-state: unanswered when
// a rule leaves a sign-in so, waiting when a rule has yet to answer, console when a
// console session is open.
//
// What happens is told to package events as CloudTrail tells it, with events of
// our own where it has none: Authorize, ConfirmUserCode, AuthorizeClient, SignOut,
// ConsoleLogout.
//
// It leaves every rule about sessions, requests and decisions to package grant,
// people, passwords, codes and assignments to package directory, and the list of
// hosts that may be asked for to whoever mounts it.
package portal
