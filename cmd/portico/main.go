// Command portico is AWS IAM Identity Center from the terminal.
package main

import (
	"os"

	"github.com/portico-sso/portico/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.System(), os.Args[1:]))
}
