// Package conformance holds every implementation of grant.Store to the contract
// that is written on the interface. A backend calls Run from its own tests.
package conformance
