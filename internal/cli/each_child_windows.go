package cli

import (
	"os"
	"syscall"
)

// apart is nothing on Windows: all who share a console get its Ctrl-C.
func apart() *syscall.SysProcAttr { return nil }

// signalAll leaves Ctrl-C to the console, which has sent it. There are no other
// signals than the end.
func signalAll(p *os.Process, s os.Signal) {
	if s != os.Interrupt {
		_ = p.Kill()
	}
}

func killAll(p *os.Process) { _ = p.Kill() }
