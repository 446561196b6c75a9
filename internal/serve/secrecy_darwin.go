package serve

import (
	"errors"

	"golang.org/x/sys/unix"
)

// KeepMemory keeps other processes of the user from reading this one's memory, in
// a debugger or as a core dump. The superuser still can. What it starts has no
// core dumps either, unless it raises its limit.
func KeepMemory() error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	if err == nil {
		limit.Cur = 0
		err = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
	return errors.Join(err, unix.PtraceDenyAttach())
}
