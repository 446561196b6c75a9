package seed

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
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

var twelveDigits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })

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
		case tag == "!!str", (tag == "!!int" || tag == "!!float") && twelveDigits().MatchString(n.Value):
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

var durationPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^PT(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?$`)
})

// duration reads the time designators of ISO 8601, as sso-admin does.
func (d *decoder) duration(into *time.Duration) func(*yaml.Node, string) {
	const cure = "write it as ISO 8601 does, from PT1H to PT12H"
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "a duration", cure)
		if !ok {
			return
		}
		m := durationPattern().FindStringSubmatch(n.Value)
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

// wait reads how long something takes, as Go writes it.
func (d *decoder) wait(into *time.Duration) func(*yaml.Node, string) {
	const cure = "write it like 3s, 500ms or 1m30s"
	return func(n *yaml.Node, field string) {
		n, ok := d.scalar(n, field, "a duration", cure)
		if !ok {
			return
		}
		var err error
		if *into, err = time.ParseDuration(n.Value); err != nil {
			d.fail(n, field, quote(n.Value)+" is no duration", cure)
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
