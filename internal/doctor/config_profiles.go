package doctor

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// profileChecks are for profiles and sessions that do not fit together, or fit
// otherwise than their author thinks.
func profileChecks() []Check {
	return family("Profiles and sessions",
		Check{ID: "session-missing", Severity: Error, Title: "A profile names an sso-session that does not exist",
			Why:  "Every use of the profile fails with “The specified sso-session does not exist”.",
			Cure: "Correct `sso_session`, or make the session with `portico configure sso-session`.", Fixes: true, find: sessionMissing},
		Check{ID: "session-conflict", Severity: Error, Title: "A profile and its sso-session have different values for one key",
			Why:  "The AWS CLI and boto3 refuse the profile (“The value for sso_region is inconsistent between profile and sso-session”); signing in uses the session's value alone.",
			Cure: "Take the key out of the profile; the session's value counts.", Fixes: true, find: sessionConflict},
		Check{ID: "session-incomplete", Severity: Error, Title: "An sso-session lacks its start URL or its region",
			Why:  "Nobody can sign in to it: “Missing the following required SSO configuration values”.",
			Cure: "`portico configure sso-session` asks for what is missing.", find: sessionIncomplete},
		Check{ID: "session-scopes", Severity: Warning, Title: "An sso-session does not ask for the scope sso:account:access",
			Why:  "A sign-in by device code then gets no refresh token and ends after an hour or so; with other scopes alone, no account can be listed.",
			Cure: "Set `sso_registration_scopes = sso:account:access`, and sign in again.", Fixes: true, find: sessionScopes},
		Check{ID: "profile-incomplete", Severity: Error, Title: "A profile has a part of its SSO settings",
			Why:  "“The profile is configured to use SSO but is missing required configuration”, or with neither account nor role “Unable to locate credentials”.",
			Cure: "`portico configure sso --profile NAME` asks for what is missing.", find: profileIncomplete},
		Check{ID: "profile-legacy", Severity: Warning, Title: "A profile has its start URL in its own section",
			Why:  "Its sign-in cannot be refreshed and ends after the first hours; profiles of one start URL share it only if they spell it alike.",
			Cure: "Make an `[sso-session]` of it. Keys, comments and a valid sign-in are kept.", Fixes: true, find: profileLegacy},
		Check{ID: "profile-sso-beats-process", Severity: Warning, Title: "A profile has SSO settings and a credential_process",
			Why:  "The AWS CLI and the SDKs take SSO, and never run the process.",
			Cure: "Remove the one that is not meant; without the process nothing changes.", Fixes: true, find: ssoBeatsProcess},
		Check{ID: "profile-keys-and-sso", Severity: Error, Title: "A profile has SSO settings and access keys",
			Why:  "The AWS CLI and boto3 take SSO, the AWS SDK for Go takes the keys: two tools act as two identities.",
			Cure: "Remove the keys from the profile, in both files.", find: keysAndSSO},
		Check{ID: "profile-role-beats-sso", Severity: Warning, Title: "A profile has SSO settings and a role to assume",
			Why:  "All tools assume the role with the source profile's credentials, and pass over the account and role of SSO.",
			Cure: "Give the SSO settings a profile of their own, and name that as source_profile.", find: roleBeatsSSO},
		Check{ID: "profile-no-access", Severity: Warning, Title: "A profile names an account or role that its session does not reach",
			Why:  "GetRoleCredentials fails with ForbiddenException “No access”. The assignment was taken back, or the account or role is another one.",
			Cure: "See what there is with `portico catalog --refresh`; `portico configure sso --profile NAME` chooses another.", find: noAccess},
		Check{ID: "static-keys-expired", Severity: Warning, Title: "Temporary keys in the files have expired",
			Why:  "Tools that read static keys alone fail with ExpiredToken, and nobody renews the keys for them.",
			Cure: "`portico write --all` writes fresh ones, `portico write --all --watch` keeps them so.", find: staticKeysExpired},
		Check{ID: "long-lived-keys", Severity: Warning, Title: "The files hold access keys that never expire",
			Why:  "Whoever copies the file has them until somebody deactivates them. SSO gives keys that end by themselves.",
			Cure: "Use an SSO profile, deactivate the key in IAM, then delete the section.", find: longLivedKeys},
		Check{ID: "source-profile", Severity: Error, Title: "source_profile names no profile, or leads in a circle", Why: "The role cannot be assumed.",
			Cure: "Correct source_profile.", find: sourceProfile},
		Check{ID: "services-missing", Severity: Error, Title: "A profile names a services section that does not exist",
			Why: "The AWS CLI and boto3 refuse the profile; the AWS SDK for Go passes over it.", Cure: "Correct `services`, or write the section.", find: servicesMissing},
		Check{ID: "region-malformed", Severity: Error, Title: "A region is none", Why: "No service has an address there: “Could not connect to the endpoint URL”.",
			Cure: "Write it as eu-west-1. `sso_region` is the region of the Identity Center, `region` that of your resources.", find: regionMalformed},
		Check{ID: "output-unknown", Severity: Error, Title: "An output format is unknown", Why: "Every command that prints fails with “Unknown output type”.",
			Cure: "Use json, text, table, yaml, yaml-stream or off.", find: outputUnknown},
		Check{ID: "local-mixed", Severity: Warning, Title: "Sessions of a local Identity Center stand among real ones",
			Why:  "With AWS_ENDPOINT_URL set the real session's sign-in goes to the local one, and without it the local session's goes to AWS.",
			Cure: "Keep the local ones in a home of their own: `portico local env --home DIR`.", find: localMixed},
	)
}

