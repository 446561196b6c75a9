package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

const unsetKeys = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION"

// environmentChecks are for variables that say something else than the files.
func environmentChecks() []Check {
	return family("The environment",
		Check{ID: "env-keys-shadow", Severity: Error, Title: "Keys in the environment hide the profile",
			Why:  "The AWS CLI and the SDKs take AWS_ACCESS_KEY_ID before AWS_PROFILE and before the default profile; only --profile beats it. Such keys are never renewed.",
			Cure: "`" + unsetKeys + "`", find: keysShadow},
		Check{ID: "env-keys-expired", Severity: Error, Title: "The keys in the environment have expired",
			Why:  "Every call fails with ExpiredToken, although the profile is signed in.",
			Cure: "`" + unsetKeys + "`, or use `portico exec`, which starts with fresh ones.", find: keysExpired},
		Check{ID: "env-keys-half", Severity: Error, Title: "A part of the keys is in the environment", Why: "The AWS CLI fails with “Partial credentials found in env”.",
			Cure: "`" + unsetKeys + "`", find: keysHalf},
		Check{ID: "env-profile-missing", Severity: Error, Title: "AWS_PROFILE names no profile, or is empty",
			Why:  "Every command fails with “The config profile could not be found”, even those that need none.",
			Cure: "Set AWS_PROFILE to a profile that exists, or unset it.", find: envProfileMissing},
		Check{ID: "env-no-profile", Severity: Note, Title: "Nothing says which profile is meant", Why: "Without --profile every command ends with “Unable to locate credentials”.",
			Cure: "`export AWS_PROFILE=NAME` in the shell's start-up file, or call a profile `[default]`.", find: noProfile},
		Check{ID: "env-two-profiles", Severity: Warning, Title: "AWS_PROFILE and AWS_DEFAULT_PROFILE differ",
			Why:  "The AWS CLI and most SDKs take AWS_PROFILE, boto3 takes AWS_DEFAULT_PROFILE: a script may work in another account than the shell.",
			Cure: "`unset AWS_DEFAULT_PROFILE`", find: envTwo("AWS_PROFILE", "AWS_DEFAULT_PROFILE")},
		Check{ID: "env-two-regions", Severity: Warning, Title: "AWS_REGION and AWS_DEFAULT_REGION differ",
			Why:  "boto3 reads AWS_DEFAULT_REGION alone, most other SDKs AWS_REGION alone.",
			Cure: "Set both to one region, or unset one.", find: envTwo("AWS_REGION", "AWS_DEFAULT_REGION")},
		Check{ID: "env-web-identity", Severity: Warning, Title: "A web identity in the environment hides the profile",
			Why: "Where AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are set, the SDKs assume that role before they look at the default profile.", Cure: "`unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE`", find: webIdentity},
		Check{ID: "env-endpoints-ignored", Severity: Warning, Title: "AWS_ENDPOINT_URL is set and to be ignored", Why: "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS sends everything to AWS, whatever the address.",
			Cure: "Unset one of the two.", find: endpointsIgnored},
		Check{ID: "proxy-malformed", Severity: Error, Title: "A proxy variable is no address", Why: "No request leaves this machine.", Cure: "Write it as http://HOST:PORT.", find: proxyMalformed},
		Check{ID: "proxy-two-values", Severity: Warning, Title: "A proxy is named twice, differently", Why: "Python takes the variable in small letters, Go the one in capitals: one tool gets through and another does not.",
			Cure: "Set both to the same address, or unset one.", find: proxyTwice},
		Check{ID: "proxy-loopback", Severity: Warning, Title: "A proxy is to be used for this machine itself",
			Why:  "The AWS CLI and SDKs ask the proxy for 127.0.0.1, where credential endpoints, portico serve and the local Identity Center are.",
			Cure: "`export NO_PROXY=127.0.0.1,localhost,169.254.169.254`", find: proxyLoopback},
		Check{ID: "ca-bundle", Severity: Error, Title: "A file of CA certificates cannot be used",
			Why: "Every connection fails, in the AWS CLI with “Could not find a suitable TLS CA certificate bundle” or “SSL validation failed”.", Cure: "Name a file of PEM certificates, or unset the variable.", find: bundles},
	)
}

// handedOver tells whether the environment was made by portico exec, whose keys are
// meant to be there.
func (f *Facts) handedOver() bool {
	return f.env("PORTICO_PROFILE") != "" || f.env("PORTICO_ROLE") != ""
}

// expired tells whether the keys in the environment say that they are over.
func (f *Facts) expired() (time.Time, bool) {
	for _, name := range []string{"AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION", "AWSUME_EXPIRATION"} {
		if at, err := wallet.ParseTime(f.env(name)); f.env(name) != "" && err == nil {
			return at, at.Before(f.Now)
		}
	}
	return time.Time{}, false
}

func keysShadow(f *Facts, report func(Finding)) {
	if f.env("AWS_ACCESS_KEY_ID") == "" || f.handedOver() {
		return
	}
	hidden, how := f.env("AWS_PROFILE"), "AWS_PROFILE="
	if hidden == "" {
		hidden, how = f.env("AWS_DEFAULT_PROFILE"), "AWS_DEFAULT_PROFILE="
	}
	if hidden == "" {
		if _, ok := f.Merged.Profile("default"); !ok {
			return
		}
		hidden, how = "default", "the profile "
	}
	report(Finding{What: fmt.Sprintf("AWS_ACCESS_KEY_ID in the environment hides %s%s", how, hidden), Cure: unsetKeys, Where: "AWS_ACCESS_KEY_ID"})
}

