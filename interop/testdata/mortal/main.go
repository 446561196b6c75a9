// Command mortal is portico, and kills itself at a step of its work. See package
// interop.
package main

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/cli"
)

// The environment says what becomes of a process.
const (
	trace = "MORTAL_TRACE" // a file to which each step is added that it comes to
	at    = "MORTAL_AT"    // the step at which it dies, as it stands in the trace
	only  = "MORTAL_ONLY"  // a directory with a file for each death that may be; who removes one dies
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
		if f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err == nil {
			fmt.Fprintln(f, step)
			f.Close()
		}
	}
	if os.Getenv(at) == step && chosen() {
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill()
		}
		select {}
	}
}

// chosen is true for as many processes as there are files.
func chosen() bool {
	dir := os.Getenv(only)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "death") && os.Remove(dir+string(os.PathSeparator)+e.Name()) == nil {
			return true
		}
	}
	return false
}
