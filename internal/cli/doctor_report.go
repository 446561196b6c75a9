package cli

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/doctor"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// writeReport writes what somebody who helps needs to know, and no secret.
func (d *doctorCommand) writeReport(facts *doctor.Facts, findings []doctor.Finding) error {
	a := d.app
	text := a.reportText(facts, findings)
	if d.report == "-" {
		_, err := io.WriteString(a.Stdout, text)
		return err
	}
	if err := atomicfile.Write(d.report, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(a.Stderr, "%s holds what was found. Read it before you send it.\n", terminal.Clean(d.report))
	return nil
}

func (a *App) reportText(facts *doctor.Facts, findings []doctor.Finding) string {
	r := doctor.NewRedactor(facts)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# portico doctor\n\n%s, %s/%s, %s", version(), runtime.GOOS, runtime.GOARCH, facts.Now.UTC().Format(time.RFC3339))
	if facts.NoBrowser != "" {
		line("This is %s.", facts.NoBrowser)
	}
	line("\n## Findings\n")
	for _, f := range findings {
		line("%s %s: %s", f.Severity, f.ID, r.Text(f.What))
		if f.Where != "" {
			line("  at %s", r.Text(f.Where))
		}
		line("  cure: %s", r.Text(f.Cure))
	}
	line("%s, %s", count(len(findings), "finding"), count(len(doctor.Checks()), "check"))
	line("\n## Programs\n")
	for _, t := range facts.Tools {
		line("%s %s at %s %s", t.Name, t.Version, r.Text(t.Path), r.Text(t.Problem))
	}
	line("\n## Environment\n")
	for _, v := range a.reportVariables() {
		line("%s", r.Text(v))
	}
	for _, t := range []*doctor.Text{facts.Config, facts.Credentials} {
		line("\n## %s\n\n%s", r.Text(t.Shown), r.Config(t))
	}
	line("## Caches\n")
	for _, c := range slices.Concat(facts.SSOCache, facts.RoleCache) {
		var keys []string
		for key := range c.Content {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		expires, _ := c.Content["expiresAt"].(string)
		if _, err := wallet.ParseTime(expires); err != nil {
			expires = "" // what is no date may be a secret
		}
		line("%s: %s; expires %s %s", r.Text(c.Shown), r.Text(strings.Join(keys, " ")), r.Text(expires), r.Text(c.Problem))
	}
	line("\n## Files\n")
	for _, f := range facts.Files {
		line("%04o %s", f.Mode, r.Text(f.Shown))
	}
	line("\n## Network\n")
	for _, p := range facts.Probes {
		line("%s: %s %s %s, clock %s, region %s", r.Text(p.Host), p.Step, r.Text(p.Problem), r.Text(p.Issuer), p.Ahead.Round(time.Second), p.Portal)
	}
	return b.String()
}

// Variables whose values may be told.
var openVariables = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_OUTPUT", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_CREDENTIAL_EXPIRATION",
	"NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "TERM", "LANG",
}

// reportVariables are those that matter to AWS tools, the values of the rest left
// out.
func (a *App) reportVariables() []string {
	var all []string
	for _, kv := range a.Env {
		name, value, _ := strings.Cut(kv, "=")
		switch upper := strings.ToUpper(name); {
		case slices.Contains(openVariables, name):
			all = append(all, name+"="+value)
		case strings.HasPrefix(upper, "AWS"), strings.HasPrefix(upper, "PORTICO"), strings.HasSuffix(upper, "_PROXY"), slices.Contains([]string{"BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "WSL_DISTRO_NAME", "DBUS_SESSION_BUS_ADDRESS"}, name):
			all = append(all, name+" is set")
		}
	}
	slices.Sort(all)
	if host, err := os.Hostname(); err == nil && len(host) > 2 {
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], host, "(this machine)")
		}
	}
	return all
}

// showPaths prints where each profile's credentials come from.
func (d *doctorCommand) showPaths() error {
	a := d.app
	paths := doctor.Paths(a.place().Read())
	if d.json {
		d.globals.Output = "json"
	}
	return a.show(d.globals, "doctor", paths, func() error {
		rows := [][]string{{"PROFILE", "AWS CLI, BOTO3", "GO SDK", "OLDER THAN 2023"}}
		for _, p := range paths {
			rows = append(rows, []string{terminal.Clean(p.Profile), terminal.Clean(p.Current), terminal.Clean(p.GoSDK), terminal.Clean(p.Old)})
		}
		return writeTable(a.Stdout, rows)
	})
}
