//go:build unix

package cli

import (
	"os"
	"syscall"
)

// apart makes a process the leader of a session of its own. Its children are
// signalled with it, and it has no terminal: what would ask a question there fails,
// where it would stop for ever beside others.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// signalAll signals the process and those it started.
func signalAll(p *os.Process, s os.Signal) { _ = syscall.Kill(-p.Pid, s.(syscall.Signal)) }

// killAll ends them at once.
func killAll(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
