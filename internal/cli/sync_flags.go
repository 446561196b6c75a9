package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/profiles"
)

// syncFlags are the settings of profiles as the command line has them. What is nil
// is as the sso-session says.
type syncFlags struct {
	template, command, format *string
	match, exclude, regions   []string // nil: not given
	keys                      []profiles.Key
	prune                     profiles.Prune

	given struct {
		template, command, format string
		match, exclude, regions   []string
		set                       []string
		prune, noPrune            bool
	}
}

func newSyncFlags() *syncFlags { return &syncFlags{} }

func (f *syncFlags) add(c *cobra.Command) {
	g := &f.given
	c.Flags().StringVar(&g.template, "template", "", "names of profiles: a Go template over AccountName, AccountID, AccountEmail, RoleName, Region, SSOSession")
	c.Flags().StringVar(&g.command, "command", "", "command that reads a role as JSON from each line and prints the profile's name for it, or SKIP")
	c.Flags().StringArrayVar(&g.match, "match", nil, "only roles that match one of these patterns (repeatable)")
	c.Flags().StringArrayVar(&g.exclude, "exclude", nil, "no roles that match one of these patterns (repeatable)")
	c.Flags().StringArrayVar(&g.regions, "regions", nil, "region of the profiles; of several, a profile for each (repeatable)")
	c.Flags().StringArrayVar(&g.set, "set", nil, "KEY=VALUE or PATTERN:KEY=VALUE: one more key for the profiles, such as output=json (repeatable)")
	choiceFlag(c.Flags(), &g.format, "format", profiles.Formats, "form of the profiles: sso-session, credential-process or both; it is stored in the sso-session")
	c.Flags().BoolVar(&g.prune, "prune", false, "remove profiles of lost roles, also where not everything could be listed")
	c.Flags().BoolVar(&g.noPrune, "no-prune", false, "remove no profile")
}

// syncPairs are flags of which one alone makes sense.
var syncPairs = [][2]string{{"offline", "refresh"}, {"check", "dry-run"}, {"check", "yes"}, {"prune", "no-prune"}, {"template", "command"}}

// read sorts out which were given.
func (f *syncFlags) read(c *cobra.Command, global *globals) error {
	for _, pair := range syncPairs {
		if err := exclusive(c, pair[0], pair[1]); err != nil {
			return err
		}
	}
	f.template, f.command, f.format = given(c, "template"), given(c, "command"), given(c, "format")
	list := func(flag string, items []string) []string {
		if !c.Flags().Changed(flag) {
			return nil
		}
		all := []string{}
		for _, item := range items {
			all = append(all, profiles.SplitList(item)...)
		}
		return all
	}
	f.match, f.exclude, f.regions = list("match", f.given.match), list("exclude", f.given.exclude), list("regions", f.given.regions)
	if f.regions == nil && global.Region != "" {
		f.regions = []string{global.Region}
	}
	f.keys = nil
	for _, text := range f.given.set {
		k, err := keyFlag(text)
		if err != nil {
			return err
		}
		f.keys = append(f.keys, k)
	}
	switch {
	case f.given.prune:
		f.prune = profiles.PruneAlways
	case f.given.noPrune:
		f.prune = profiles.PruneNever
	}
	return nil
}

func keyFlag(text string) (profiles.Key, error) {
	left, value, ok := strings.Cut(text, "=")
	var k profiles.Key
	// A pattern may hold an = of its own: the key is what is before the last :
	// that has a key and an = after it.
	if i := strings.LastIndex(left, ":"); i >= 0 {
		k.Match, left = strings.TrimSpace(left[:i]), left[i+1:]
	}
	k.Name, k.Value = strings.TrimSpace(left), strings.TrimSpace(value)
	if !ok || k.Name == "" {
		return k, &usageError{Problem: fmt.Sprintf("argument --set: %q is neither KEY=VALUE nor PATTERN:KEY=VALUE", text)}
	}
	return k, nil
}

// passing tells whether the flags say anything of profiles that is not stored
// without being asked for.
func (f *syncFlags) passing() bool {
	return f.match != nil || f.exclude != nil || f.template != nil || f.command != nil || f.regions != nil || f.keys != nil
}

// over are the settings with what the flags say in the place of what was stored.
func (f *syncFlags) over(s profiles.Settings) profiles.Settings {
	if f.template != nil {
		s.Template, s.Command = *f.template, ""
	}
	if f.command != nil {
		s.Template, s.Command = "", *f.command
	}
	if f.format != nil {
		s.Format = profiles.Format(*f.format)
	}
	for _, l := range []struct {
		from []string
		to   *[]string
	}{{f.match, &s.Match}, {f.exclude, &s.Exclude}, {f.regions, &s.Regions}} {
		if l.from != nil {
			*l.to = slices.Clone(l.from)
		}
	}
	for _, k := range f.keys {
		s = s.With(k)
	}
	switch f.prune {
	case profiles.PruneNever:
		s.Keep = true
	case profiles.PruneAlways:
		s.Keep = false
	}
	return s
}

// flagOf is the flag that has set a key of the sso-session, or "".
func (f *syncFlags) flagOf(key string) string {
	for flag, is := range map[string]bool{
		profiles.KeyTemplate: f.template != nil, profiles.KeyCommand: f.command != nil, profiles.KeyFormat: f.format != nil,
		profiles.KeyMatch: f.match != nil, profiles.KeyExclude: f.exclude != nil, profiles.KeyRegions: f.regions != nil, profiles.KeyKeys: f.keys != nil,
	} {
		if flag == key && is {
			if key == profiles.KeyKeys {
				return "--set"
			}
			return "--" + strings.TrimPrefix(key, "portico_sync_")
		}
	}
	return ""
}
