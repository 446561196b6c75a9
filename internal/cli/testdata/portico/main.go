// Command portico is portico for tests, with a keyring in its home.
package main

import (
	"os"

	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/cli/clitest"
)

func main() {
	os.Exit(cli.Main(clitest.WithKeyring(cli.System()), os.Args[1:]))
}
