package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// text reads a string. What YAML takes for a number or a date must be quoted:
// what it means by 0123 or 1e3 depends on who reads it.
func (d *decoder) text(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "text", "write text")
		if !ok {
			return
		}
		if n.ShortTag() != "!!str" {
			d.fail(n, field, "it is "+kind(n)+", not text", "put it in quotes")
			return
		}
		*into = n.Value
	}
}

var twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)

// account reads an account by id or name. Ids look like numbers to YAML, which
// would drop a leading zero; what was written is taken instead.
func (d *decoder) account(into *string) func(*yaml.Node, string) {
	const cure = `write the twelve digits in quotes, like "012345678901"`
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "an account id", cure)
		if !ok {
			return
		}
		switch tag := n.ShortTag(); {
		case tag == "!!str", (tag == "!!int" || tag == "!!float") && twelveDigits.MatchString(n.Value):
			*into = n.Value
		default:
			d.fail(n, field, quote(n.Value)+" is "+kind(n)+", not an account id", cure)
		}
	}
}

func (d *decoder) boolean(into *bool) func(*yaml.Node, string) {
	const cure = "write true or false"
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "true or false", cure)
		if !ok {
			return
		}
		if n.ShortTag() != "!!bool" {
			d.fail(n, field, quote(n.Value)+" is "+kind(n)+", not true or false", cure)
			return
		}
		*into = strings.EqualFold(n.Value, "true")
	}
}

var durationPattern = regexp.MustCompile(`^PT(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?$`)

// duration reads the time designators of ISO 8601, as sso-admin does.
func (d *decoder) duration(into *time.Duration) func(*yaml.Node, string) {
	const cure = "write it as ISO 8601 does, from PT1H to PT12H"
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "a duration", cure)
		if !ok {
			return
		}
		m := durationPattern.FindStringSubmatch(n.Value)
		if m == nil || m[1]+m[2]+m[3] == "" {
			d.fail(n, field, quote(n.Value)+" is no duration", cure)
			return
		}
		for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
			number, _ := strconv.Atoi("0" + m[i+1])
			*into += time.Duration(number) * unit
		}
		if *into == 0 { // which would mean the default
			d.fail(n, field, quote(n.Value)+" is out of range", cure)
		}
	}
}

// moment reads a time with its zone, or a date, which means its midnight in UTC.
func (d *decoder) moment(into *time.Time) func(*yaml.Node, string) {
	const cure = "write it like 2024-09-26T15:11:02Z"
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "a time", cure)
		if !ok {
			return
		}
		t, err := time.Parse(time.RFC3339, n.Value)
		if err != nil {
			t, err = time.Parse(time.DateOnly, n.Value)
		}
		if t = t.UTC(); err != nil || t.Year() < 1970 || t.Year() > 9999 {
			d.fail(n, field, quote(n.Value)+" is no time", cure)
			return
		}
		*into = t.Truncate(time.Millisecond)
	}
}

// meant is a cure: the name that was probably meant, else the other cure.
func meant(name string, known []string, other string) string {
	best, least := "", 1+max(2, len(name)/4)
	if len(name) > 64 { // no name is, and distance costs the product of lengths
		return other
	}
	for _, k := range known {
		if len(k) > 64 {
			continue
		}
		if n := distance(strings.ToLower(name), strings.ToLower(k)); n < least && n < len(k) {
			best, least = k, n
		}
	}
	if best == "" {
		return other
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour.
func distance(a, b string) int {
	var before, above []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

func quote(s string) string { return strconv.Quote(shorten(s)) }

// plain is a name as it can be shown without quotes.
func plain(s string) string {
	if q := quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}

// shorten keeps what is shown of a wrong value on one line.
func shorten(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// some lists names for a cure, the first few of many.
func some(names []string) string {
	const limit = 8
	if len(names) == 0 {
		return "there is none yet"
	}
	if len(names) > limit {
		return "there is " + strings.Join(slices.Clone(names[:limit]), ", ") + ", …"
	}
	return "there is " + strings.Join(names, ", ")
}
