package cli_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A fault is what happens to one file call of a program. Unlike strace's
// injection it can act when the call returns, write a part for real, and count
// calls by the file they concern, whichever of Go's threads makes them.
type fault struct {
	name  string
	errno syscall.Errno // the call is not made and fails so
	kill  string        // "entry" or "exit": SIGKILL before or after the call
	short bool          // half of what was to be written is
}

var faults = []fault{
	{name: "kill on entry", kill: "entry"},
	{name: "kill on exit", kill: "exit"},
	{name: "EIO", errno: syscall.EIO},
	{name: "ENOSPC", errno: syscall.ENOSPC},
	{name: "EDQUOT", errno: syscall.EDQUOT},
	{name: "EROFS", errno: syscall.EROFS},
	{name: "EACCES", errno: syscall.EACCES},
	{name: "EINTR", errno: syscall.EINTR},
	{name: "short write", short: true},
}

// may tells whether the fault can befall a call.
func (f fault) may(call string) bool {
	return !f.short || call == "write" || call == "pwrite64"
}

// A fileCall is a call that makes, changes, syncs, locks or closes a file, or
// opens one.
type fileCall struct{ name, path string }

func (c fileCall) String() string { return c.name + " " + c.path }

// fileCalls are the calls that are counted, and the argument that holds the
// path, if it is none of a descriptor.
var fileCalls = map[uint64]struct {
	name string
	path int // -1: the first argument is a descriptor
}{
	unix.SYS_OPENAT: {"openat", 1}, unix.SYS_WRITE: {"write", -1}, unix.SYS_PWRITE64: {"pwrite64", -1},
	unix.SYS_FSYNC: {"fsync", -1}, unix.SYS_FDATASYNC: {"fdatasync", -1}, unix.SYS_FTRUNCATE: {"ftruncate", -1},
	unix.SYS_CLOSE: {"close", -1}, unix.SYS_FCHMOD: {"fchmod", -1}, unix.SYS_FCHMODAT: {"fchmodat", 1}, unix.SYS_FCHOWN: {"fchown", -1},
	unix.SYS_RENAMEAT: {"renameat", 1}, unix.SYS_RENAMEAT2: {"renameat2", 1}, unix.SYS_UNLINKAT: {"unlinkat", 1},
	unix.SYS_MKDIRAT: {"mkdirat", 1}, unix.SYS_LINKAT: {"linkat", 1}, unix.SYS_SYMLINKAT: {"symlinkat", 2}, unix.SYS_FLOCK: {"flock", -1},
}

// A traced run is what became of a program under the tracer.
type tracedRun struct {
	calls          []fileCall // below the directory, in order
	hit            fileCall   // what the fault befell
	stdout, stderr string
	code           int // of its exit; -1: killed
}

// A tracer runs a program and counts its file calls below a directory.
type tracer struct {
	t     testing.TB
	below string
	at    int // which call the fault befalls, from 1; 0: none
	fault fault
	// aside is a directory below it, relative, whose calls do not count.
	aside string

	pid     int
	memory  *os.File
	pending map[int]func(*syscall.PtraceRegs) // what is to be done when a thread's call returns
	run     tracedRun
}

// ptraceOptions: system calls are told from signals, threads are followed, what
// the filter picks stops, and the program dies with us.
const ptraceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL

// start runs argv to its end. stdout is passed on line by line as it comes.
func (tr *tracer) start(argv, env []string, line func(string)) (tracedRun, error) {
	// The kernel takes ptrace calls from the thread that started the program alone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tr.pending = map[int]func(*syscall.PtraceRegs){}
	out, outW, err := os.Pipe()
	if err != nil {
		return tr.run, err
	}
	problems, err := os.CreateTemp("", "stderr-")
	if err != nil {
		return tr.run, err
	}
	defer os.Remove(problems.Name())
	defer problems.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return tr.run, err
	}
	defer null.Close()
	p, err := os.StartProcess(argv[0], argv, &os.ProcAttr{Env: env, Dir: tr.below, Files: []*os.File{null, outW, problems},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true}})
	outW.Close()
	if err != nil {
		return tr.run, err
	}
	tr.pid = p.Pid
	read := make(chan string)
	go func() { read <- lines(out, line) }()
	hung := time.AfterFunc(time.Minute, func() { syscall.Kill(tr.pid, syscall.SIGKILL) })
	err = tr.follow()
	if !hung.Stop() && err == nil {
		err = fmt.Errorf("the program hung")
	}
	if err != nil {
		syscall.Kill(tr.pid, syscall.SIGKILL)
	}
	tr.run.stdout = <-read
	_ = p.Release()
	text, readErr := os.ReadFile(problems.Name())
	if err == nil {
		err = readErr
	}
	tr.run.stderr = string(text)
	return tr.run, err
}

