// Package portal serves the pages that a person's browser sees: sign in, confirm
// a device code, allow or deny a client, and the accounts and roles they reach.
// It is the user's side of GET /authorize (RFC 6749 section 4.1.1) and of the
// verification address of a device code (RFC 8628 section 3.3).
//
// Pages are rendered here and whole without a script; forms and links are all
// there is. Changes are made by POST alone, each answered by 303 (RFC 9110
// section 15.4.4), so that reloading a page never repeats one.
//
//	GET  /                    303 /start
//	GET  /authorize           303 /consent?request=…, or a page that says what is wrong
//	GET  /signin?next=        POST username, password, next: 303 next, with a new cookie
//	POST /signout             303 /signed-out
//	GET  /signed-out
//	GET  /device?user_code=   POST user_code: 303 /consent?request=…
//	GET  /consent?request=    POST request, decision=allow|deny: 303 to the client's
//	                          callback, or for a device back to GET, which tells the outcome
//	GET  /start?q=&page=      accounts and roles; ?account= is one account
//	GET  /assets/…            style sheet and icon, named by their content
//
// It leaves every rule about sessions, requests and decisions to package grant,
// people, passwords and assignments to package directory, and the list of hosts
// that may be asked for to whoever mounts it.
package portal
