// Command reference writes the reference of portico's commands, from the commands
// themselves: the Markdown pages of docs/reference, and man pages for those who
// package portico. A test of it holds docs/reference to what the commands say.
//
//	go run ./internal/cli/reference -man DIR
//	go test ./internal/cli/reference -update
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/portico-sso/portico/internal/cli"
)

func main() {
	man := flag.String("man", "", "write man pages (section 1) into this directory")
	markdown := flag.String("markdown", "", "write Markdown pages into this directory")
	flag.Parse()
	if *man == "" && *markdown == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*man, *markdown); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(man, markdown string) error {
	if markdown != "" {
		if err := writePages(markdown, pages(cli.Commands())); err != nil {
			return err
		}
	}
	if man != "" {
		return writeManual(man, cli.Commands())
	}
	return nil
}
