// Package grant holds the rules by which a client gets to act for a person:
// registrations, device codes, authorization codes, access and refresh tokens,
// browser sessions and role credentials. It is the core behind the sso-oidc
// operations RegisterClient, StartDeviceAuthorization and CreateToken, behind
// GET /authorize, and behind the token checks of the access portal and STS.
//
// RFC 6749 and 7636 (authorization code with S256), RFC 8628 (device code), RFC
// 8252 (loopback redirects), RFC 9700 (rotation, reuse).
//
// It leaves the wire to package awsapi, the pages to package portal, passwords
// and who may have which role to package directory, and keeping rows to a
// Store. Nothing is held in memory, so any number of Services may share one
// Store. Every rule takes now; nothing here reads a clock.
//
// # A request
//
// Both flows are one machine. A device request is made by
// StartDeviceAuthorization, an authorization request by GET /authorize.
//
//	                    expires
//	            +-----------------------> expired_token
//	            |
//	        +---------+   Decide(allow)   +---------+   Redeem   +----------+
//	------> | pending | ----------------> | allowed | ---------> | redeemed |
//	        +---------+                   +---------+            +----------+
//	            |                             |                       |
//	            | Decide(deny)                | the device code       | again:
//	            v                             | expires:              | invalid_grant, and a
//	        +--------+                        | expired_token;        | right authorization
//	        | denied |                        | the code expires, or  | code revokes the
//	        +--------+                        | the session ends:     v family
//	      access_denied                       v invalid_grant
//
// Each arrow between boxes is one conditional UPDATE that names the box it
// leaves. Before it can be decided a request is bound to one browser session: a
// device request by entering its user code, an authorization request by the
// first look at it. Polls of a pending device request hear
// authorization_pending, and slow_down only from the third poll on and only
// when closer than half the interval.
//
// # A script
//
// A request may come with a script: who answers it, what, and how long after it
// began. It is stored with the request, and taken when somebody asks: by the
// client's next poll in the device flow, by Settle in the authorization code
// flow. So nothing waits in memory, and a restart loses nothing.
//
//	answer   until it is due    when asked from then on      at the code's end
//	allow    pending            allowed, in a new session    expired_token
//	                            of the script's person
//	deny     pending            denied, no session needed    expired_token
//	never    pending            pending                      pending, ten times
//	                                                         as long as is told
//
// The arrow is one conditional UPDATE as well, and the session is inserted with
// it: of many polls one settles. A delay that is longer than the code lives ends
// in expired_token by itself. A request that nobody ever answers stays for ten
// lifetimes while its client is told the usual one, so that what ends the wait is
// the client's own patience. The script of a person who may not act waits as well.
// People cannot decide, nor bind, what a script answers.
//
// # What hangs on what
//
//	session (a sign-in in one browser; absolute end)
//	  └── family (one redeemed request; ends with its session, or revoked)
//	        ├── access tokens
//	        └── refresh tokens, each with at most one successor
//	role credentials: remember the session, outlive it
//
// Ending a session, or revoking a family, marks one row; all below is refused
// from the next call on because every check reads the whole chain. Neither mark
// is ever taken away. A session ends by signing out, or from outside by its id or
// its person. Any access token of a live session can end it, its own
// expiry notwithstanding: clients sign out with the last token they have.
//
// # A refresh token
//
//	        rotate (one conditional UPDATE)
//	R0 ------------------------------------> R1 ----> R2 ...
//	    R1 = HMAC(server key, R0), so is its access token
//
// What a token gets that is presented when it was already rotated:
//
//	                          successor not yet rotated   successor rotated
//	within the grace (60 s)   the same successor again    invalid_grant
//	after the grace           invalid_grant, family       invalid_grant, family
//	                          revoked                     revoked
//
// The first box keeps sessions alive: processes share one cache file, replies
// get lost, and two callers race; all of them get the same bytes, so whichever
// writes the cache last, it holds the living end of the chain. The second box
// must not answer: the chain has moved on, and handing out a token that is
// already spent would let a late writer put it over its own successor, where
// it would be taken for theft an hour later. It must not revoke either: someone
// else holds the living end and did nothing wrong, and the refused caller finds
// that end by reading the cache again. After the grace no honest caller is left
// that could not have seen the successor, so the token is taken for stolen.
//
// The family never forks: a token has one successor for ever, and the successor
// keeps the expiry of its first answer.
//
// # The console
//
// Role credentials give a sign-in token, which opens a console session once and
// within a quarter of an hour. The session has an end of its own: that of the
// credentials, or one that was asked for, which those of a chained role may not.
// No sign-out and no revocation ends it early but its own.
//
// # Names for a record
//
// A family is called by its request's workflow, a UUID that derives one-way from
// the request's id. What is handed out, and every *Error, says which workflow,
// client and person it is about, as far as is known, so that a record of events
// can tie a sign-in together; the caller of the wire hears none of it.
//
// # Time
//
// Age moves every stored time back: what there is gets older while the clock
// stays. Every rule compares a stored time with now, and nothing else holds one,
// so an hour of Age is answered as an hour that passed.
package grant