func (f *Facts) profiles(visit func(p awsconfig.Profile)) {
	for _, name := range f.Merged.Profiles() {
		p, _ := f.Merged.Profile(name)
		visit(p)
	}
}

func (f *Facts) sessions(visit func(s awsconfig.SSOSession)) {
	for _, name := range f.Merged.Sessions() {
		s, _ := f.Merged.Session(name)
		visit(s)
	}
}

// keyWhere is where a profile's or session's key stands.
func (f *Facts) keyWhere(v interface {
	Origin(string) (awsconfig.Origin, bool)
}, key string) string {
	o, _ := v.Origin(key)
	return f.origin(o)
}

// sectionOf is the section of the file in which a profile's key stands.
func (f *Facts) sectionOf(p awsconfig.Profile, key string) awsconfig.Section {
	if o, _ := p.Origin(key); o.File == f.Credentials.Path {
		return awsconfig.Section{Kind: awsconfig.KindCredentials, Name: p.Name}
	}
	return profileSection(p.Name)
}

func sessionMissing(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		name, ok := p.SSO("sso_session")
		if _, found := f.Merged.Session(name); !ok || found {
			return
		}
		found := Finding{What: fmt.Sprintf("the profile %s names the sso-session %q, which does not exist", p.Name, name),
			Cure: fmt.Sprintf("%s configure sso-session --sso-session %s", f.Program, word(name)), Where: f.keyWhere(p, "sso_session")}
		if like := f.nearest(name, f.Merged.Sessions()); like != "" && p.Has("sso_session") {
			found.Cure = fmt.Sprintf("%s configure set sso_session %s --profile %s", f.Program, word(like), word(p.Name))
			found.Edits = []awsconfig.Edit{{Section: f.sectionOf(p, "sso_session"), Set: []awsconfig.KeyValue{awsconfig.Set("sso_session", like)}}}
		}
		report(found)
	})
}

func sessionConflict(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		name, _ := p.SSO("sso_session")
		s, ok := f.Merged.Session(name)
		if !ok {
			return
		}
		for _, k := range s.Keys() {
			theirs, _ := s.Get(k)
			ours, has := p.Get(k)
			if !has || ours == theirs {
				continue
			}
			found := Finding{What: fmt.Sprintf("%s of the profile %s (%s) is not that of its sso-session %s (%s)", k, p.Name, ours, name, theirs),
				Cure:  fmt.Sprintf("Take %s out of [profile %s]; the session's value counts.", k, p.Name),
				Where: f.keyWhere(p, k)}
			if strings.HasPrefix(k, "sso_") {
				found.Edits = []awsconfig.Edit{{Section: f.sectionOf(p, k), Set: []awsconfig.KeyValue{awsconfig.Unset(k)}}}
			} else {
				found.Cure = fmt.Sprintf("Take %s out of [sso-session %s], where it does not belong.", k, name)
			}
			report(found)
		}
	})
}

