//go:build race

package creds_test

// The race detector makes each of them several times as long, and has found what it
// finds after a few.
const schedules = 150
