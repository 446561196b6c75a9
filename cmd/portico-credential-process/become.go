package main

import (
	"errors"
	"os"
	"path/filepath"
)

// becomePortico has portico do it all. It returns only if that cannot be.
func becomePortico() error {
	path, err := findPortico()
	if err != nil {
		return err
	}
	argv := append([]string{"portico", "credential-process"}, os.Args[1:]...)
	return become(path, argv)
}

// findPortico looks beside this program and then on PATH, as portico looks for
// programs: never in the current directory. A portico that is a link to this very
// program is none.
func findPortico() (string, error) {
	self, err := os.Executable()
	var me os.FileInfo
	var dirs []string
	if err == nil {
		me, _ = os.Stat(self)
		dirs = append(dirs, filepath.Dir(self))
	}
	for _, dir := range append(dirs, filepath.SplitList(os.Getenv("PATH"))...) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, portico)
		info, err := os.Stat(path)
		if err == nil && runnable(info) && !(me != nil && os.SameFile(me, info)) {
			return path, nil
		}
	}
	return "", errors.New("there is no portico beside this program or on PATH, and only it can get these credentials\n" +
		"Install portico, or put its directory on PATH: go install github.com/portico-sso/portico/cmd/portico@latest")
}
