// Package control steers a running local Identity Center: it says who is there,
// signs a person in without a password, and decides a device sign-in. It is how
// the local commands and tests do what otherwise takes a person and a browser.
//
// An Identity Center is found by its [Record], a file that only its user can
// read and that exists while it runs. The record holds the control key. Requests
// go to the Identity Center's own address, under a path of their own:
//
//	GET  /.portico/v1/proof?nonce=N   {"proof"}    HMAC-SHA256 of the nonce; no key needed
//	GET  /.portico/v1/info            {"id", "address", "start_url", "region", "users"}
//	POST /.portico/v1/sign-in         {"user"} → {"cookie_name", "cookie_value"}
//	POST /.portico/v1/decide-device   {"user", "user_code", "allow"} → {}
//
// All but the first carry Authorization: Bearer <control key> (RFC 6750). A
// web page cannot send that header across origins without asking, nothing here
// answers such a question, and requests that come from a page are refused
// whatever they carry. Another user cannot read the key.
//
// A record may be left behind when its Identity Center is killed, and its port
// may then belong to anybody. So whoever answers there is first asked to prove
// that it knows the key, and only then sent it.
//
// It leaves the Host allow-list, and switching all this off where the listener
// is open to other machines, to package idc; walking the pages to package browse.
package control
