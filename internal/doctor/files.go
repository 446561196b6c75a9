package doctor

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// fileChecks are for who may read what, and for what was left lying about.
func fileChecks() []Check {
	return family("Files",
		Check{ID: "file-owner", Severity: Error, Title: "A file belongs to another user", Why: "It was made under sudo, or copied. Nothing can be refreshed or signed in to.",
			Cure: "`sudo chown -R \"$(id -un)\" ~/.aws`", find: fileOwner},
		Check{ID: "file-permissions", Severity: Warning, Title: "Other users can read a file with secrets, or write to its directory", Why: "Whoever reads a token has every role it opens.",
			Cure: "`chmod 600` the file, `chmod 700` the directory.", Fixes: true, find: filePermissions},
		Check{ID: "file-unreadable", Severity: Error, Title: "Its owner cannot read or write a file", Why: "Tools see an empty config, or cannot keep a sign-in.", Cure: "`chmod u+rw FILE`", Fixes: true, find: fileUnreadable},
		Check{ID: "git-exposed", Severity: Error, Title: "Tokens or keys lie in a git work tree, and no rule ignores them", Why: "One `git add -A` publishes them.",
			Cure: "Add them to .gitignore; if they were committed, sign out and remove them from the history.", Fixes: true, find: gitExposed},
		Check{ID: "lock-held", Severity: Warning, Title: "A process holds a lock and does not end", Why: "Everybody else waits for it before a refresh.", Cure: "End the process, if it is stuck.", find: lockHeld},
		Check{ID: "lease-stale", Severity: Note, Title: "A lock for other computers was left behind", Why: "On a shared home the next one waits until it counts as stale.", Cure: "Delete it.", Fixes: true, find: leaseStale},
	)
}

func fileOwner(f *Facts, report func(Finding)) {
	for _, file := range f.Files {
		if f.UID >= 0 && file.UID >= 0 && file.UID != f.UID && f.UID != 0 {
			report(Finding{What: fmt.Sprintf("%s belongs to user %d and not to you", file.Shown, file.UID), Cure: `sudo chown -R "$(id -un)" ` + word(file.Path), Where: file.Shown})
		}
	}
}

func filePermissions(f *Facts, report func(Finding)) {
	for _, file := range f.Files {
		bad := uint32(0)
		switch {
		case file.Dangling || file.Odd:
		case file.Dir:
			bad = file.Mode & 0o022
		case file.Secret:
			bad = file.Mode & 0o077
		default:
			bad = file.Mode & 0o022
		}
		if bad == 0 {
			continue
		}
		verb := "read"
		if bad&0o022 != 0 {
			verb = "change"
		}
		to := file.Mode &^ bad
		if file.Secret {
			to &^= 0o077
		}
		report(Finding{What: fmt.Sprintf("other users can %s %s (mode %04o)", verb, file.Shown, file.Mode), Cure: fmt.Sprintf("chmod %o %s", to, word(file.Path)), Where: file.Shown,
			Actions: []Action{{Kind: Chmod, Path: file.Path, Mode: to}}})
	}
}

func fileUnreadable(f *Facts, report func(Finding)) {
	for _, file := range f.Files {
		want := uint32(0o600)
		if file.Dir {
			want = 0o700
		}
		if file.Dangling || file.Odd || file.Mode&want == want {
			continue
		}
		to := file.Mode | want
		report(Finding{What: fmt.Sprintf("its owner may not read and write %s (mode %04o)", file.Shown, file.Mode), Cure: fmt.Sprintf("chmod %o %s", to, word(file.Path)), Where: file.Shown,
			Actions: []Action{{Kind: Chmod, Path: file.Path, Mode: to}}})
	}
}

func gitExposed(f *Facts, report func(Finding)) {
	for _, r := range f.Repositories {
		if len(r.Exposed) == 0 {
			continue
		}
		rules := ""
		for _, e := range r.Exposed {
			rules += "/" + e + "\n"
		}
		ignore := filepath.Join(r.Root, ".gitignore")
		report(Finding{What: fmt.Sprintf("%s is a git work tree, and no rule ignores %s", r.Shown, join(r.Exposed)),
			Cure:  fmt.Sprintf("Add %s to %s. If it was committed: git rm --cached, and sign out.", join(slash(r.Exposed)), path.Join(r.Shown, ".gitignore")),
			Where: path.Join(r.Shown, ".gitignore"), Actions: []Action{{Kind: Append, Path: ignore, Text: rules}}})
	}
}

func slash(names []string) []string {
	all := slices.Clone(names)
	for i := range all {
		all[i] = "/" + all[i]
	}
	return all
}

func lockHeld(f *Facts, report func(Finding)) {
	for _, l := range f.BusyLocks {
		who, cure := "another process", "Find and end it, if it is stuck: lsof "+word(l.Path)
		if l.Holder != 0 {
			who, cure = fmt.Sprintf("process %d", l.Holder), fmt.Sprintf("End it, if it is stuck: kill %d", l.Holder)
		}
		report(Finding{What: fmt.Sprintf("%s holds the lock %s", who, filepath.Base(l.Path)), Cure: cure, Where: l.Path})
	}
}

// stale is how long after its last sign of life a lease is nobody's, whatever the
// clocks of the computers.
const stale = 15 * time.Minute

func leaseStale(f *Facts, report func(Finding)) {
	for _, l := range f.Leases {
		if age := f.Now.Sub(l.Last); age > stale {
			report(Finding{What: fmt.Sprintf("the lease %s of %s gave its last sign of life %s ago", l.Shown, l.Host, round(age)), Cure: "rm -r " + word(l.Path), Where: l.Shown, Actions: []Action{{Kind: Remove, Path: l.Path}}})
		}
	}
}
