package seal

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// kernel holds keys in the user keyring of the Linux kernel: in memory that is
// never written to disk, for every process of the user and no other user, until
// the time is up or the machine is off.
type kernel struct{}

const keyType = "user"

// Who possesses a key may do everything; other processes of its user may find and
// read it, which lets sessions share it (keyctl_setperm(3)).
const keyPermissions = 0x3f000000 | 0x000b0000

func (kernel) find(name string) (int, error) {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, name, 0)
	switch {
	case errors.Is(err, unix.ENOKEY), errors.Is(err, unix.EKEYEXPIRED), errors.Is(err, unix.EKEYREVOKED):
		return 0, ErrNotHeld
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EOPNOTSUPP):
		return 0, ErrNoHolder // a container, as a rule
	}
	return id, err
}

func (k kernel) Get(name string) (string, error) {
	id, err := k.find(name)
	if err != nil {
		return "", err
	}
	buffer := make([]byte, 4<<10)
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buffer, 0)
	if err != nil {
		return "", err
	}
	return string(buffer[:min(n, len(buffer))]), nil
}

func (k kernel) Hold(name, secret string, d time.Duration) error {
	id, err := unix.AddKey(keyType, name, []byte(secret), unix.KEY_SPEC_USER_KEYRING)
	if err != nil {
		if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
			return ErrNoHolder
		}
		return err
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, id, int(max(d, time.Second)/time.Second), 0, 0)
	if err == nil {
		err = unix.KeyctlSetperm(id, keyPermissions)
	}
	if err != nil {
		_ = k.Drop(name) // one that never ends is worse than none
	}
	return err
}

func (k kernel) Drop(name string) error {
	id, err := k.find(name)
	if err != nil {
		return err
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	return err
}
