package doctor

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// relocate makes facts of one directory those of another.
func relocate(f *Facts, from, to string) {
	move := func(paths ...*string) {
		for _, p := range paths {
			*p = strings.Replace(*p, from, to, 1)
		}
	}
	for i := range f.SSOCache {
		move(&f.SSOCache[i].Path)
	}
	for i := range f.RoleCache {
		move(&f.RoleCache[i].Path)
	}
	for i := range f.Files {
		move(&f.Files[i].Path)
	}
	for i := range f.Leases {
		move(&f.Leases[i].Path)
	}
	for i := range f.Repositories {
		move(&f.Repositories[i].Root)
	}
}

// overlay is the machine of a home in which two others, a and b, differ from base
// each in their way. What the config files say is the home's own.
func overlay(h *home, base, a, b *Facts) *Facts {
	p := h.place()
	f := &Facts{Now: now, Program: "portico", Home: h.dir, Lookup: p.Lookup, UID: base.UID}
	read := func(path, shown, name string, credentials bool) *Text {
		text, there := h.files[name]
		there = there && path == filepath.Join(h.dir, filepath.FromSlash(name))
		if !there {
			text = ""
		}
		t := NewText(path, shown, []byte(text), credentials)
		t.Exists = there
		return t
	}
	f.Config = read(p.Files.Config, p.Files.ConfigShown, config, false)
	f.Credentials = read(p.Files.Credentials, p.Files.CredentialsShown, credentials, true)
	f.Merged = awsconfig.NewConfig(f.Config.doc, f.Credentials.doc)
	cache := func(c CacheFile) string { return c.Path }
	f.SSOCache = laid(base.SSOCache, a.SSOCache, b.SSOCache, cache, func(x, y CacheFile) bool {
		return (x.Content == nil) == (y.Content == nil) && x.text("expiresAt") == y.text("expiresAt")
	})
	f.RoleCache = laid(base.RoleCache, a.RoleCache, b.RoleCache, cache, func(x, y CacheFile) bool { return true })
	f.Files = laid(base.Files, a.Files, b.Files, func(x File) string { return x.Path }, func(x, y File) bool { return x == y })
	f.Leases = slices.Concat(a.Leases, b.Leases)
	f.Repositories = slices.Concat(a.Repositories, b.Repositories)
	h.imagine(f)
	return f
}

// laid is a list with what two others have, and base does not.
func laid[T any](base, a, b []T, id func(T) string, same func(x, y T) bool) []T {
	all := slices.Clone(base)
	for _, other := range [][]T{a, b} {
		for _, x := range other {
			at := slices.IndexFunc(all, func(y T) bool { return id(x) == id(y) })
			was := slices.IndexFunc(base, func(y T) bool { return id(x) == id(y) })
			switch {
			case at < 0:
				all = append(all, x)
			case was >= 0 && !same(x, base[was]):
				all[at] = x
			}
		}
	}
	return all
}

// carriedOut is the machine after a plan.
func carriedOut(f *Facts, plan Plan) *Facts {
	next := *f
	for _, c := range plan.Changes {
		for _, t := range []**Text{&next.Config, &next.Credentials} {
			if (*t).Path == c.File {
				*t = NewText(c.File, (*t).Shown, c.After, t == &next.Credentials)
			}
		}
	}
	next.Merged = awsconfig.NewConfig(next.Config.doc, next.Credentials.doc)
	next.SSOCache, next.RoleCache, next.Files = slices.Clone(f.SSOCache), slices.Clone(f.RoleCache), slices.Clone(f.Files)
	next.Leases, next.Repositories = slices.Clone(f.Leases), slices.Clone(f.Repositories)
	for _, a := range plan.Actions {
		gone := func(c CacheFile) bool { return c.Path == a.Path }
		switch a.Kind {
		case Chmod:
			for i := range next.Files {
				if next.Files[i].Path == a.Path {
					next.Files[i].Mode = a.Mode
				}
			}
		case Remove, SetAside:
			next.SSOCache = slices.DeleteFunc(next.SSOCache, gone)
			next.RoleCache = slices.DeleteFunc(next.RoleCache, gone)
			next.Leases = slices.DeleteFunc(next.Leases, func(l Lease) bool { return l.Path == a.Path })
		case Append:
			next.Repositories = slices.DeleteFunc(next.Repositories, func(r Repository) bool { return filepath.Dir(a.Path) == r.Root })
		case CopyFile:
			for _, c := range f.SSOCache {
				if c.Path == a.Path {
					c.Path = a.To
					next.SSOCache = append(next.SSOCache, c)
				}
			}
		}
	}
	return &next
}
