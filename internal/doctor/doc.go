// Package doctor finds out why AWS's IAM Identity Center does not work for
// somebody, and what would help.
//
// It owns: a list of checks, each with an id that docs/doctor.md explains; the
// [Facts] they look at; what it takes to cure a [Finding], as changes of files.
// A check asks nobody anything: it judges facts, so a whole machine can be made up
// in a test. [Place.Read] reads the files of a home; what takes a network, a
// keyring or another program the caller gathers.
//
// One file holds one family of checks: config_*.go what the files say, the rest
// what its name says.
package doctor
