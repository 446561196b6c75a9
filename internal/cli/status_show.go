package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/terminal"
)

// showing says how a survey is shown.
type showing struct {
	steps bool // all places that are looked at, set or not
	name  string
	home  string
}

// rows are the survey for people.
func (r *survey) rows(how showing) []terminal.Row {
	rows := r.sessionRows(how)
	rows = append(rows, terminal.Row{})
	rows = append(rows, r.shellRows(how)...)
	rows = append(rows, terminal.Row{})
	return append(rows, r.roleRows()...)
}

func (r *survey) sessionRows(how showing) []terminal.Row {
	if len(r.Sessions) == 0 {
		return []terminal.Row{{Text: "Sessions: none", Heavy: true}, {Text: fmt.Sprintf("  To make one: %s configure sso", how.name)}}
	}
	var cells [][]string
	for _, s := range r.Sessions {
		cells = append(cells, []string{s.name(), s.words(r.At)})
	}
	rows := []terminal.Row{{Text: "Sessions", Heavy: true}}
	for i, line := range terminal.Table(cells) {
		rows = append(rows, terminal.Row{Text: "  " + line}, terminal.Row{Text: "    " + r.Sessions[i].detail(r.At)})
	}
	return rows
}

// words say how it stands with a session.
func (s sessionStatus) words(now time.Time) string {
	by := ""
	if s.Person != "" {
		by = " as " + s.Person
	}
	switch s.State {
	case stateSignedIn:
		text := "signed in" + by + " until " + moment(s.Expires, now)
		if s.Renewable {
			text += ", renews itself"
		} else {
			text += ", cannot be renewed"
		}
		return text
	case stateRenewable:
		return "signed in" + by + ", to be renewed at the next use"
	case stateExpired:
		if s.EndsBy == endsByDuration && s.Expires.Before(now) {
			return "ended " + moment(s.Ends, now)
		}
		return "expired " + moment(s.Expires, now)
	case stateEnded:
		return "ended (the service does not renew it)"
	case stateSealed:
		return "sealed" + by + ", not looked into"
	case stateUnreadable:
		return "the token cannot be read"
	case stateElsewhere:
		return "not signed in (the token there is of another start URL or region)"
	}
	return "not signed in"
}

// detail says what of a session matters less often.
func (s sessionStatus) detail(now time.Time) string {
	var parts []string
	if s.SessionName != "" && s.StartURL != "" {
		parts = append(parts, s.StartURL)
	}
	if s.Region != "" {
		parts = append(parts, s.Region)
	}
	if end := s.endWords(now); end != "" {
		parts = append(parts, end)
	}
	if !s.Configured {
		parts = append(parts, "no longer in the config")
	}
	return strings.Join(parts, ", ")
}

// endWords say when a person is needed again.
func (s sessionStatus) endWords(now time.Time) string {
	if !s.signedIn() {
		return ""
	}
	switch {
	case s.Ends.IsZero() && !s.Since.IsZero():
		return fmt.Sprintf("signed in %s, end not known", moment(s.Since, now))
	case s.Ends.IsZero():
		return "end not known"
	case s.EndsBy == endsByToken:
		return "ends then"
	}
	return "ends " + moment(s.Ends, now)
}

func (r *survey) shellRows(how showing) []terminal.Row {
	sh := r.Shell
	rows := []terminal.Row{{Text: "This shell", Heavy: true}, {Text: "  " + sh.words(r.At), Colour: sh.Colour}}
	var cells [][]string
	n := 0
	for _, st := range sh.Steps {
		n++
		if st.Value == "" && !how.steps {
			continue
		}
		mark := " "
		if st.Used {
			mark = ">"
		}
		value := cmp.Or(st.Value, "-")
		note := st.Note
		if st.Used {
			note = "used"
		}
		cells = append(cells, []string{mark, fmt.Sprintf("%2d", n), st.Of, st.What, value, shorten(st.Where, how.home), note})
	}
	for _, line := range terminal.Table(cells) {
		rows = append(rows, terminal.Row{Text: "  " + line})
	}
	return rows
}

// shorten writes the home directory as shells do.
func shorten(path, home string) string {
	if rest, in := strings.CutPrefix(path, home+string(filepath.Separator)); in && home != "" {
		return "~" + string(filepath.Separator) + rest
	}
	return path
}

// words say in one line what the shell would use.
func (sh shellStatus) words(now time.Time) string {
	if sh.Problem != "" {
		return "nothing: " + sh.Problem
	}
	text := sh.role()
	switch {
	case sh.Provider == fromEnvironment && sh.Profile == "":
		text = strings.TrimSpace(text + " keys of the environment")
	case text == "":
		text = sh.Provider
	}
	if sh.Profile != "" {
		text += " via profile " + sh.Profile
	}
	if sh.Session != "" {
		text += ", session " + sh.Session
	}
	if !sh.Expires.IsZero() {
		text += ", until " + moment(sh.Expires, now)
	}
	if sh.Region != "" {
		text += ", " + sh.Region
	}
	return text
}

// role names account and role, as far as they are known.
func (sh shellStatus) role() string {
	return strings.TrimSpace(accountLabel(sh.AccountName, sh.Account) + " " + sh.Role)
}

func (r *survey) roleRows() []terminal.Row {
	over, sealed := 0, 0
	cells, colours := [][]string{{"ACCOUNT", "", "ROLE", "SESSION", "LEFT", "PROFILES"}}, []string{""}
	for _, role := range r.Roles {
		switch {
		case role.Sealed:
			sealed++
			continue
		case !role.Expires.After(r.At):
			over++
			continue
		}
		cells = append(cells, []string{cmp.Or(role.Account, "?"), role.AccountName, cmp.Or(role.Role, "?"), role.Session,
			remaining(role.Expires.Sub(r.At)), some(role.Profiles)})
		colours = append(colours, role.Colour)
	}
	title := fmt.Sprintf("Cached roles: %d", len(cells)-1)
	if over > 0 {
		title += fmt.Sprintf(", and %d expired", over)
	}
	if sealed > 0 {
		title += fmt.Sprintf(", and %d sealed", sealed)
	}
	rows := []terminal.Row{{Text: title, Heavy: true}}
	if len(cells) == 1 {
		return rows
	}
	for i, line := range terminal.Table(cells) {
		rows = append(rows, terminal.Row{Text: "  " + line, Colour: colours[i]})
	}
	return rows
}
