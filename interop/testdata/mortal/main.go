// Command mortal is portico, and kills itself at a step of its work. See package
// interop.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/portico-sso/portico/internal/cli"
)

// The environment says what becomes of a process.
const (
	trace = "MORTAL_TRACE" // a file to which each step is added that it comes to
	steps = "MORTAL_STEPS" // a directory with files called as steps: who removes one dies there
)

func main() {
	a := cli.System()
	a.Step = (&life{seen: map[string]int{}}).step
	os.Exit(cli.Main(a, os.Args[1:]))
}

type life struct {
	mu   sync.Mutex
	seen map[string]int
}

// step knows a step by its name and how often the process has come to it.
func (l *life) step(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[name]++
	step := fmt.Sprintf("%s, %d", name, l.seen[name])
	if file := os.Getenv(trace); file != "" {
		if err := add(file, step); err != nil {
			panic(err)
		}
	}
	if dir := os.Getenv(steps); dir == "" || os.Remove(filepath.Join(dir, step)) != nil {
		return
	}
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until it takes effect
}

func add(file, line string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}
