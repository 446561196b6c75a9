package cli

import (
	"errors"
	"os"
	"syscall"
)

func terminate(p *os.Process) error { return p.Kill() }

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

// detached makes a process that outlives this one and its console
// (DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP).
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{CreationFlags: 0x8 | 0x200} }

// leadsJob is not known: Windows has no job control.
func leadsJob() bool { return false }

// addressInUse knows Windows' own number, WSAEADDRINUSE, for which package
// syscall has no name.
func addressInUse(err error) bool { return errors.Is(err, syscall.Errno(10048)) }
