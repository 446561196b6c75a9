package cli

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig/scan"
	"github.com/portico-sso/portico/internal/terminal"
)

// What Tab offers comes from the files alone, and from them without a model of
// them: a shell waits for it at each key.

// complete is how cobra asks for what a flag or an argument can be.
type complete = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// completeProfiles offers the profiles of both files.
func (a *App) completeProfiles(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	profiles, _ := a.scanNames()
	return beginning(profiles, word), cobra.ShellCompDirectiveNoFileComp
}

// completeSessions offers the sso-sessions.
func (a *App) completeSessions(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	_, sessions := a.scanNames()
	return beginning(sessions, word), cobra.ShellCompDirectiveNoFileComp
}

// completeAccounts offers the accounts that were listed last, with their names.
func (a *App) completeAccounts(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// completeRoles offers the roles that were listed last: those of the account of
// --account-id, or all.
func (a *App) completeRoles(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// beginning are the candidates that begin with the word, and that a completion
// script can carry: a line each, without a description.
func beginning(candidates []string, word string) []string {
	return slices.DeleteFunc(candidates, func(c string) bool {
		return !strings.HasPrefix(c, word) || strings.ContainsAny(c, "\t\r\n") || terminal.Clean(c) != c
	})
}

// scanNames are the profiles of both files and the sessions.
func (a *App) scanNames() (profiles, sessions []string) {
	files := a.files()
	profiles, sessions = scanFile(files.Config, func(r io.Reader) ([]string, []string) { return scan.Names(r) })
	more, _ := scanFile(files.Credentials, func(r io.Reader) ([]string, []string) { return scan.CredentialNames(r), nil })
	for _, name := range more {
		if !slices.Contains(profiles, name) {
			profiles = append(profiles, name)
		}
	}
	return profiles, sessions
}

// scanFile has a file read; what cannot be read has no names.
func scanFile(path string, read func(io.Reader) (profiles, sessions []string)) (profiles, sessions []string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	return read(f)
}
