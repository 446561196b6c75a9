package profiles

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/awsconfig"
)

const session = "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n"

// fatal is what tests and properties have in common.
type fatal interface {
	Helper()
	Fatal(...any)
}

// reach is a listing of ACCOUNT-ID NAME ROLE, ROLE lines.
func reach(lines ...string) Listing {
	l := Listing{Complete: true}
	for _, line := range lines {
		words := strings.Fields(strings.ReplaceAll(line, ",", " "))
		l.Accounts = append(l.Accounts, Account{ID: words[0], Name: words[1]})
		for _, role := range words[2:] {
			l.Roles = append(l.Roles, Role{words[0], role})
		}
	}
	return l
}

var two = reach("111111111111 dev Admin, ReadOnly", "222222222222 prod ReadOnly")

// synced is what a config becomes, and the plan by which it does.
func synced(t fatal, text string, in Input) (string, *Plan) {
	t.Helper()
	dir, err := os.MkdirTemp("", "profiles-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	f := awsconfig.Files{Config: filepath.Join(dir, "config"), Credentials: filepath.Join(dir, "credentials")}
	if err := os.WriteFile(f.Config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in = of(t, f, in)
	p, err := NewPlan(in)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := f.Preview(p.Edits...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		text = string(c.After)
	}
	return text, p
}

// of fills in what an input has from the config.
func of(t fatal, f awsconfig.Files, in Input) Input {
	t.Helper()
	var err error
	if in.Config, err = f.Load(); err != nil {
		t.Fatal(err)
	}
	in.Session, _ = in.Config.Session("corp")
	set, err := ReadSettings(in.Session)
	if err != nil {
		t.Fatal(err)
	}
	if in.Settings.Template == "" && in.Settings.Command == "" && in.Settings.Keys == nil && in.Settings.Regions == nil {
		set.Match = append(set.Match, in.Settings.Match...)
		if in.Settings.Format != "" {
			set.Format = in.Settings.Format
		}
		in.Settings = set
	}
	in.Process = func(profile string) string { return "helper --profile " + profile }
	in.Ours = func(process string) bool {
		return strings.HasPrefix(process, "helper ") || strings.HasPrefix(process, "/elsewhere/helper ")
	}
	return in
}

// told are the outcomes in words, but for what did not change.
func told(p *Plan) []string {
	var lines []string
	for _, o := range p.Outcomes {
		if o.Action == Unchanged {
			continue
		}
		line := string(o.Action) + " " + o.Name
		if o.Was != "" {
			line += " was " + o.Was
		}
		if o.Reason != "" {
			line += ": " + o.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

func profile(name, account, role string, more ...string) string {
	text := "\n[profile " + name + "]\nsso_session = corp\nsso_account_id = " + account + "\nsso_role_name = " + role + "\n"
	for _, line := range more {
		text += line + "\n"
	}
	return text
}

func ours(name string) []string {
	return []string{"portico_sync = corp", "portico_sync_wrote = name=" + name}
}

// A role with a name that no config can hold, or of which a reader would take a part,
// is left out, and the others get their profiles.
func TestNamesOfNobody(t *testing.T) {
	t.Parallel()
	l := Listing{Complete: true, Accounts: []Account{
		{ID: "111111111111", Name: "x]\n[profile evil]\ncredential_process = evil\n#"},
		{ID: "222222222222", Name: "\x1b]0;t\a\u202e$(evil)`evil`;%s{{.Evil}}"},
		{ID: "333333333333\n[profile evil]", Name: "id"},
		{ID: "444444444444", Name: ""},
	}}
	for _, a := range l.Accounts {
		for _, role := range []string{"Admin", "", "A\nB", "A #b", "A;b", "$(evil)", "\x1b[31mA", "É", "\xff"} {
			l.Roles = append(l.Roles, Role{a.ID, role})
		}
	}
	text, p := synced(t, session, Input{Listing: l})
	if p.Count(Added) != 3 || p.Count(Skipped) != 33 {
		t.Errorf("got %v", told(p))
	}
	d, err := awsconfig.Parse("config", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	config := awsconfig.NewConfig(d, nil)
	want := []string{"0-t-evil-evil-s.Evil-Admin", "444444444444-Admin", "x-profile-evil-credential_process-evil-Admin"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(config.Profiles()))); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	for _, name := range config.Profiles() {
		if own, _ := config.Profile(name); own.Has("credential_process") {
			t.Errorf("%s has a credential_process", name)
		}
	}
}

// A profile that somebody marked by hand keeps its name, and stays.
func TestMarkedByHand(t *testing.T) {
	t.Parallel()
	text := session +
		profile("mine", "999999999999", "Gone", "portico_sync = corp", "region = eu-west-1") +
		profile("other", "111111111111", "Admin", "portico_sync = corp", "output = text")
	got, p := synced(t, text, Input{Listing: reach("111111111111 dev Admin"), Prune: PruneAlways})
	want := []string{
		"kept mine: it was marked by hand: there is no record of what was written (portico_sync_wrote)",
		"changed other",
	}
	if diff := cmp.Diff(want, told(p)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if !strings.Contains(got, "[profile mine]") || !strings.Contains(got, "output = text") {
		t.Errorf("got\n%s", got)
	}
}

// Each case is a config, what the person reaches, and what becomes of it. Run again
// it stays as it is.
func TestPlan(t *testing.T) {
	t.Parallel()
	made := session +
		profile("dev-Admin", "111111111111", "Admin", ours("dev-Admin")...) +
		profile("dev-ReadOnly", "111111111111", "ReadOnly", ours("dev-ReadOnly")...) +
		profile("prod-ReadOnly", "222222222222", "ReadOnly", ours("prod-ReadOnly")...)
	with := func(line string) string {
		return strings.Replace(made, "sso_region = us-east-1\n", "sso_region = us-east-1\n"+line+"\n", 1)
	}
	for _, tt := range []struct {
		name, text string
		in         Input
		want       string
		told       []string
	}{
		{"the first time", session, Input{Listing: two}, made, []string{"added dev-Admin", "added dev-ReadOnly", "added prod-ReadOnly"}},
		{"a role that was lost", made, Input{Listing: reach("111111111111 dev Admin, ReadOnly")},
			strings.Replace(made, profile("prod-ReadOnly", "222222222222", "ReadOnly", ours("prod-ReadOnly")...), "", 1),
			[]string{"removed prod-ReadOnly: the role is no longer yours"}},
		{"an account that could not be listed", made,
			Input{Listing: Listing{Accounts: two.Accounts, Roles: two.Roles[:1], Unlisted: []string{"222222222222"}}}, made,
			[]string{"kept dev-ReadOnly: the role is no longer yours, as far as could be listed", "kept prod-ReadOnly: the roles of its account could not be listed"}},
		{"nothing listed at all", made, Input{Listing: Listing{Complete: true}}, made,
			[]string{"kept dev-Admin: nothing at all was listed", "kept dev-ReadOnly: nothing at all was listed", "kept prod-ReadOnly: nothing at all was listed"}},
		{"nothing is to be removed", with("portico_sync_prune = false"), Input{Listing: reach("111111111111 dev Admin, ReadOnly")}, with("portico_sync_prune = false"),
			[]string{"kept prod-ReadOnly: the role is no longer yours, and nothing is to be removed"}},
		{"filtered out for good", with("portico_sync_match = dev"), Input{Listing: two},
			strings.Replace(with("portico_sync_match = dev"), profile("prod-ReadOnly", "222222222222", "ReadOnly", ours("prod-ReadOnly")...), "", 1),
			[]string{"removed prod-ReadOnly: the filters leave it out"}},
		{"filtered out this once", made, Input{Listing: two, Partial: true, Settings: Settings{Match: []string{"dev/Admin"}}}, made, nil},
		{"another template", with("portico_sync_template = {{.RoleName | lower}}.{{.AccountName}}"), Input{Listing: two},
			strings.NewReplacer("dev-Admin", "admin.dev", "dev-ReadOnly", "readonly.dev", "prod-ReadOnly", "readonly.prod").Replace(with("portico_sync_template = {{.RoleName | lower}}.{{.AccountName}}")),
			[]string{"renamed admin.dev was dev-Admin", "renamed readonly.dev was dev-ReadOnly", "renamed readonly.prod was prod-ReadOnly"}},
		{"names that change places", session + profile("dev-Admin", "222222222222", "Admin", ours("dev-Admin")...) + profile("prod-Admin", "111111111111", "Admin", ours("prod-Admin")...),
			Input{Listing: reach("111111111111 dev Admin", "222222222222 prod Admin")},
			session + profile("prod-Admin", "222222222222", "Admin", ours("prod-Admin")...) + profile("dev-Admin", "111111111111", "Admin", ours("dev-Admin")...),
			[]string{"renamed dev-Admin was prod-Admin", "renamed prod-Admin was dev-Admin"}},
		{"a name that a person gave a profile", strings.Replace(made, "[profile dev-Admin]", "[profile d] # mine", 1), Input{Listing: two},
			strings.Replace(made, "[profile dev-Admin]", "[profile d] # mine", 1), nil},
		{"a name that a person gave a profile, and another template", strings.Replace(with("portico_sync_template = {{.AccountID}}"), "[profile prod-ReadOnly]", "[profile p]", 1), Input{Listing: reach("222222222222 prod ReadOnly"), Prune: PruneNever},
			strings.Replace(strings.Replace(with("portico_sync_template = {{.AccountID}}"), "[profile prod-ReadOnly]", "[profile p]", 1), "name=prod-ReadOnly", "name=222222222222", 1),
			[]string{"kept dev-Admin: the role is no longer yours, and nothing is to be removed", "kept dev-ReadOnly: the role is no longer yours, and nothing is to be removed", "changed p"}},
		{"a name that had to be another's, and another template", strings.Replace(session, "sso_region = us-east-1\n", "sso_region = us-east-1\nportico_sync_template = {{.AccountName}}\n", 1) + profile("dev-Admin-111111111111", "111111111111", "Admin", ours("dev-Admin as=dev-Admin-111111111111")...),
			Input{Listing: reach("111111111111 dev Admin")},
			strings.Replace(session, "sso_region = us-east-1\n", "sso_region = us-east-1\nportico_sync_template = {{.AccountName}}\n", 1) + profile("dev", "111111111111", "Admin", ours("dev")...),
			[]string{"renamed dev was dev-Admin-111111111111"}},
		{"a copy that a person made", made + profile("mine", "111111111111", "Admin", ours("dev-Admin")...), Input{Listing: two},
			made + profile("mine", "111111111111", "Admin", ours("dev-Admin")...), []string{"kept mine: it is a second profile of the same role"}},
		{"a name that a person's own profile has", session + "\n[profile dev-Admin]\nregion = eu-west-1\n", Input{Listing: reach("111111111111 dev Admin")},
			session + "\n[profile dev-Admin]\nregion = eu-west-1\n" + profile("dev-Admin-111111111111", "111111111111", "Admin", ours("dev-Admin as=dev-Admin-111111111111")...),
			[]string{"added dev-Admin-111111111111: dev-Admin is the name of another profile"}},
		{"two accounts of one name", session, Input{Listing: reach("111111111111 dev Admin", "222222222222 dev Admin")},
			session + profile("dev-Admin-111111111111", "111111111111", "Admin", ours("dev-Admin as=dev-Admin-111111111111")...) + profile("dev-Admin-222222222222", "222222222222", "Admin", ours("dev-Admin as=dev-Admin-222222222222")...),
			[]string{"added dev-Admin-111111111111: dev-Admin is the name of another profile", "added dev-Admin-222222222222: dev-Admin is the name of another profile"}},
		{"another account of a name that is there", session + profile("dev-Admin", "222222222222", "Admin", ours("dev-Admin")...), Input{Listing: reach("111111111111 dev Admin", "222222222222 dev Admin")},
			session + profile("dev-Admin", "222222222222", "Admin", ours("dev-Admin")...) + profile("dev-Admin-111111111111", "111111111111", "Admin", ours("dev-Admin as=dev-Admin-111111111111")...),
			[]string{"added dev-Admin-111111111111: dev-Admin is the name of another profile"}},
		{"an account in the place of another", session + profile("dev-Admin", "333333333333", "Admin", ours("dev-Admin")...), Input{Listing: reach("111111111111 dev Admin")},
			session + profile("dev-Admin", "111111111111", "Admin", ours("dev-Admin")...),
			[]string{"added dev-Admin", "removed dev-Admin: the role is no longer yours"}},
		{"one that another takes its role from", made + "\n[profile deploy]\nrole_arn = x\nsource_profile = prod-ReadOnly\n", Input{Listing: reach("111111111111 dev Admin, ReadOnly")},
			made + "\n[profile deploy]\nrole_arn = x\nsource_profile = prod-ReadOnly\n",
			[]string{"kept prod-ReadOnly: the role is no longer yours, but it is the source_profile of deploy"}},
		{"a session and its old keys", session, Input{Listing: reach("111111111111 dev Admin"), Settings: Settings{Format: Both}},
			session + "\n[profile dev-Admin]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Admin\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n" + strings.Join(ours("dev-Admin"), "\n") + "\n",
			[]string{"added dev-Admin"}},
		{"a process", session, Input{Listing: reach("111111111111 dev Admin"), Settings: Settings{Format: Process}},
			session + "\n[profile dev-Admin]\nportico_sso_session = corp\nportico_account_id = 111111111111\nportico_role_name = Admin\ncredential_process = helper --profile dev-Admin\n" + strings.Join(ours("dev-Admin"), "\n") + "\n",
			[]string{"added dev-Admin"}},
		{"a process of another machine", session + "\n[profile dev-Admin]\nportico_sso_session = corp\nportico_account_id = 111111111111\nportico_role_name = Admin\ncredential_process = /elsewhere/helper --profile dev-Admin\n" + strings.Join(ours("dev-Admin"), "\n") + "\n",
			Input{Listing: reach("111111111111 dev Admin"), Settings: Settings{Format: Process}},
			session + "\n[profile dev-Admin]\nportico_sso_session = corp\nportico_account_id = 111111111111\nportico_role_name = Admin\ncredential_process = /elsewhere/helper --profile dev-Admin\n" + strings.Join(ours("dev-Admin"), "\n") + "\n",
			nil},
		{"names that break tools", session, Input{Listing: Listing{Complete: true, Accounts: []Account{{ID: "111111111111", Name: " Zürich  #1 [\"Größe\"] = 日本 "}, {ID: "222222222222", Name: "日本"}},
			Roles: []Role{{"111111111111", "Admin"}, {"222222222222", "Admin"}}}},
			session + profile("Admin", "222222222222", "Admin", ours("Admin")...) + profile("Zuerich-1-Groesse-Admin", "111111111111", "Admin", ours("Zuerich-1-Groesse-Admin")...),
			[]string{"added Admin", "added Zuerich-1-Groesse-Admin"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, p := synced(t, tt.text, tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.told, told(p)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if again, _ := synced(t, got, tt.in); again != got {
				t.Errorf("run again: (-first +second)\n%s", cmp.Diff(got, again))
			}
		})
	}
}

// What was written is brought up to date, what a person wrote stays.
func TestMerge(t *testing.T) {
	t.Parallel()
	in := func(keys ...Key) Input {
		return Input{Listing: reach("111111111111 dev Admin"), Settings: Settings{Keys: append([]Key{}, keys...), Template: DefaultTemplate}}
	}
	eu, us, table := Key{Name: "region", Value: "eu-west-1"}, Key{Name: "region", Value: "us-east-1"}, Key{Name: "output", Value: "table"}
	s3 := Key{Name: "s3.max_queue_size", Value: "9"}
	first, _ := synced(t, session, in(eu, s3))
	want := session + "\n[profile dev-Admin]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Admin\nregion = eu-west-1\ns3 =\n    max_queue_size = 9\nportico_sync = corp\nportico_sync_wrote = name=dev-Admin region=eu-west-1 s3.max_queue_size=9\n"
	if diff := cmp.Diff(want, first); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	for _, tt := range []struct {
		name string
		hand []string // replacements that a person makes
		in   Input
		want []string // what is in the end
		not  []string
	}{
		{"another value", nil, in(us, s3), []string{"\nregion = us-east-1\n", "region=us-east-1"}, nil},
		{"another key", nil, in(eu, s3, table), []string{"\nregion = eu-west-1\n", "\noutput = table\n"}, nil},
		{"no key any more", nil, in(s3), []string{"name=dev-Admin s3"}, []string{"\nregion"}},
		{"no block any more", nil, in(eu), nil, []string{"s3", "max_queue_size"}},
		{"a value of the person's", []string{"region = eu-west-1", "region = ap-south-1"}, in(us, s3), []string{"\nregion = ap-south-1\n"}, []string{"us-east-1\ns3"}},
		{"a value of the person's, and none wanted", []string{"region = eu-west-1", "region = ap-south-1"}, in(s3), []string{"\nregion = ap-south-1\n"}, nil},
		{"a key that the person took away", []string{"region = eu-west-1\n", ""}, in(us, s3), nil, []string{"\nregion ="}},
		{"a key that the person added", []string{"region = eu-west-1\n", "# mine\nregion = eu-west-1\noutput = text\n"}, in(us, s3, table), []string{"# mine\nregion = us-east-1\noutput = text\n"}, nil},
		{"a setting of the person's in a block", []string{"max_queue_size = 9", "max_queue_size = 9\n    max_bandwidth = 1MB/s"}, in(eu), []string{"max_bandwidth = 1MB/s"}, nil},
		{"whose role it is", []string{"sso_session = corp", "sso_session = other"}, in(eu, s3), []string{"sso_session = corp"}, []string{"other"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := first
			if tt.hand != nil {
				text = strings.Replace(text, tt.hand[0], tt.hand[1], 1)
			}
			got, _ := synced(t, text, tt.in)
			for _, part := range tt.want {
				if !strings.Contains(got, part) {
					t.Errorf("no %q in\n%s", part, got)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(got, part) {
					t.Errorf("%q in\n%s", part, got)
				}
			}
			if again, _ := synced(t, got, tt.in); again != got {
				t.Errorf("run again: (-first +second)\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	in := func(regions ...string) Input {
		return Input{Listing: reach("111111111111 dev Admin"), Settings: Settings{Regions: append([]string{}, regions...)}}
	}
	text := session
	for _, step := range []struct {
		regions []string
		told    []string
	}{
		{[]string{}, []string{"added dev-Admin"}},
		{[]string{"eu-west-1"}, []string{"changed dev-Admin"}},
		{[]string{"us-east-1", "eu-west-1"}, []string{"renamed dev-Admin-eu-west-1 was dev-Admin", "added dev-Admin-us-east-1"}},
		{[]string{"us-east-1", "eu-west-1"}, nil},
		{[]string{"us-west-2"}, []string{"renamed dev-Admin was dev-Admin-eu-west-1", "removed dev-Admin-us-east-1: the filters leave it out"}},
	} {
		var p *Plan
		text, p = synced(t, text, in(step.regions...))
		if diff := cmp.Diff(step.told, told(p)); diff != "" {
			t.Errorf("%v: (-want +got)\n%s\n%s", step.regions, diff, text)
		}
	}
}

// Whatever there is and was, hand-written sections keep their bytes, a second run
// changes nothing, every role has a profile of its own, and the order of what was
// listed does not matter.
func TestPlanProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"dev", "prod", "Dev", "a b", "d/e", "dev-Admin", "日本", "default"})
		roles := rapid.SampledFrom([]string{"Admin", "ReadOnly", "Admin-111111111111"})
		listing := func(label string) Listing {
			l := Listing{Complete: true}
			for i := range rapid.IntRange(0, 5).Draw(t, label) {
				id := strings.Repeat(string(rune('1'+i)), 12)
				l.Accounts = append(l.Accounts, Account{ID: id, Name: names.Draw(t, "account")})
				for _, role := range rapid.SliceOfNDistinct(roles, 0, 2, rapid.ID).Draw(t, "roles") {
					l.Roles = append(l.Roles, Role{id, role})
				}
			}
			return l
		}
		settings := func(label string) Settings {
			s := Settings{
				Template: rapid.SampledFrom([]string{DefaultTemplate, "{{.AccountName}}", "{{.RoleName}}", "{{.AccountID}}-{{.Region}}", "default"}).Draw(t, label),
				Regions:  rapid.SampledFrom([][]string{nil, {"eu-west-1"}, {"eu-west-1", "us-east-1"}}).Draw(t, "regions"),
				Format:   rapid.SampledFrom([]Format{SSOSession, Process, Both}).Draw(t, "format"),
			}
			if rapid.Bool().Draw(t, "keys") {
				s.Keys = []Key{{Name: "output", Value: "table"}, {Match: "dev", Name: "s3.x", Value: "1 2%"}}
			}
			return s
		}
		var hand []string
		for i := range rapid.IntRange(0, 3).Draw(t, "hand") {
			name := rapid.SampledFrom([]string{"dev-Admin", "dev", "prod-ReadOnly", "Admin", "111111111111-eu-west-1"}).Draw(t, "name")
			if i > 0 && slices.ContainsFunc(hand, func(s string) bool { return strings.Contains(s, "[profile "+name+"]") }) {
				continue
			}
			hand = append(hand, "# about "+name+"\n[profile "+name+"]\nregion:x\ns3 =\n  max = 1\n\n")
		}
		text := session + "\n" + strings.Join(hand, "")
		for _, label := range []string{"first", "second"} {
			in := Input{Listing: listing(label), Settings: settings(label), Prune: rapid.SampledFrom([]Prune{PruneListed, PruneAlways, PruneNever}).Draw(t, "prune")}
			got, p := synced(t, text, in)
			again, p2 := synced(t, got, in)
			if again != got {
				t.Fatalf("run again: (-first +second)\n%s", cmp.Diff(got, again))
			}
			for _, h := range hand {
				if !strings.Contains(got, strings.TrimRight(h, "\n")) {
					t.Fatalf("%q is not in\n%s", h, got)
				}
			}
			if want := len(in.Listing.Roles) * max(1, len(in.Settings.Regions)); p2.Count(Unchanged) < want {
				t.Fatalf("%d profiles are as they should be, want %d\n%s", p2.Count(Unchanged), want, got)
			}
			other := in
			other.Listing.Roles, other.Listing.Accounts = slices.Clone(in.Listing.Roles), slices.Clone(in.Listing.Accounts)
			shuffle(other.Listing.Roles)
			shuffle(other.Listing.Accounts)
			if shuffled, p3 := synced(t, text, other); shuffled != got || cmp.Diff(told(p), told(p3)) != "" {
				t.Fatalf("in another order: (-first +second)\n%s", cmp.Diff(got, shuffled))
			}
			// Between the two a person does something to a profile that was made.
			at := strings.LastIndex(got, "\n[profile ")
			if at < 0 || !strings.Contains(got[at:], KeyMark) {
				return
			}
			made := got[at:]
			switch rapid.SampledFrom([]string{"", "key", "name", "record", "copy"}).Draw(t, "by hand") {
			case "key":
				made += "# by hand\nmine = 1\n"
			case "name":
				made = strings.Replace(made, "[profile ", "[profile my-", 1)
			case "record":
				made = strings.Replace(made, KeyWrote, "# "+KeyWrote, 1)
			case "copy":
				made += strings.Replace(made, "[profile ", "[profile copy-", 1)
			}
			text = got[:at] + made
			if strings.Contains(made, "# by hand") {
				hand = append(hand, "# by hand\n")
			}
		}
	})
}

func shuffle[T any](s []T) { rand.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] }) }
