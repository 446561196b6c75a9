package serve

import "golang.org/x/sys/unix"

// KeepMemory keeps other processes of the user from reading this one's memory, in
// a debugger or as a core dump. The superuser still can.
func KeepMemory() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
