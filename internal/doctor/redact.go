package doctor

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Redactor takes out of texts what a bug ticket must not hold. What is the same
// before is the same after: an account is account-1 wherever it stands.
type Redactor struct {
	home     string
	user     string
	hosts    []string // of start URLs
	accounts map[string]string
	patterns []redaction
}

type redaction struct {
	pattern *regexp.Regexp
	with    func(r *Redactor, match string) string
}

// NewRedactor knows the home and the portals of the facts.
func NewRedactor(f *Facts) *Redactor {
	r := &Redactor{home: f.Home, user: f.env("USER"), accounts: map[string]string{}}
	for _, p := range f.Portals() {
		text := p.StartURL
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" && !slices.Contains(r.hosts, u.Hostname()) {
			r.hosts = append(r.hosts, u.Hostname())
		}
	}
	hidden := func(*Redactor, string) string { return "(hidden)" }
	r.patterns = []redaction{
		{regexp.MustCompile(`(?s)-----BEGIN.*?-----END[^-]*-----`), hidden},
		{regexp.MustCompile(`://[^/\s@]*@`), func(*Redactor, string) string { return "://(hidden)@" }},
		{regexp.MustCompile(`[\w.+%-]+@[\w-]+(\.[\w-]+)+`), func(*Redactor, string) string { return "(e-mail)" }},
		{regexp.MustCompile(`\b(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}\b`), hidden},
		{regexp.MustCompile(`\b(d-[0-9a-f]{10}|ssoins-[0-9a-zA-Z]+)\b`), func(*Redactor, string) string { return "(instance)" }},
		{regexp.MustCompile(`\b[0-9]{12}\b`), (*Redactor).account},
		{regexp.MustCompile(`[A-Za-z0-9+=_-]{32,}(\.json)?`), func(_ *Redactor, match string) string {
			if regexp.MustCompile(`^[0-9a-f]{40}\.json$`).MatchString(match) {
				return match[:6] + "….json" // the name of a cache file
			}
			return "(hidden)"
		}},
		{regexp.MustCompile(`(?i)\b[\w-]+(\.[\w-]+)*\.(awsapps\.com|awsapps\.cn)\b`), func(*Redactor, string) string { return "(portal)" }},
	}
	return r
}

func (r *Redactor) account(id string) string {
	if r.accounts[id] == "" {
		r.accounts[id] = fmt.Sprintf("(account %d)", len(r.accounts)+1)
	}
	return r.accounts[id]
}

// Text is a text without secrets.
func (r *Redactor) Text(s string) string {
	if r.home != "" && r.home != string(filepath.Separator) {
		s = strings.ReplaceAll(s, r.home, "~")
	}
	for i, host := range r.hosts {
		s = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(host)).ReplaceAllLiteralString(s, fmt.Sprintf("(portal %d)", i+1))
	}
	for _, p := range r.patterns {
		s = p.pattern.ReplaceAllStringFunc(s, func(m string) string { return p.with(r, m) })
	}
	if len(r.user) > 2 {
		s = regexp.MustCompile(`\b`+regexp.QuoteMeta(r.user)+`\b`).ReplaceAllLiteralString(s, "(user)")
	}
	return s
}

// Keys whose values may be told, after [Redactor.Text].
var openKeys = []string{
	"region", "output", "sso_session", "sso_region", "sso_start_url", "sso_account_id", "sso_role_name", "sso_registration_scopes", "source_profile", "credential_source", "role_arn",
	"services", "endpoint_url", "use_dualstack_endpoint", "use_fips_endpoint", "ignore_configured_endpoint_urls", "ca_bundle", "duration_seconds", "cli_pager", "portico_store", "portico_login", "portico_sync",
}

// regionLike is what a region may be mistaken for: one with a zone's letter.
var regionLike = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^"?[a-z]{2,4}(-[a-z]+)+-\d+[a-z]?"?$`) })

// open is a value that may be told, if it is what its key is for.
func (r *Redactor) open(key, value string) string {
	rest := ""
	if at := comment(value); at >= 0 {
		value, rest = strings.TrimSpace(value[:at]), " "+value[at:at+1]+" (comment)"
	}
	if strings.HasSuffix(strings.ToLower(strings.TrimSpace(key)), "region") && value != "" && !regionLike().MatchString(value) {
		return "(hidden)" + rest
	}
	return r.Text(value) + rest
}

// Config is a config file line by line: sections, keys, and the values of keys that
// hold no secret. Of everything else that it is there.
func (r *Redactor) Config(t *Text) string {
	var b strings.Builder
	for i, l := range splitLines(t.Data) {
		l = strings.TrimRight(l, "\r\n")
		content := strings.TrimSpace(l)
		indent := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
		text := ""
		switch name, value, ok := strings.Cut(content, "="); {
		case content == "":
		case content[0] == '#' || content[0] == ';':
			text = content[:1] + " (comment)"
		case content[0] == '[':
			text = r.Text(content)
		case !ok && strings.Contains(content, ":"):
			name, _, _ := strings.Cut(content, ":")
			text = r.Text(strings.TrimSpace(name)) + ": (hidden)"
		case !ok:
			text = "(a line without =)"
		case slices.Contains(openKeys, strings.ToLower(strings.TrimSpace(name))):
			text = strings.TrimSpace(name) + " = " + r.open(name, strings.TrimSpace(value))
		default:
			text = r.Text(strings.TrimSpace(name)) + " = (hidden)"
		}
		fmt.Fprintf(&b, "%4d  %s%s\n", i+1, strings.ReplaceAll(indent, "\t", "→"), text)
	}
	return b.String()
}
