package profiles

import (
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// form is how a profile says which role it is.
type form struct {
	process  bool
	both     bool
	startURL string
	region   string
}

func formOf(in Input) form {
	return form{
		process: in.Settings.Format == Process || in.Session.Sealed(), both: in.Settings.Format == Both,
		startURL: in.Session.StartURL, region: in.Session.Region,
	}
}

// formKeys are all keys of all forms but for the credential_process.
var formKeys = []string{
	"sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region",
	awsconfig.KeySealedSession, awsconfig.KeySealedAccount, awsconfig.KeySealedRole, "portico_sso_start_url", "portico_sso_region",
}

// keys are those of the form in which a row's profile is.
func (f form) keys(w *wanted) []Key {
	keys := []Key{{Name: "sso_session", Value: w.SSOSession}, {Name: "sso_account_id", Value: w.AccountID}, {Name: "sso_role_name", Value: w.RoleName}}
	if f.both {
		keys = append(keys, Key{Name: "sso_start_url", Value: f.startURL}, Key{Name: "sso_region", Value: f.region})
	}
	if !f.process {
		return keys
	}
	for i, name := range []string{awsconfig.KeySealedSession, awsconfig.KeySealedAccount, awsconfig.KeySealedRole, "portico_sso_start_url", "portico_sso_region"} {
		if i < len(keys) {
			keys[i].Name = name
		}
	}
	return keys
}

// edits are what is to change in the profile that a row has, or all of a new one.
func (f form) edits(p *planner, w *wanted) []awsconfig.KeyValue {
	var have awsconfig.Profile
	if w.had != nil {
		have = w.had.Profile
	}
	var set []awsconfig.KeyValue
	put := func(key, value string) {
		if now, ok := have.Get(key); !ok || now != value {
			set = append(set, awsconfig.Set(key, value))
		}
	}
	keys := f.keys(w)
	for _, name := range formKeys {
		if have.Has(name) && !slices.ContainsFunc(keys, func(k Key) bool { return k.Name == name }) {
			set = append(set, awsconfig.Unset(name))
		}
	}
	for _, k := range keys {
		put(k.Name, k.Value)
	}
	process, _ := have.Get("credential_process")
	ours := process != "" && p.Ours(process)
	switch {
	case f.process && !(ours && strings.HasSuffix(process, suffix(p.Process(w.name)))):
		put("credential_process", p.Process(w.name))
	case !f.process && ours:
		set = append(set, awsconfig.Unset("credential_process"))
	}
	more, wrote := p.merge(w, have)
	set = append(set, more...)
	put(KeyMark, w.SSOSession)
	put(KeyWrote, wrote.String())
	return set
}

// suffix is what of a credential_process says for which profile it is.
func suffix(process string) string {
	if i := strings.LastIndex(process, " --profile "); i >= 0 {
		return process[i:]
	}
	return process
}

// merge brings what was written, what is there and what is wanted of the other
// keys together: a key that is as it was written becomes what is wanted, one that
// a person has changed, added or taken away stays so.
func (p *planner) merge(w *wanted, have awsconfig.Profile) (set []awsconfig.KeyValue, wrote record) {
	var before record
	if w.had != nil {
		before = w.had.wrote
	}
	wrote.name = w.base
	if w.had != nil && w.had.pinned != "" {
		wrote.name = w.had.name // until it can be called otherwise
	}
	if w.name != wrote.name && (w.had == nil || !w.had.renamed) {
		wrote.as = w.name
	}
	wants := w.extra
	for _, k := range wants {
		was, written := before.get(k.Name)
		now, there := value(have, k.Name)
		switch {
		case there && now == k.Value:
			if written || w.had == nil {
				wrote.keys = append(wrote.keys, k)
			}
		case w.had == nil, written == there && was == now: // nobody has touched it
			set = append(set, k.edit())
			wrote.keys = append(wrote.keys, k)
		case written:
			wrote.keys = append(wrote.keys, Key{Name: k.Name, Value: was})
		}
	}
	for _, k := range before.keys {
		now, there := value(have, k.Name)
		if slices.ContainsFunc(wants, func(want Key) bool { return strings.EqualFold(want.Name, k.Name) }) || !there || now != k.Value {
			continue
		}
		name, _, nested := strings.Cut(k.Name, ".")
		if !nested {
			set = append(set, awsconfig.Unset(name))
			continue
		}
		// One line of a block stays with the others; the last takes the block along.
		if p.wholeBlock(have, before, wants, name) && !slices.ContainsFunc(set, func(kv awsconfig.KeyValue) bool { return kv.Value == nil && kv.Key == name }) {
			set = append(set, awsconfig.Unset(name))
		}
	}
	return set, wrote
}

// wholeBlock tells whether all of a nested block was written, and none of it is
// wanted any more.
func (p *planner) wholeBlock(have awsconfig.Profile, before record, wants []Key, block string) bool {
	for sub, now := range have.Sub(block) {
		if was, ok := before.get(block + "." + sub); !ok || was != now {
			return false
		}
	}
	return !slices.ContainsFunc(wants, func(k Key) bool { return strings.HasPrefix(strings.ToLower(k.Name), strings.ToLower(block)+".") })
}

// value is that of a key of a profile, or of a setting nested under one.
func value(p awsconfig.Profile, name string) (string, bool) {
	if block, sub, nested := strings.Cut(name, "."); nested {
		v, ok := p.Sub(block)[sub]
		return v, ok
	}
	return p.Get(name)
}