func sessionIncomplete(f *Facts, report func(Finding)) {
	f.sessions(func(s awsconfig.SSOSession) {
		var missing []string
		for k, v := range map[string]string{"sso_start_url": s.StartURL, "sso_region": s.Region} {
			if v == "" {
				missing = append(missing, k)
			}
		}
		slices.Sort(missing)
		slices.Reverse(missing)
		if len(missing) > 0 {
			report(Finding{What: fmt.Sprintf("the sso-session %s lacks %s", s.Name, strings.Join(missing, " and ")),
				Cure: fmt.Sprintf("%s configure sso-session --sso-session %s", f.Program, word(s.Name)), Where: f.header(sessionSection(s.Name))})
		}
	})
}

const accountScope = "sso:account:access"

func sessionScopes(f *Facts, report func(Finding)) {
	f.sessions(func(s awsconfig.SSOSession) {
		if slices.Contains(s.Scopes, accountScope) {
			return
		}
		found := Finding{What: fmt.Sprintf("the sso-session %s has no sso_registration_scopes, so not every sign-in can be refreshed", s.Name), Where: f.header(sessionSection(s.Name)),
			Cure: fmt.Sprintf("%s configure set sso_registration_scopes %s --sso-session %s", f.Program, accountScope, word(s.Name))}
		to := accountScope
		if len(s.Scopes) > 0 {
			found.Severity = Error
			found.What = fmt.Sprintf("the sso-session %s asks for %s and not for %s, so it can list no account", s.Name, strings.Join(s.Scopes, ", "), accountScope)
			found.Where = f.keyWhere(s, "sso_registration_scopes")
			to = strings.Join(append([]string{accountScope}, s.Scopes...), ",")
		}
		found.Edits = []awsconfig.Edit{{Section: sessionSection(s.Name), Set: []awsconfig.KeyValue{awsconfig.Set("sso_registration_scopes", to)}}}
		report(found)
	})
}

// resolved is what a profile's role of SSO takes, in AWS's own order of checks.
func (f *Facts) resolved(p awsconfig.Profile) error {
	s := awsconfig.ResolveLoose(f.Merged, awsconfig.Flags{Profile: p.Name}, func(string) (string, bool) { return "", false })
	_, err := s.SSO()
	return err
}

func profileIncomplete(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		cure := fmt.Sprintf("%s configure sso --profile %s", f.Program, word(p.Name))
		where := f.header(profileSection(p.Name))
		if missing, ok := errors.AsType[*awsconfig.IncompleteError](f.resolved(p)); ok && p.HasRole() {
			lacks := missing.Missing
			if name, has := p.SSO("sso_session"); has { // sessionIncomplete has the rest
				if _, there := f.Merged.Session(name); there {
					lacks = slices.DeleteFunc(slices.Clone(lacks), func(k string) bool { return k == "sso_start_url" || k == "sso_region" })
				}
			}
			if len(lacks) > 0 {
				report(Finding{What: fmt.Sprintf("the profile %s lacks %s", p.Name, strings.Join(lacks, ", ")), Cure: cure, Where: where})
			}
			return
		}
		_, session := p.SSO("sso_session")
		if (session || p.Has("sso_start_url")) && !p.HasRole() && !p.AssumesRole() && !p.Has("credential_process") && !p.Has("aws_access_key_id") {
			report(Finding{Severity: Warning, What: fmt.Sprintf("the profile %s has neither sso_account_id nor sso_role_name, so it gives no credentials", p.Name), Cure: cure, Where: where})
		}
	})
}

