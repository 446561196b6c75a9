//go:build !race

package creds_test

const schedules = 1000
