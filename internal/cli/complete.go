package cli

import (
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/awsconfig/scan"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/terminal"
)

// What Tab offers comes from the files alone, and from them without a model of
// them: a shell waits for it at each key.

// complete is how cobra asks for what a flag or an argument can be.
type complete = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// completers are what flags of a name can be, of whichever command they are.
func (a *App) completers() map[string]complete {
	return map[string]complete{
		"profile": a.completeProfiles, "sso-session": a.completeSessions, "account-id": a.completeAccounts, "role-name": a.completeRoles,
		"region": func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return beginning(append(slices.Clone(ssoRegions), otherRegions...), word), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// otherRegions are those of other partitions than the commercial one.
var otherRegions = []string{"cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-gov-east-1", "us-gov-west-1"}

// completion tells command lines by which shells ask for completions.
func completion(words []string) bool {
	return len(words) > 0 && strings.HasPrefix(words[0], "__complete")
}

// addCompletions says of the flags of all commands what they can be. It costs as much
// as there are commands, so only shells that ask for completions pay for it.
func (a *App) addCompletions(root *cobra.Command) {
	completers := a.completers()
	var add func(c *cobra.Command)
	add = func(c *cobra.Command) {
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { addCompletion(c, f, completers) })
		for _, sub := range c.Commands() {
			add(sub)
		}
	}
	add(root)
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { addCompletion(root, f, completers) })
}

func addCompletion(c *cobra.Command, f *pflag.Flag, completers map[string]complete) {
	offer := completers[f.Name]
	if one, ok := f.Value.(*choice); ok {
		offer = func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return beginning(slices.Clone(one.choices), word), cobra.ShellCompDirectiveNoFileComp
		}
	}
	if _, known := c.GetFlagCompletionFunc(f.Name); offer == nil || known {
		return
	}
	_ = c.RegisterFlagCompletionFunc(f.Name, offer)
}

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
func (a *App) completeAccounts(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	var found []string
	for _, s := range a.offered(cmd, args) {
		for _, account := range s.Accounts {
			about := account.ID
			if account.Name != nil && *account.Name != "" {
				about += "\t" + promptText(*account.Name)
			}
			found = append(found, about)
		}
	}
	return beginning(found, word), cobra.ShellCompDirectiveNoFileComp
}

// completeRoles offers the roles that were listed last: those of the account of
// --account-id, or all.
func (a *App) completeRoles(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	account := flagValue(cmd, args, "account-id")
	seen := map[string]bool{}
	for _, s := range a.offered(cmd, args) {
		for _, role := range s.Roles {
			if account == "" || role.AccountID == account {
				seen[role.Name] = true
			}
		}
	}
	return beginning(slices.Sorted(maps.Keys(seen)), word), cobra.ShellCompDirectiveNoFileComp
}

// offered are the listings of the session of --sso-session, or of all.
func (a *App) offered(cmd *cobra.Command, args []string) []catalog.Snapshot {
	session := flagValue(cmd, args, "sso-session")
	return slices.DeleteFunc(a.savedCatalogs(nil), func(s catalog.Snapshot) bool { return session != "" && s.Session != session })
}

// flagValue is the value of a flag that was typed before, which AWS's operations have
// among their words.
func flagValue(cmd *cobra.Command, args []string, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	if at := slices.Index(args, "--"+name); at >= 0 && at+1 < len(args) {
		return args[at+1]
	}
	return ""
}

// beginning are the candidates that begin with the word. One that a shell would do
// something with is not offered: what is completed is also run, and names of accounts
// and profiles may be anybody's. What follows a tab is said of a candidate.
func beginning(candidates []string, word string) []string {
	return slices.DeleteFunc(candidates, func(c string) bool {
		c, _, _ = strings.Cut(c, "\t")
		return !strings.HasPrefix(c, word) || strings.ContainsAny(c, "\r\n$`\\\"'!;&|<>(){}*?[]#") || strings.HasPrefix(c, "~") || terminal.Clean(c) != c
	})
}

// scanNames are the profiles of both files and the sessions.
func (a *App) scanNames() (profiles, sessions []string) {
	files := a.files()
	profiles, sessions = scanFile(files.Config, func(r io.Reader) ([]string, []string) { return scan.Names(r) })
	more, _ := scanFile(files.Credentials, func(r io.Reader) ([]string, []string) { return scan.CredentialNames(r), nil })
	known := make(map[string]bool, len(profiles))
	for _, name := range profiles {
		known[name] = true
	}
	for _, name := range more {
		if !known[name] {
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
