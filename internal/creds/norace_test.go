//go:build !race

package creds_test

const schedules = 10_000
