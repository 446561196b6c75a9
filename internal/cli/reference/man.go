package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/portico-sso/portico/internal/cli"
)

// writeManual writes a man page for each command: portico.1, portico-exec.1 and so
// on. AWS's operations have none: their help tells what AWS says of them. Its date
// is that of SOURCE_DATE_EPOCH, for builds that can be repeated.
func writeManual(dir string, root *cobra.Command) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	withoutOperations(root)
	return doc.GenManTree(root, &doc.GenManHeader{Title: "PORTICO", Section: "1", Source: "portico", Manual: "portico"}, dir)
}

func withoutOperations(c *cobra.Command) {
	c.DisableAutoGenTag = true
	for _, sub := range c.Commands() {
		sub.Hidden = sub.Hidden || cli.IsOperation(sub)
		withoutOperations(sub)
	}
}
