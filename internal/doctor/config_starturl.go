package doctor

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
)

// startURLChecks are for start URLs and for the region that belongs to them.
func startURLChecks() []Check {
	return family("Start URL and region",
		Check{ID: "start-url-invalid", Severity: Error, Title: "A start URL is no https address", Why: "Signing in is refused: “Invalid sso_start_url” or “must use the https scheme”.",
			Cure: "Write it as `https://d-1234567890.awsapps.com/start`.", Fixes: true, find: startURLInvalid},
		Check{ID: "start-url-form", Severity: Warning, Title: "A start URL has more at its end than it should, such as /start#/",
			Why:  "Tools take it as it is: two spellings are two sign-ins, and some of them the service does not know.",
			Cure: "Write it as the portal's own: `https://d-1234567890.awsapps.com/start`.", Fixes: true, find: startURLForm},
		Check{ID: "region-wrong", Severity: Error, Title: "sso_region is not the region of the Identity Center",
			Why:  "The browser says “Invalid grant provided” and the terminal waits in silence. sso_region is where the Identity Center is, not where your resources are.",
			Cure: "Set `sso_region` to the region that the portal is in, and sign in again.", Fixes: true, find: regionWrong},
		Check{ID: "dual-stack", Severity: Warning, Title: "A start URL is that of a dual-stack portal (….portal.REGION.app.aws)",
			Why:  "By device code the browser lands on the older portal, which does not know the code; clients older than 2025 do not know the host as AWS's.",
			Cure: "Sign in in a browser on this machine, without --use-device-code, or with `AWS_USE_DUALSTACK_ENDPOINT=true`.", find: dualStack},
	)
}

// A portal is a start URL as it is configured.
type portal struct {
	of          string // "sso-session corp", "profile dev"
	section     awsconfig.Section
	url, region string
	whereURL    string
	whereRegion string
}

func (f *Facts) portals(visit func(p portal)) {
	f.sessions(func(s awsconfig.SSOSession) {
		if s.StartURL != "" {
			visit(portal{"sso-session " + s.Name, sessionSection(s.Name), s.StartURL, s.Region, f.keyWhere(s, "sso_start_url"), f.keyWhere(s, "sso_region")})
		}
	})
	f.profiles(func(p awsconfig.Profile) {
		startURL, _ := p.Get("sso_start_url")
		region, _ := p.Get("sso_region")
		if name, ok := p.SSO("sso_session"); startURL != "" {
			if s, found := f.Merged.Session(name); ok && found && s.StartURL != "" {
				return // the session's counts
			}
			visit(portal{"profile " + p.Name, f.sectionOf(p, "sso_start_url"), startURL, region, f.keyWhere(p, "sso_start_url"), f.keyWhere(p, "sso_region")})
		}
	})
}

// A Portal is a start URL and region that something is configured with.
type Portal struct {
	Of               string // "sso-session corp", "profile dev"
	StartURL, Region string
}

// Portals are what the probes are to look at.
func (f *Facts) Portals() (all []Portal) {
	f.portals(func(p portal) { all = append(all, Portal{p.of, p.url, p.region}) })
	return all
}

// startURL is how a start URL should be written, or "" where that cannot be told.
func startURL(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "https://" + strings.TrimPrefix(text, "//")
	}
	u, err := url.Parse(text)
	if err != nil || !strings.Contains(u.Hostname(), ".") || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") || strings.ContainsAny(u.Host, " _\"'") {
		return ""
	}
	path := strings.TrimRight(u.Path, "/")
	if strings.HasPrefix(path, "/start/") { // a page of the portal's
		path = "/start"
	}
	host := strings.ToLower(u.Host)
	if path == "" && (strings.HasSuffix(host, ".awsapps.com") || strings.HasSuffix(host, ".awsapps.cn")) {
		path = "/start"
	}
	return "https://" + host + path
}

func startURLInvalid(f *Facts, report func(Finding)) {
	f.portals(func(p portal) {
		err := awsconfig.CheckStartURL(p.url)
		if err == nil || unclean(p.url) {
			return
		}
		found := Finding{What: fmt.Sprintf("the start URL of the %s is no https address: %s", p.of, p.url), Cure: "Write it as https://d-1234567890.awsapps.com/start; the portal's page has it.", Where: p.whereURL}
		if better := startURL(p.url); better != "" {
			found.Cure = fmt.Sprintf("Set sso_start_url to %s.", better)
			found.Edits = setStartURL(p, better)
		}
		report(found)
	})
}

// unclean tells a value that another check has something to say of.
func unclean(value string) bool { return comment(value) >= 0 || strings.ContainsAny(value, "\"'\n") }

func setStartURL(p portal, to string) []awsconfig.Edit {
	return []awsconfig.Edit{{Section: p.section, Set: []awsconfig.KeyValue{awsconfig.Set("sso_start_url", to)}}}
}

func startURLForm(f *Facts, report func(Finding)) {
	f.portals(func(p portal) {
		if awsconfig.CheckStartURL(p.url) != nil || unclean(p.url) {
			return
		}
		better := startURL(p.url)
		if better == "" || better == p.url {
			return
		}
		report(Finding{What: fmt.Sprintf("the start URL of the %s is written %s in place of %s", p.of, p.url, better), Cure: fmt.Sprintf("Set sso_start_url to %s.", better), Where: p.whereURL, Edits: setStartURL(p, better)})
	})
}

func regionWrong(f *Facts, report func(Finding)) {
	f.portals(func(p portal) {
		if p.region == "" || unclean(p.region) {
			return
		}
		say := func(right, how string) {
			report(Finding{What: fmt.Sprintf("sso_region of the %s is %s, but the Identity Center is in %s: %s", p.of, p.region, right, how),
				Cure: fmt.Sprintf("Set sso_region to %s in [%s], and sign in again.", right, p.section), Where: p.whereRegion,
				Edits: []awsconfig.Edit{{Section: p.section, Set: []awsconfig.KeyValue{awsconfig.Set("sso_region", right)}}}})
		}
		if named := signin.RegionOf(p.url); named != "" {
			if named != p.region {
				say(named, "its start URL says so")
			}
			return
		}
		for _, probe := range f.Probes {
			if probe.Session == p.of && probe.Portal != "" && probe.Portal != p.region {
				say(probe.Portal, "its portal says so")
				return
			}
		}
	})
}

func dualStack(f *Facts, report func(Finding)) {
	f.portals(func(p portal) {
		u, err := url.Parse(p.url)
		if err != nil || !strings.Contains(u.Hostname(), ".portal.") || !strings.HasSuffix(strings.ToLower(u.Hostname()), ".app.aws") || strings.EqualFold(f.env("AWS_USE_DUALSTACK_ENDPOINT"), "true") {
			return
		}
		report(Finding{What: fmt.Sprintf("the start URL of the %s is that of a dual-stack portal, where device codes do not work", p.of),
			Cure: "Sign in without --use-device-code, or with AWS_USE_DUALSTACK_ENDPOINT=true in the environment.", Where: p.whereURL})
	})
}

// firstLabel is a name for a session of a start URL: what its host begins with.
func firstLabel(startURL string) string {
	host := "sso"
	if u, err := url.Parse(startURL); err == nil && u.Hostname() != "" {
		host, _, _ = strings.Cut(strings.ToLower(u.Hostname()), ".")
	}
	if name := plainName(host); name != "" {
		return name
	}
	return "sso"
}