func profileLegacy(f *Facts, report func(Finding)) {
	given := map[[2]string]string{} // start URL and region, and the session they got
	f.profiles(func(p awsconfig.Profile) {
		startURL, _ := p.Get("sso_start_url")
		region, _ := p.Get("sso_region")
		if _, has := p.SSO("sso_session"); has || startURL == "" || p.SealedForm() {
			return
		}
		found := Finding{What: fmt.Sprintf("the profile %s has its start URL in its own section: its sign-in cannot be refreshed", p.Name),
			Cure: fmt.Sprintf("%s doctor --fix makes an sso-session of it, or: %s configure sso --profile %s", f.Program, f.Program, word(p.Name)), Where: f.keyWhere(p, "sso_start_url")}
		if region == "" {
			report(found) // profileIncomplete says what comes first
			return
		}
		id := [2]string{startURL, region}
		name, known := given[id]
		if !known {
			name = f.sessionFor(startURL, region, given)
			given[id] = name
		}
		if _, exists := f.Merged.Session(name); !exists {
			found.Edits = append(found.Edits, awsconfig.Edit{Section: sessionSection(name), Set: []awsconfig.KeyValue{
				awsconfig.Set("sso_start_url", startURL), awsconfig.Set("sso_region", region), awsconfig.Set("sso_registration_scopes", accountScope)}})
		}
		found.Edits = append(found.Edits,
			awsconfig.Edit{Section: f.sectionOf(p, "sso_start_url"), Set: []awsconfig.KeyValue{awsconfig.Set("sso_session", name), awsconfig.Unset("sso_start_url")}},
			awsconfig.Edit{Section: f.sectionOf(p, "sso_region"), Set: []awsconfig.KeyValue{awsconfig.Unset("sso_region")}})
		if token := f.token(wallet.TokenKey("", startURL)); token != nil && f.token(wallet.TokenKey(name, "")) == nil && f.expiry(*token).After(f.Now) {
			to := filepath.Join(filepath.Dir(token.Path), wallet.TokenKey(name, "")+".json")
			found.Actions = append(found.Actions, Action{Kind: CopyFile, Path: token.Path, To: to})
		}
		report(found)
	})
}

// sessionFor is the session of a start URL and region: one that exists, or a new
// name for it.
func (f *Facts) sessionFor(startURL, region string, given map[[2]string]string) string {
	for _, name := range f.Merged.Sessions() {
		if s, _ := f.Merged.Session(name); s.StartURL == startURL && s.Region == region && !s.Sealed() {
			return name
		}
	}
	base := firstLabel(startURL)
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		_, taken := f.Merged.Session(name)
		for _, other := range given {
			taken = taken || other == name
		}
		if !taken {
			return name
		}
	}
}

func ssoBeatsProcess(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		process, _ := p.Get("credential_process")
		if process == "" || !(p.Has("sso_account_id") || p.Has("sso_role_name")) {
			return
		}
		found := Finding{What: fmt.Sprintf("the credential_process of the profile %s is never run: its SSO settings win", p.Name),
			Cure:  fmt.Sprintf("Take credential_process out of [profile %s], or sso_account_id and sso_role_name if the process is meant.", p.Name),
			Where: f.keyWhere(p, "credential_process")}
		f.eachKey(func(t *Text, s section, k key) {
			if o, _ := p.Origin("credential_process"); t.Path == o.File && t.where(k.line) == f.origin(o) && len(k.more) == 0 {
				text := "# " + strings.TrimSpace(k.text)
				found.Lines = []LineEdit{{Path: t.Path, Line: k.line, Text: &text}}
			}
		})
		report(found)
	})
}

func keysAndSSO(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		if p.Has("aws_access_key_id") && p.HasRole() {
			report(Finding{What: fmt.Sprintf("the profile %s has SSO settings and access keys: the AWS CLI takes SSO, the AWS SDK for Go the keys", p.Name),
				Cure:  fmt.Sprintf("Delete aws_access_key_id, aws_secret_access_key and aws_session_token of %s in %s.", p.Name, f.fileOf(p, "aws_access_key_id")),
				Where: f.keyWhere(p, "aws_access_key_id")})
		}
	})
}

