//go:build !linux

package cli_test

func loopbackUp() { panic("only Linux has networks to bring up") }
