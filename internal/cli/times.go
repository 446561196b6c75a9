package cli

import (
	"fmt"
	"time"
)

// moment is a time as people say it: how long from now, and when.
func moment(t, now time.Time) string {
	clock := t.Local().Format("15:04")
	switch away := t.Sub(now).Abs(); {
	case t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly):
	case away < 6*24*time.Hour:
		clock = t.Local().Format("Mon 15:04")
	case t.Before(now):
		return "on " + t.Local().Format(time.DateOnly)
	default:
		clock = t.Local().Format("2006-01-02 15:04")
	}
	if t.Before(now) {
		return fmt.Sprintf("at %s (%s ago)", clock, remaining(now.Sub(t)))
	}
	return fmt.Sprintf("%s (%s)", clock, remaining(t.Sub(now)))
}

// remaining is a length of time in its two greatest units.
func remaining(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// since is how long ago something was.
func since(t time.Time) string {
	past := time.Since(t)
	if past < time.Minute {
		return "just now"
	}
	return remaining(past) + " ago"
}
