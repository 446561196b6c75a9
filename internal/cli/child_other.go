//go:build !unix

package cli

import (
	"os"
	"syscall"
)

func terminate(p *os.Process) error { return p.Kill() }

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

// detached makes a process that outlives this one and its console
// (DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP).
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{CreationFlags: 0x8 | 0x200} }
