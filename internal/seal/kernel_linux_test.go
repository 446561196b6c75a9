package seal

import (
	"errors"
	"testing"
	"time"
)

func TestKernelHolds(t *testing.T) {
	t.Parallel()
	const name = "portico:test-of-the-kernel-keyring"
	var k kernel
	if _, err := k.Get(name); errors.Is(err, ErrNoHolder) {
		t.Skip("this kernel, or its container, gives out no keyring")
	} else if !errors.Is(err, ErrNotHeld) {
		t.Fatalf("got %v, want ErrNotHeld", err)
	}
	if err := k.Hold(name, "secret", time.Minute); errors.Is(err, ErrNoHolder) {
		t.Skip("this kernel, or its container, keeps nothing in its keyring")
	} else if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(name); err != nil || got != "secret" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := k.Drop(name); err != nil {
		t.Error(err)
	}
	if _, err := k.Get(name); !errors.Is(err, ErrNotHeld) {
		t.Errorf("after Drop: got %v", err)
	}
}
