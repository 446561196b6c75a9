package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/cli"
)

// writeManual writes a man page for each command: portico.1, portico-exec.1 and so
// on. AWS's operations have none: their help tells what AWS says of them. Its date
// is that of SOURCE_DATE_EPOCH, for builds that can be repeated.
func writeManual(dir string, root *cobra.Command) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	prepare(root)
	return doc.GenManTree(root, &doc.GenManHeader{Title: "PORTICO", Section: "1", Source: "portico", Manual: "portico"}, dir)
}

// prepare leaves out AWS's operations. What is to be said of the others is read as
// Markdown, in which their help is not written.
func prepare(c *cobra.Command) {
	c.DisableAutoGenTag = true
	c.Use, c.Short, c.Long = prose(c.Use), prose(c.Short), paragraphs(c.Long)
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[prepared] == nil { // global flags are those of every command
			f.Usage = prose(f.Usage)
			f.Annotations = map[string][]string{prepared: {}}
		}
	})
	for _, sub := range c.Commands() {
		sub.Hidden = sub.Hidden || cli.IsOperation(sub)
		prepare(sub)
	}
}

// prepared marks a flag whose text is Markdown by now.
const prepared = "markdown"
