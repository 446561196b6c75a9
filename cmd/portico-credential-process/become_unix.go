//go:build unix

package main

import (
	"os"
	"syscall"
)

const portico = "portico"

func runnable(info os.FileInfo) bool { return info.Mode().IsRegular() && info.Mode()&0o111 != 0 }

func become(path string, argv []string) error {
	return &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, argv, os.Environ())}
}
