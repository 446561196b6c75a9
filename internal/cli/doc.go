// Package cli is portico's command line: one file per command, each a struct
// with what its run needs, wired together in root.go. [App] is the outside
// world; errors.go turns errors into words, hints and exit codes, and is the
// only place that does.
package cli
