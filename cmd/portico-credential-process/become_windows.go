package main

import (
	"os"
	"os/signal"
)

const portico = "portico.exe"

func runnable(info os.FileInfo) bool { return info.Mode().IsRegular() }

// become starts portico on the same streams and ends as it ends: there is no exec
// here. Ctrl-C reaches portico through the console, and is its to obey.
func become(path string, argv []string) error {
	signal.Ignore(os.Interrupt)
	p, err := os.StartProcess(path, argv, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err != nil {
		return err
	}
	os.Exit(state.ExitCode())
	return nil
}