func (f *Facts) fileOf(p awsconfig.Profile, key string) string {
	if o, _ := p.Origin(key); o.File == f.Credentials.Path {
		return f.Credentials.Shown
	}
	return f.Config.Shown
}

func roleBeatsSSO(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		if p.AssumesRole() && p.HasRole() {
			report(Finding{What: fmt.Sprintf("the SSO settings of the profile %s are never used: its role_arn wins", p.Name),
				Cure: fmt.Sprintf("Put sso_session, sso_account_id and sso_role_name into a profile of their own, and name it as source_profile of %s.", p.Name), Where: f.keyWhere(p, "role_arn")})
		}
	})
}

func longLivedKeys(f *Facts, report func(Finding)) {
	hasSSO := len(f.Merged.Sessions()) > 0
	f.profiles(func(p awsconfig.Profile) {
		hasSSO = hasSSO || p.Has("sso_start_url")
	})
	f.profiles(func(p awsconfig.Profile) {
		id, _ := p.Get("aws_access_key_id")
		if !hasSSO || !strings.HasPrefix(id, "AKIA") {
			return
		}
		report(Finding{What: fmt.Sprintf("the profile %s holds a long-lived access key, which SSO makes needless", p.Name),
			Cure:  fmt.Sprintf("Make an SSO profile (%s configure sso), deactivate the key in IAM, then delete it from %s.", f.Program, f.fileOf(p, "aws_access_key_id")),
			Where: f.keyWhere(p, "aws_access_key_id")})
	})
}

func noAccess(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		session, _ := p.SSO("sso_session")
		account, _ := p.SSO("sso_account_id")
		role, _ := p.SSO("sso_role_name")
		for _, r := range f.Reaches {
			if session == "" || r.Session != session || account == "" || role == "" || unclean(account) || unclean(role) || r.Roles[account+"/"+role] {
				continue
			}
			report(Finding{What: fmt.Sprintf("the profile %s names the role %s in %s, which you did not reach by the sso-session %s %s ago", p.Name, role, account, session, round(f.Now.Sub(r.Listed))),
				Cure:  fmt.Sprintf("%s catalog --refresh --sso-session %s, then %s configure sso --profile %s to choose another", f.Program, word(session), f.Program, word(p.Name)),
				Where: f.header(profileSection(p.Name))})
		}
	})
}

// expiryKeys are where tools that write temporary keys note how long they last.
var expiryKeys = []string{"portico_expiration", "x_security_token_expires", "aws_session_expiration", "aws_expiration", "expiration"}

func staticKeysExpired(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		for _, k := range expiryKeys {
			text, _ := p.Get(k)
			at, err := wallet.ParseTime(text)
			if text == "" || err != nil || at.After(f.Now) || !p.Has("aws_session_token") {
				continue
			}
			cure := fmt.Sprintf("Delete the section %s of %s, or let the tool that wrote it renew it.", p.Name, f.fileOf(p, k))
			if k == expiryKeys[0] {
				cure = f.Program + " write --all"
			}
			report(Finding{What: fmt.Sprintf("the temporary keys of the profile %s expired %s ago", p.Name, round(f.Now.Sub(at))), Cure: cure, Where: f.keyWhere(p, k)})
			return
		}
	})
}

func sourceProfile(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		source, ok := p.Get("source_profile")
		if !ok || !p.Has("role_arn") {
			return
		}
		where := f.keyWhere(p, "source_profile")
		if _, found := f.Merged.Profile(source); !found {
			cure := fmt.Sprintf("Correct source_profile of %s.", p.Name)
			if like := f.nearest(source, f.Merged.Profiles()); like != "" {
				cure = fmt.Sprintf("%s configure set source_profile %s --profile %s", f.Program, word(like), word(p.Name))
			}
			report(Finding{What: fmt.Sprintf("source_profile of %s names %q, which does not exist", p.Name, source), Cure: cure, Where: where})
			return
		}
		seen := []string{p.Name}
		for name := source; ; {
			next, _ := f.Merged.Profile(name)
			if slices.Contains(seen, name) {
				if name == p.Name && (len(seen) > 1 || !next.Has("aws_access_key_id")) {
					report(Finding{What: fmt.Sprintf("source_profile leads in a circle: %s", strings.Join(append(seen, name), " → ")), Cure: fmt.Sprintf("Correct source_profile of %s.", p.Name), Where: where})
				}
				return
			}
			seen = append(seen, name)
			if name, ok = next.Get("source_profile"); !ok || !next.Has("role_arn") {
				return
			}
		}
	})
}

