package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// createExclusive makes a new file. Its access list is that of the file it will
// replace, or one that lets in this user and the system only: Windows knows
// nothing of mode 0600.
func createExclusive(name, like string) (*os.File, error) {
	descriptor, err := accessList(like)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	attributes := &windows.SecurityAttributes{
		Length:             uint32(unsafe.Sizeof(windows.SecurityAttributes{})),
		SecurityDescriptor: descriptor,
	}
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	handle, err := windows.CreateFile(path,
		windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		attributes, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, windows.ERROR_FILE_EXISTS) {
		err = fs.ErrExist
	}
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	return os.NewFile(uintptr(handle), name), nil
}

func accessList(like string) (*windows.SECURITY_DESCRIPTOR, error) {
	if like != "" {
		return windows.GetNamedSecurityInfo(like, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	// Protected from the parent's entries; full access for the system and the user.
	return windows.SecurityDescriptorFromString(fmt.Sprintf("D:P(A;;FA;;;SY)(A;;FA;;;%s)", user.User.Sid))
}

// chmod does nothing: the access list was given at creation, and the only mode
// bit Windows has, read-only, would make the file irreplaceable.
func chmod(*os.File, fs.FileMode) error { return nil }

// rename replaces to. A reader that has the file open without sharing deletion
// (an editor, a virus scanner) makes it fail for a moment. The old file is
// never deleted first: a crash would leave none.
func rename(from, to string) error {
	deadline := time.Now().Add(2 * time.Second)
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := os.Rename(from, to)
		if err == nil || time.Now().After(deadline) ||
			(!errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED)) {
			return err
		}
		time.Sleep(wait)
	}
}

// syncDirectory does nothing: NTFS journals renames, and directories cannot be
// flushed.
func syncDirectory(string) error { return nil }

// checkWritable looks at the read-only attribute. Opening the file would fail
// while somebody else has it open, which rename waits out.
func checkWritable(target string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o200 == 0 {
		return &fs.PathError{Op: "open", Path: target, Err: fs.ErrPermission}
	}
	return nil
}

func hardLinks(target string, _ fs.FileInfo) uint64 {
	f, err := os.Open(target)
	if err != nil {
		return 1
	}
	defer f.Close()
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return 1
	}
	return uint64(info.NumberOfLinks)
}

// keepOwner does nothing: the access list went over at creation.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

func renameCannotWork(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE)
}

func processAlive(pid int) bool {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, windows.ERROR_INVALID_PARAMETER)
	}
	defer windows.CloseHandle(handle)
	var code uint32
	if err := windows.GetExitCodeProcess(handle, &code); err != nil {
		return true
	}
	const stillActive = 259
	return code == stillActive
}

func processNamespace() string { return "" }

// checkDirectory does nothing: a user's profile is closed to others by its
// access list, and files made here carry their own.
func checkDirectory(string) error { return nil }

func checkOwner(string, fs.FileInfo) error { return nil }
