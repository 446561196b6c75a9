package seal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// service is what portico's items are filed under in a keyring.
const service = "portico"

// A Keyring is the operating system's: Keychain, Credential Manager or Secret
// Service. Its errors are passed on; [keyring.ErrNotFound] is an item that is
// certain not to be there.
type Keyring interface {
	Get(service, item string) (string, error)
	Set(service, item, secret string) error
	Delete(service, item string) error
}

// A Reason says why a session's key cannot be had.
type Reason int

const (
	Gone            Reason = iota + 1 // there is none, and nobody will find it again
	NoKeyring                         // this machine has no keyring service
	Locked                            // a person did not unlock the keyring
	Denied                            // the keyring refuses
	Silent                            // the keyring did not answer in time
	Interrupted                       // it was no longer waited for
	Failed                            // anything else that the keyring says
	NeedsPassphrase                   // and there is nobody to ask
	WrongPassphrase
)

// A KeyError says that a sealed session's key cannot be had now.
type KeyError struct {
	Session string
	Reason  Reason
	Waited  time.Duration // for Silent
	Cause   error         // in the keyring's words
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("the sealed session %s cannot be opened: %s", e.Session, e.Why())
}

// Why is the cause without its consequence.
func (e *KeyError) Why() string {
	switch e.Reason {
	case Gone:
		return "its key is gone"
	case NoKeyring:
		return "there is no keyring (Secret Service) to hold its key here"
	case Locked:
		return "the keyring is locked"
	case Denied:
		return "the keyring refuses to give its key"
	case Silent:
		return fmt.Sprintf("the keyring did not answer within %s", e.Waited)
	case Interrupted:
		return "the keyring had not answered when this was interrupted"
	case NeedsPassphrase:
		return "its key needs its passphrase, and there is no terminal to ask on"
	case WrongPassphrase:
		return "that is not the passphrase of its key"
	}
	return fmt.Sprintf("the keyring failed: %v", e.Cause)
}

func (e *KeyError) Unwrap() error { return e.Cause }

// How long a keyring may take, and after what time it is told that it is waited
// for. Where a person is there, it may be asking them for a password.
const (
	attendedWait   = 30 * time.Second
	unattendedWait = 5 * time.Second
	tellAfter      = time.Second
)

// ring is a keyring with deadlines.
type ring struct {
	keyring Keyring
	wait    time.Duration
	waiting func(what string)
	ended   <-chan struct{}
}

func (v *Vault) keyring() ring {
	r := ring{keyring: v.Keyring, wait: unattendedWait, waiting: v.Waiting, ended: v.Ended}
	if r.keyring == nil {
		r.keyring = systemKeyring{}
	}
	if v.Attended {
		r.wait = attendedWait
	}
	return r
}

func (r ring) get(item string) (secret string, err error) {
	secret, err = bounded(r, func() (string, error) { return r.keyring.Get(service, item) })
	return strings.TrimSpace(secret), err
}

func (r ring) set(item, secret string) error {
	_, err := bounded(r, func() (string, error) { return "", r.keyring.Set(service, item, secret) })
	return err
}

// delete removes an item; one that is gone already is no error.
func (r ring) delete(item string) error {
	_, err := bounded(r, func() (string, error) { return "", r.keyring.Delete(service, item) })
	if e, ok := errors.AsType[*KeyError](err); ok && e.Reason == Gone {
		return nil
	}
	return err
}

// bounded calls a keyring that knows no deadline. A call that is given up ends
// with the process, which is soon.
func bounded(r ring, call func() (string, error)) (string, error) {
	type answer struct {
		secret string
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		secret, err := call()
		answered <- answer{secret, err}
	}()
	tell, over := time.NewTimer(tellAfter), time.NewTimer(r.wait)
	defer tell.Stop()
	defer over.Stop()
	for {
		select {
		case a := <-answered:
			return a.secret, classify(a.err)
		case <-tell.C:
			if r.waiting != nil {
				r.waiting("the keyring of this system, which may be asking you to unlock it")
			}
		case <-r.ended:
			return "", &KeyError{Reason: Interrupted, Cause: context.Canceled}
		case <-over.C:
			return "", &KeyError{Reason: Silent, Waited: r.wait}
		}
	}
}

// classify finds the reason in what go-keyring passes on: D-Bus errors, the words
// of macOS's security tool, Windows' codes.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, keyring.ErrNotFound) {
		return &KeyError{Reason: Gone, Cause: err}
	}
	reason := Failed
	text := strings.ToLower(err.Error())
	for _, known := range []struct {
		word   string
		reason Reason
	}{
		{"org.freedesktop.secrets was not provided", NoKeyring}, {"serviceunknown", NoKeyring}, {"no such file or directory", NoKeyring},
		{"connection refused", NoKeyring}, {"no session bus", NoKeyring}, {"dbus-launch", NoKeyring}, {"unsupported platform", NoKeyring},
		{"does not exist", NoKeyring}, // no collection to put it in
		{"failed to unlock", Locked}, {"islocked", Locked}, {"locked collection", Locked}, {"is locked", Locked}, {"exit status 36", Locked}, {"interaction is not allowed", Locked},
		{"dismissed", Denied}, {"denied", Denied}, {"not authorized", Denied}, {"exit status 128", Denied}, {"exit status 51", Denied}, {"prompt", Denied},
	} {
		if strings.Contains(text, known.word) {
			reason = known.reason
			break
		}
	}
	return &KeyError{Reason: reason, Cause: err}
}

// systemKeyring is the real one.
type systemKeyring struct{}

func (systemKeyring) Get(service, item string) (string, error) {
	if err := reachable(); err != nil {
		return "", err
	}
	return keyring.Get(service, item)
}

func (systemKeyring) Set(service, item, secret string) error {
	if err := reachable(); err != nil {
		return err
	}
	return keyring.Set(service, item, secret)
}

func (systemKeyring) Delete(service, item string) error {
	if err := reachable(); err != nil {
		return err
	}
	return keyring.Delete(service, item)
}