func servicesMissing(f *Facts, report func(Finding)) {
	f.profiles(func(p awsconfig.Profile) {
		name, ok := p.Get("services")
		if _, found := f.Merged.Services(name); ok && !found {
			report(Finding{What: fmt.Sprintf("the profile %s names the services section %q, which does not exist", p.Name, name), Cure: fmt.Sprintf("Correct services of %s, or write [services %s].", p.Name, name), Where: f.keyWhere(p, "services")})
		}
	})
}

func regionMalformed(f *Facts, report func(Finding)) {
	look := func(kind, name, k, region, where string) {
		// What other checks explain better is theirs.
		if region == "" || awsconfig.ValidRegion(region) || comment(region) >= 0 || strings.ContainsAny(region, "\"'\n") {
			return
		}
		report(Finding{What: fmt.Sprintf("%s of the %s %s is %q, which is no region", k, kind, name, region), Cure: "Write a region such as eu-west-1 there; a letter behind it names an availability zone.", Where: where})
	}
	f.profiles(func(p awsconfig.Profile) {
		for _, k := range []string{"region", "sso_region"} {
			v, _ := p.Get(k)
			look("profile", p.Name, k, v, f.keyWhere(p, k))
		}
	})
	f.sessions(func(s awsconfig.SSOSession) {
		look("sso-session", s.Name, "sso_region", s.Region, f.keyWhere(s, "sso_region"))
	})
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if v := f.env(name); v != "" && !awsconfig.ValidRegion(v) {
			report(Finding{What: fmt.Sprintf("%s is %q, which is no region", name, v), Cure: "Set it to a region such as eu-west-1, or: unset " + name, Where: name})
		}
	}
}

func outputUnknown(f *Facts, report func(Finding)) {
	formats := []string{"json", "text", "table", "yaml", "yaml-stream", "off", ""}
	f.profiles(func(p awsconfig.Profile) {
		v, _ := p.Get("output")
		if !slices.Contains(formats, v) && comment(v) < 0 && !strings.ContainsAny(v, "\"'\n") {
			report(Finding{What: fmt.Sprintf("output of the profile %s is %q, which is no format", p.Name, v), Cure: fmt.Sprintf("%s configure set output json --profile %s", f.Program, word(p.Name)), Where: f.keyWhere(p, "output")})
		}
	})
	if v := f.env("AWS_DEFAULT_OUTPUT"); !slices.Contains(formats, v) {
		report(Finding{What: fmt.Sprintf("AWS_DEFAULT_OUTPUT is %q, which is no format", v), Cure: "unset AWS_DEFAULT_OUTPUT", Where: "AWS_DEFAULT_OUTPUT"})
	}
}

// builtInStartURL is that of the organisation which the local Identity Center has
// where nobody gives it another.
const builtInStartURL = "https://d-1234567890.awsapps.com/start"

func localMixed(f *Facts, report func(Finding)) {
	var local, real []string
	f.sessions(func(s awsconfig.SSOSession) {
		switch {
		case s.StartURL == "":
		case s.StartURL == builtInStartURL:
			local = append(local, s.Name)
		default:
			real = append(real, s.Name)
		}
	})
	if len(local) > 0 && len(real) > 0 {
		report(Finding{What: fmt.Sprintf("the sso-session %s of a local Identity Center stands in one file with the real %s", local[0], real[0]),
			Cure: fmt.Sprintf("Give local sign-ins a home of their own: eval \"$(%s local env --home DIR)\"", f.Program), Where: f.header(sessionSection(local[0]))})
	}
}