func lines(out *os.File, line func(string)) string {
	defer out.Close()
	var all, rest []byte
	buf := make([]byte, 4096)
	for {
		n, err := out.Read(buf)
		all, rest = append(all, buf[:n]...), append(rest, buf[:n]...)
		for {
			text, more, ok := bytes.Cut(rest, []byte("\n"))
			if !ok {
				break
			}
			line(string(text))
			rest = more
		}
		if err != nil {
			return string(all)
		}
	}
}

// follow resumes the program at each of its stops until it has ended.
func (tr *tracer) follow() error {
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(tr.pid, &ws, unix.WALL, nil); err != nil {
		return err
	}
	if err := syscall.PtraceSetOptions(tr.pid, ptraceOptions); err != nil {
		return err
	}
	var err error
	if tr.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", tr.pid)); err != nil {
		return err
	}
	defer tr.memory.Close()
	if err := tr.filter(); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if err := tr.resume(tr.pid, 0); err != nil {
		return err
	}
	for {
		tid, err := syscall.Wait4(-tr.pid, &ws, unix.WALL, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("wait: %w", err)
		case ws.Exited() || ws.Signaled():
			if tid == tr.pid {
				tr.run.code = ws.ExitStatus() // -1 where a signal ended it
				return nil
			}
			continue
		}
		signal := 0
		switch s := ws.StopSignal(); {
		case s == syscall.SIGTRAP|0x80, s == syscall.SIGTRAP && ws.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
			if err := tr.systemCall(tid); err != nil && err != syscall.ESRCH {
				return err
			}
		case s == syscall.SIGTRAP, s == syscall.SIGSTOP: // a thread began
		default:
			signal = int(s)
		}
		if err := tr.resume(tid, signal); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("resume: %w", err)
		}
	}
}

// resume lets a thread go on to its next stop.
func (tr *tracer) resume(tid, signal int) error {
	if tr.pending[tid] != nil {
		return syscall.PtraceSyscall(tid, signal)
	}
	return syscall.PtraceCont(tid, signal)
}

// filter makes the program, which was not begun yet, install a seccomp filter that
// stops it at file calls alone. Most of what a Go program asks of the kernel is
// about memory, threads and signals, and a stop costs more than such a call.
func (tr *tracer) filter() error {
	jump := func(k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	n := uint8(len(fileCalls))
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 4}, // seccomp_data.arch
		jump(unix.AUDIT_ARCH_X86_64, 0, n+1),
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
	}
	for nr := range fileCalls {
		n--
		program = append(program, jump(uint32(nr), n+1, 0))
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_TRACE})

	var begin syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tr.pid, &begin); err != nil {
		return err
	}
	// Its first instructions make way for a system call, and it has no stack yet.
	code := make([]byte, 8)
	if _, err := syscall.PtracePeekText(tr.pid, uintptr(begin.Rip), code); err != nil {
		return err
	}
	if _, err := syscall.PtracePokeText(tr.pid, uintptr(begin.Rip), []byte{0x0f, 0x05, 0xcc, 0, 0, 0, 0, 0}); err != nil { // syscall; int3
		return err
	}
	at := (begin.Rsp - 4096) &^ 15
	data := binary.NativeEndian.AppendUint64(nil, uint64(len(program)))
	data = binary.NativeEndian.AppendUint64(data, at+16)
	for _, i := range program {
		data = binary.NativeEndian.AppendUint16(data, i.Code)
		data = binary.NativeEndian.AppendUint32(append(data, i.Jt, i.Jf), i.K)
	}
	if _, err := syscall.PtracePokeData(tr.pid, uintptr(at), data); err != nil {
		return err
	}
	for _, call := range [][4]uint64{
		{unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1},
		{unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, at},
	} {
		regs := begin
		regs.Rax, regs.Orig_rax, regs.Rdi, regs.Rsi, regs.Rdx, regs.R10, regs.R8 = call[0], ^uint64(0), call[1], call[2], call[3], 0, 0
		if err := syscall.PtraceSetRegs(tr.pid, &regs); err != nil {
			return err
		}
		if err := syscall.PtraceCont(tr.pid, 0); err != nil {
			return err
		}
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(tr.pid, &ws, unix.WALL, nil); err != nil {
			return err
		}
		if err := syscall.PtraceGetRegs(tr.pid, &regs); err != nil {
			return err
		}
		if ws.StopSignal() != syscall.SIGTRAP || regs.Rax != 0 {
			return syscall.Errno(-regs.Rax)
		}
	}
	if _, err := syscall.PtracePokeText(tr.pid, uintptr(begin.Rip), code); err != nil {
		return err
	}
	return syscall.PtraceSetRegs(tr.pid, &begin)
}

