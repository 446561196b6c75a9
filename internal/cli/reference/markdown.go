package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/cli"
)

const generated = "<!-- Made from the commands themselves, by: go test ./internal/cli/reference -update -->\n\n"

const operationsPage = "aws-operations.md"

// pages are the reference by file name: a page for each command right under root,
// one for all operations of AWS, and README.md, which leads to them.
func pages(root *cobra.Command) map[string]string {
	all := map[string]string{"README.md": index(root), operationsPage: operations(root)}
	for _, c := range root.Commands() {
		if documented(c) {
			all[c.Name()+".md"] = page(c)
		}
	}
	return all
}

func writePages(dir string, all map[string]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func documented(c *cobra.Command) bool {
	return !c.Hidden && c.Name() != "help" && c.Name() != "completion"
}

func index(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(generated + "# Every command\n\n")
	b.WriteString("What `portico COMMAND --help` says, as pages. Guides are in the [list of all pages](../README.md).\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| | |\n|---|---|\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if documented(c) && c.GroupID == g.ID {
				fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", c.Name(), c.Name(), cell(c.Short))
			}
		}
	}
	fmt.Fprintf(&b, "\nThe operations of AWS are [one list](%s).\n", operationsPage)
	b.WriteString("\n## Global flags\n\nEvery command takes these, before or after its name.\n\n")
	flagTable(&b, root.PersistentFlags())
	b.WriteString(`
## Man pages

The same as man pages, from a checkout of the sources:

` + "```sh" + `
go run ./internal/cli/reference -man DIR
` + "```" + `

writes ` + "`portico.1`, `portico-exec.1`" + ` and so on into DIR. Packages install them into ` + "`share/man/man1`" + `; for one user that is ` + "`~/.local/share/man/man1`" + `. Their date is ` + "`SOURCE_DATE_EPOCH`" + `, where that is set.
`)
	return b.String()
}

// page is that of a command and everything under it.
func page(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString(generated)
	section(&b, c, "#")
	b.WriteString("\nGlobal flags: see [every command](README.md#global-flags).\n")
	return b.String()
}

func section(b *strings.Builder, c *cobra.Command, heading string) {
	fmt.Fprintf(b, "%s %s\n\n%s.\n", heading, c.CommandPath(), prose(c.Short))
	if c.Runnable() && !c.HasSubCommands() {
		fmt.Fprintf(b, "\n```\n%s\n```\n", c.UseLine())
	}
	if c.Long != "" {
		b.WriteString("\n" + paragraphs(c.Long))
	}
	if c.Example != "" && !c.HasSubCommands() {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", unindented(c.Example))
	}
	if c.LocalNonPersistentFlags().HasAvailableFlags() {
		b.WriteString("\n")
		flagTable(b, c.LocalNonPersistentFlags())
	}
	if heading == "#" {
		heading += "#"
	}
	ops := false
	for _, sub := range c.Commands() {
		if cli.IsOperation(sub) {
			ops = true
		} else if documented(sub) {
			b.WriteString("\n")
			section(b, sub, heading)
		}
	}
	if ops {
		fmt.Fprintf(b, "\nAnd every operation of the service: [%s](%s#%s).\n", c.Name(), operationsPage, c.Name())
	}
}

// operations lists those of AWS, by service.
func operations(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(generated + "# Operations of AWS\n\n")
	b.WriteString("Each takes the AWS CLI's flags, with its grammar of values, `--cli-input-json`, `--generate-cli-skeleton`, paging, `--query` and `--output`. `portico SERVICE OPERATION --help` has them.\n")
	for _, c := range root.Commands() {
		var list strings.Builder
		for _, sub := range c.Commands() {
			if cli.IsOperation(sub) {
				fmt.Fprintf(&list, "- `%s`: %s\n", sub.Name(), prose(sub.Short))
			}
		}
		if list.Len() > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.Name(), list.String())
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func flagTable(b *strings.Builder, flags *pflag.FlagSet) {
	b.WriteString("| Flag | |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, cell(usage))
	})
}

// paragraphs is help text as Markdown: what is indented there is quoted as it is.
func paragraphs(text string) string {
	var b strings.Builder
	quoting := false
	fence := func(on bool) {
		if on != quoting {
			b.WriteString("```\n")
			quoting = on
		}
	}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		indented := strings.HasPrefix(l, "  ")
		if l == "" && quoting && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			indented = true
		}
		fence(indented)
		if indented {
			b.WriteString(strings.TrimPrefix(l, "  ") + "\n")
		} else {
			b.WriteString(prose(l) + "\n")
		}
	}
	fence(false)
	return b.String()
}

func unindented(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}

// prose keeps Markdown from reading anything into words.
func prose(text string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "`", "\\`").Replace(text)
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(prose(text), "|", `\|`), "\n", " ")
}
