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
// is ever taken away. Any access token of a live session can end it, its own
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
package grant
