// Package browse is a browser without a window: it walks the pages of a local
// Identity Center as a person would and decides what they ask. Set as a client's
// browser it lets a sign-in run unattended, by device code (RFC 8628) or by
// authorization code (RFC 6749, loopback callback of RFC 8252).
//
// It fills in the very forms that people see, so a page that nobody could use
// fails here too. Only the password is spared: package control vouches for the
// person. It goes nowhere but to that Identity Center and, in Deliver, to a
// callback on this machine.
//
// It leaves finding the Identity Center, and the right to steer it, to package
// control.
package browse