func keysExpired(f *Facts, report func(Finding)) {
	if at, over := f.expired(); over && f.env("AWS_ACCESS_KEY_ID") != "" {
		cure := unsetKeys
		if f.handedOver() {
			cure = "Leave this shell (exit), and start it again with: " + f.Program + " exec"
		}
		report(Finding{What: fmt.Sprintf("the keys in the environment expired %s ago", round(f.Now.Sub(at))), Cure: cure, Where: "AWS_ACCESS_KEY_ID"})
	}
}

func keysHalf(f *Facts, report func(Finding)) {
	id, secret, token := f.env("AWS_ACCESS_KEY_ID") != "", f.env("AWS_SECRET_ACCESS_KEY") != "", f.env("AWS_SESSION_TOKEN") != ""
	if id != secret || (token && !id) {
		var have []string
		for name, set := range map[string]bool{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token} {
			if set {
				have = append(have, name)
			}
		}
		slices.Sort(have)
		report(Finding{What: fmt.Sprintf("the environment has %s and not the rest of the keys", strings.Join(have, " and ")), Cure: unsetKeys, Where: have[0]})
	}
}

func envProfileMissing(f *Facts, report func(Finding)) {
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		value, set := f.Lookup(name)
		if !set {
			continue
		}
		if value == "" {
			report(Finding{What: name + " is set to nothing, which to the AWS CLI is a profile without a name", Cure: "unset " + name, Where: name})
		} else if _, ok := f.Merged.Profile(value); !ok {
			cure := "unset " + name
			if like := f.nearest(value, f.Merged.Profiles()); like != "" {
				cure = fmt.Sprintf("export %s=%s", name, word(like))
			}
			report(Finding{What: fmt.Sprintf("%s names the profile %q, which does not exist", name, value), Cure: cure, Where: name})
		}
	}
}

func noProfile(f *Facts, report func(Finding)) {
	_, one := f.Lookup("AWS_PROFILE")
	_, other := f.Lookup("AWS_DEFAULT_PROFILE")
	_, byDefault := f.Merged.Profile("default")
	names := f.Merged.Profiles()
	if !one && !other && !byDefault && len(names) > 0 && f.env("AWS_ACCESS_KEY_ID") == "" {
		report(Finding{What: "there is no default profile, and AWS_PROFILE is not set: a command without --profile has no credentials", Cure: "export AWS_PROFILE=" + word(names[0])})
	}
}

func envTwo(one, two string) func(*Facts, func(Finding)) {
	return func(f *Facts, report func(Finding)) {
		a, b := f.env(one), f.env(two)
		if a != "" && b != "" && a != b {
			report(Finding{What: fmt.Sprintf("%s is %s and %s is %s: boto3 takes the second, other tools the first", one, a, two, b), Cure: "unset " + two, Where: two})
		}
	}
}

func webIdentity(f *Facts, report func(Finding)) {
	if f.env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && f.env("AWS_ROLE_ARN") != "" {
		report(Finding{What: "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN hide the default profile", Cure: "unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE", Where: "AWS_WEB_IDENTITY_TOKEN_FILE"})
	}
}

func endpointsIgnored(f *Facts, report func(Finding)) {
	if f.env("AWS_ENDPOINT_URL") != "" && strings.EqualFold(f.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		report(Finding{What: "AWS_ENDPOINT_URL has no effect, as AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true", Cure: "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", Where: "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"})
	}
}

func proxyMalformed(f *Facts, report func(Finding)) {
	for _, p := range f.Proxies {
		if p.Problem != "" {
			report(Finding{What: fmt.Sprintf("%s cannot be used: %s", p.Variable, p.Problem), Cure: fmt.Sprintf("export %s=http://HOST:PORT", p.Variable), Where: p.Variable})
		}
	}
}

func proxyTwice(f *Facts, report func(Finding)) {
	if f.OS == "windows" {
		return // where the two are one
	}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"} {
		big, small := f.env(name), f.env(strings.ToLower(name))
		if big != "" && small != "" && big != small {
			report(Finding{What: fmt.Sprintf("%s and %s differ: Python takes the second, Go the first", name, strings.ToLower(name)), Cure: fmt.Sprintf("export %s=\"$%s\"", strings.ToLower(name), name), Where: name})
		}
	}
}

func proxyLoopback(f *Facts, report func(Finding)) {
	if len(f.Proxies) == 0 {
		return
	}
	past := f.env("no_proxy")
	if past == "" {
		past = f.env("NO_PROXY")
	}
	entries := strings.FieldsFunc(strings.ToLower(past), func(r rune) bool { return r == ',' || r == ' ' })
	if slices.ContainsFunc(entries, func(e string) bool { return e == "*" || e == "127.0.0.1" || strings.HasPrefix(e, "127.0.0.0/") }) {
		return
	}
	report(Finding{What: fmt.Sprintf("%s is set and NO_PROXY does not name 127.0.0.1, so tools ask the proxy for this machine itself", f.Proxies[0].Variable),
		Cure: "export NO_PROXY=" + strings.Join(append(entries, "127.0.0.1", "localhost", "169.254.169.254"), ","), Where: f.Proxies[0].Variable})
}

func bundles(f *Facts, report func(Finding)) {
	for _, b := range f.Bundles {
		if b.Problem != "" {
			cure := "Name a file of PEM certificates, or: unset " + b.Setting
			if b.Where != "" {
				cure = "Name a file of PEM certificates there, or delete the line."
			}
			report(Finding{What: fmt.Sprintf("%s names %s, which %s", b.Setting, b.Path, b.Problem), Cure: cure, Where: b.Where})
		}
	}
}

// round is a duration for people.
func round(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return plural(int(d/time.Hour), "hour")
	case d >= time.Minute:
		return plural(int(d/time.Minute), "minute")
	}
	return plural(int(d/time.Second), "second")
}
