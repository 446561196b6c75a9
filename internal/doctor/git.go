package doctor

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// repositories are the git work trees that hold one of the paths, with those that
// no rule ignores.
func (p Place) repositories(paths []string) []Repository {
	var all []Repository
	for _, name := range paths {
		real, err := filepath.EvalSymlinks(name)
		if err != nil {
			continue
		}
		root := workTree(real)
		if root == "" {
			continue
		}
		at := slices.IndexFunc(all, func(r Repository) bool { return r.Root == root })
		if at < 0 {
			all = append(all, Repository{Root: root, Shown: p.shown(root)})
			at = len(all) - 1
		}
		rest, err := filepath.Rel(root, real)
		if err != nil {
			continue
		}
		files := []string{filepath.ToSlash(rest)}
		if entries, err := os.ReadDir(real); err == nil {
			files = nil
			for _, e := range entries {
				files = append(files, path.Join(filepath.ToSlash(rest), e.Name()))
			}
		}
		if slices.ContainsFunc(files, func(name string) bool { return !p.ignored(root, name) }) {
			all[at].Exposed = append(all[at].Exposed, filepath.ToSlash(rest))
		}
	}
	return all
}

// workTree is the root of the work tree a path is in, or "".
func workTree(name string) string {
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// ignored tells whether a path in a work tree, with slashes, matches a rule to
// ignore it, by git's reading of .gitignore files: the last one that matches
// counts, and nothing below an ignored directory comes back.
func (p Place) ignored(root, name string) bool {
	common := []string{p.personalRules(root), filepath.Join(root, ".git", "info", "exclude")}
	parts := strings.Split(name, "/")
	for i := range parts {
		part := strings.Join(parts[:i+1], "/")
		verdict := false
		for _, file := range common {
			verdict = judge(file, "", part, verdict)
		}
		for j := 0; j <= i; j++ {
			base := strings.Join(parts[:j], "/")
			verdict = judge(filepath.Join(root, filepath.FromSlash(base), ".gitignore"), base, part, verdict)
		}
		if verdict {
			return true
		}
	}
	return false
}

// personalRules is the file of rules for all work trees of a person: the one that
// core.excludesFile names, or git's own.
func (p Place) personalRules(root string) string {
	settings, ok := p.Lookup("XDG_CONFIG_HOME")
	if !ok || settings == "" {
		settings = filepath.Join(p.Home, ".config")
	}
	rules := filepath.Join(settings, "git", "ignore")
	for _, file := range []string{filepath.Join(settings, "git", "config"), filepath.Join(p.Home, ".gitconfig"), filepath.Join(root, ".git", "config")} {
		data, err := readFile(file)
		if err != nil {
			continue
		}
		section := ""
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") {
				section = strings.ToLower(line)
			}
			key, value, ok := strings.Cut(line, "=")
			if !ok || section != "[core]" || !strings.EqualFold(strings.TrimSpace(key), "excludesFile") {
				continue
			}
			rules = strings.Trim(strings.TrimSpace(value), `"`)
			if rest, ok := strings.CutPrefix(rules, "~/"); ok {
				rules = filepath.Join(p.Home, filepath.FromSlash(rest))
			}
		}
	}
	return rules
}

// judge applies the rules of one file, which lies in base, to a path.
func judge(file, base, name string, verdict bool) bool {
	data, err := readFile(file)
	if err != nil {
		return verdict
	}
	if base != "" {
		name = strings.TrimPrefix(name, base+"/")
	}
	for rule := range strings.Lines(string(data)) {
		rule = strings.TrimRight(rule, "\r\n \t")
		if rule == "" || rule[0] == '#' {
			continue
		}
		rule, not := strings.CutPrefix(rule, "!")
		rule = strings.TrimSuffix(rule, "/")
		if matches(rule, name) {
			verdict = !not
		}
	}
	return verdict
}

// matches tells whether a rule of a .gitignore file matches a path.
func matches(rule, name string) bool {
	if !strings.Contains(rule, "/") {
		ok, _ := path.Match(rule, path.Base(name))
		return ok
	}
	return matchParts(strings.Split(strings.TrimPrefix(rule, "/"), "/"), strings.Split(name, "/"))
}

func matchParts(rule, name []string) bool {
	switch {
	case len(rule) == 0:
		return len(name) == 0
	case rule[0] == "**":
		for i := range len(name) + 1 {
			if matchParts(rule[1:], name[i:]) {
				return true
			}
		}
		return false
	case len(name) == 0:
		return false
	}
	ok, _ := path.Match(rule[0], name[0])
	return ok && matchParts(rule[1:], name[1:])
}
