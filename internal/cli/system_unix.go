//go:build unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// exitCode follows the shells: 128 and the number of the signal that killed it.
func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// detached makes a process that outlives this one and its terminal.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// leadsJob tells whether this process was started by an interactive shell, or
// became what that started: such a shell gives each command a process group of
// its own, and a script's commands are in the script's.
func leadsJob() bool { return syscall.Getpgrp() == os.Getpid() }

func addressInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
