// Package control steers a running local Identity Center: it says who is there
// and what happened, signs people in without a password, decides their device
// sign-ins, makes calls go wrong, moves the clock, ends sign-ins, and changes who
// may do what. It is how the local commands and tests do what otherwise takes a
// person and a browser, an administrator, or bad luck.
//
// An Identity Center is found by its [Record], a file that only its user can
// read and that exists while it runs. The record holds the control key. Requests
// go to the Identity Center's own address, under a path of their own, [Path]:
// GET for what only reads, POST of a JSON object for what changes something. Each
// change is an event, see package events. docs/control-api.md documents every
// operation for callers in other languages, and a test holds it to the code.
//
// All but proof carry Authorization: Bearer <control key> (RFC 6750). A
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