// callInfo is the kernel's struct ptrace_syscall_info.
type callInfo struct {
	op   uint8 // 1: about to be made; 2: returns; 3: about to be made, the filter says
	_    [3]uint8
	_    uint32
	_, _ uint64
	nr   uint64
	args [6]uint64
	_    [4]uint64
}

func (tr *tracer) systemCall(tid int) error {
	var info callInfo
	if _, _, e := syscall.Syscall6(syscall.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); e != 0 {
		return e
	}
	if info.op == 2 {
		if finish := tr.pending[tid]; finish != nil {
			delete(tr.pending, tid)
			return tr.change(tid, finish)
		}
		return nil
	}
	kind, counted := fileCalls[info.nr]
	if !counted {
		return nil
	}
	path := ""
	if kind.path < 0 {
		path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tr.pid, int32(info.args[0])))
	} else {
		path = tr.text(info.args[kind.path])
	}
	rel, err := filepath.Rel(tr.below, path)
	if err != nil || strings.HasPrefix(rel, "..") || (tr.aside != "" && strings.HasPrefix(rel, tr.aside)) {
		return nil
	}
	call := fileCall{kind.name, rel}
	tr.run.calls = append(tr.run.calls, call)
	if len(tr.run.calls) != tr.at || !tr.fault.may(call.name) {
		return nil
	}
	tr.run.hit = call
	switch f := tr.fault; {
	case f.kill == "entry":
		return syscall.Kill(tr.pid, syscall.SIGKILL)
	case f.kill == "exit":
		tr.pending[tid] = func(*syscall.PtraceRegs) { syscall.Kill(tr.pid, syscall.SIGKILL) }
	case f.short:
		return tr.change(tid, func(r *syscall.PtraceRegs) { r.Rdx = (r.Rdx + 1) / 2 })
	default:
		tr.pending[tid] = func(r *syscall.PtraceRegs) { r.Rax = uint64(-int64(f.errno)) }
		if call.name == "close" {
			return nil // an error or not, the descriptor is closed
		}
		return tr.change(tid, func(r *syscall.PtraceRegs) { r.Orig_rax = ^uint64(0) })
	}
	return nil
}

func (tr *tracer) change(tid int, change func(*syscall.PtraceRegs)) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	before := regs
	change(&regs)
	if regs == before {
		return nil
	}
	return syscall.PtraceSetRegs(tid, &regs)
}

// text reads a string of the program.
func (tr *tracer) text(address uint64) string {
	buf := make([]byte, 4096)
	n, _ := tr.memory.ReadAt(buf, int64(address))
	text, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(text)
}

// The tracer sees what a program does and changes it: otherwise what survives
// its faults proves nothing.
func TestTracer(t *testing.T) {
	traceable(t)
	for _, c := range []struct {
		fault   fault
		code    int
		content string // of the file
		calls   int
	}{
		{fault{}, 0, "0123456789", 3},
		{fault{kill: "entry"}, -1, "", 3},
		{fault{kill: "exit"}, -1, "0123456789", 3},
		{fault{errno: syscall.ENOSPC}, 1, "", 3},
		{fault{short: true}, 0, "0123456789", 4}, // it writes the rest, too
	} {
		dir := t.TempDir()
		tr := &tracer{t: t, below: dir, at: 3, fault: c.fault}
		if c.fault == (fault{}) {
			tr.at = 0
		}
		// The shell opens the file, closes one of two descriptors, and writes.
		run, err := tr.start([]string{"/bin/sh", "-c", "exec 5>" + filepath.Join(dir, "a.txt") + "; printf 0123456789 >&5 || exit 1"}, nil, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, "a.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if run.code != c.code || string(content) != c.content || len(run.calls) != c.calls {
			t.Errorf("%+v: got code %d, %q and the calls %s, want %d, %q and %d", c.fault, run.code, content, run.calls, c.code, c.content, c.calls)
		}
	}
}

// traceable skips a test by name where programs cannot be traced.
func traceable(t *testing.T) {
	t.Helper()
	tr := &tracer{t: t, below: t.TempDir()}
	if _, err := tr.start([]string{"/bin/true"}, nil, func(string) {}); err != nil {
		t.Log(err)
		absent(t, "ptrace")
	}
}
