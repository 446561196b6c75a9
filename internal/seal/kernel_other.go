//go:build !linux

package seal

import "time"

// kernel stands for what this system lacks. It has a keyring of its own, which is
// the better place for a key.
type kernel struct{}

func (kernel) Get(string) (string, error)               { return "", ErrNoHolder }
func (kernel) Hold(string, string, time.Duration) error { return ErrNoHolder }
func (kernel) Drop(string) error                        { return ErrNoHolder }
