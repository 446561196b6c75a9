package doctor

import (
	"fmt"
	"strings"
	"time"
)

// A planted fault, the finding that names it, and those that it brings along.
type planted struct {
	name    string
	plant   func(h *home)
	want    string   // id
	along   []string // ids that it may bring too
	apart   string   // words, parted by commas: faults with the same one cannot be had together
	remains bool     // --fix does not cure this one, though it cures others of its id
	symptom string   // what the guides, or the pains of users, call it
}

func more(text string) func(h *home) {
	return func(h *home) { h.append(config, text) }
}

func keys(text string) func(h *home) {
	return func(h *home) { h.append(credentials, text) }
}

func set(pairs ...string) func(h *home) {
	return func(h *home) {
		for i := 0; i < len(pairs); i += 2 {
			h.env[pairs[i]] = pairs[i+1]
		}
	}
}

func facts(adjust func(f *Facts)) func(h *home) {
	return func(h *home) { h.adjust = append(h.adjust, adjust) }
}

func probe(p Probe) func(h *home) {
	return facts(func(f *Facts) { f.Probes = append(f.Probes, p) })
}

// profile is a profile of the healthy session, and more keys.
func profile(name, extra string) string {
	return "\n[profile " + name + "]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n" + extra
}

// session is a session that is signed in.
func session(h *home, name, startURL, region string) {
	h.append(config, fmt.Sprintf("\n[sso-session %s]\nsso_start_url = %s\nsso_region = %s\nsso_registration_scopes = sso:account:access\n", name, startURL, region))
	h.files[tokenFile(name)] = tokenJSON(startURL, region, 6*time.Hour)
}

var faults = []planted{
	// Files that cannot be read.
	{name: "line without =", plant: more(profile("syntax", "just some words\n")), want: "config-syntax", symptom: "Unable to parse config file"},
	{name: "text before the first header", plant: func(h *home) { h.files[config] = "region = eu-west-1\n" + h.files[config] }, want: "config-syntax", apart: "top"},
	{name: "open header", plant: more("\n[profile open\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-syntax"},
	{name: "nested line without =", plant: more(profile("nested", "s3 =\n    max_queue_size\n")), want: "config-syntax"},
	{name: "BOM", plant: func(h *home) { h.files[config] = byteOrderMark + h.files[config] }, want: "config-encoding", apart: "top"},
	{name: "Latin-1", plant: more("\n# caf\xe9\n"), want: "config-encoding", remains: true},
	{name: "section twice, alike", plant: more(profile("twice", "region = eu-west-1\n") + "\n# why\n[profile twice]\nregion = eu-west-1\noutput = json\n"), want: "config-duplicate-section"},
	{name: "section twice, at odds", plant: more(profile("odds", "region = eu-west-1\n") + "\n[profile odds]\nregion = eu-west-2\n"), want: "config-duplicate-section", remains: true},
	{name: "key twice, alike", plant: more(profile("same", "region = eu-west-1\nregion = eu-west-1\n")), want: "config-duplicate-key"},
	{name: "key twice, at odds", plant: more(profile("differ", "region = eu-west-1\nregion = eu-west-2\n")), want: "config-duplicate-key", remains: true},
	{name: "credentials that cannot be read", plant: keys("\n[odd]\naws_access_key_id\n"), want: "config-syntax", apart: "credentials file"},
	{name: "AWS_SHARED_CREDENTIALS_FILE is gone", plant: set("AWS_SHARED_CREDENTIALS_FILE", "$HOME/elsewhere/credentials"), want: "config-unreadable", apart: "credentials file"},

	// What two tools read differently.
	{name: "name with a blank, bare", plant: more("\n[profile my dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-name"},
	{name: "name with a blank, quoted", plant: more("\n[profile 'my prod']\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-name"},
	{name: "session with a blank", plant: func(h *home) {
		h.append(config, "\n[sso-session 'my corp']\nsso_start_url = https://blank.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n")
		h.files[tokenFile("my corp")] = tokenJSON("https://blank.awsapps.com/start", "eu-west-1", 6*time.Hour)
	}, want: "config-name"},
	{name: "quoted name", plant: more("\n[profile \"quoted\"]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-quoted-name"},
	{name: "header without profile", plant: more("\n[lost]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-lost-section", symptom: "The config profile (lost) could not be found"},
	{name: "two defaults", plant: more("\n[profile default]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "config-two-defaults", apart: "defaults"},
	{name: "DEFAULT in capitals", plant: more("\n[DEFAULT]\ncli_pager =\n"), want: "config-inherited"},
	{name: "inline comment", plant: more(profile("comment", "region = eu-west-1 # Ireland\n")), want: "config-inline-comment"},
	{name: "inline comment in the session", plant: func(h *home) {
		h.append(config, "\n[sso-session note]\nsso_start_url = https://note.awsapps.com/start ; ours\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n")
		h.files[tokenFile("note")] = tokenJSON("https://note.awsapps.com/start", "eu-west-1", 6*time.Hour)
	}, want: "config-inline-comment"},
	{name: "indented key", plant: more(profile("indent", "region = eu-west-1\n  output = json\n")), want: "config-continuation"},
	{name: "capitals", plant: more(profile("capitals", "Region = eu-west-1\n")), want: "config-key-case"},
	{name: "capitals and a comment in one line", plant: more(profile("both", "Region = eu-west-1 # x\n")), want: "config-inline-comment", along: []string{"config-key-case"}},
	{name: "quoted value", plant: more(profile("quotes", "region = \"eu-west-1\"\n")), want: "config-quoted-value"},
	{name: "colon", plant: more(profile("colon", "region: eu-west-1\n")), want: "config-colon"},

	// Profiles and sessions.
	{name: "session that is not there", plant: more("\n[profile gone]\nsso_session = elsewhere\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n"), want: "session-missing", remains: true, symptom: "The specified sso-session does not exist"},
	{name: "slip in the session's name", plant: more("\n[profile slip]\nsso_session = crop1\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n[sso-session crop]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n"), want: "session-missing", along: []string{"not-signed-in"}},
	{name: "region of profile and session", plant: more(profile("conflict", "sso_region = us-east-1\n")), want: "session-conflict"},
	{name: "start URL of profile and session", plant: more(profile("conflict2", "sso_start_url = https://other.awsapps.com/start\n")), want: "session-conflict"},
	{name: "session without a region", plant: more("\n[sso-session half]\nsso_start_url = https://half.awsapps.com/start\nsso_registration_scopes = sso:account:access\n"), want: "session-incomplete", symptom: "Missing sso_start_url, sso_region"},
	{name: "empty start URL", plant: more("\n[profile sandbox]\nsso_start_url =\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = superawesomerolename\n"), want: "profile-incomplete", symptom: "Missing sso_start_url, sso_region"},
	{name: "role missing", plant: more("\n[profile norole]\nsso_session = corp\nsso_account_id = 111111111111\n"), want: "profile-incomplete"},
	{name: "neither account nor role", plant: more("\n[profile bare]\nsso_session = corp\n"), want: "profile-incomplete", symptom: "Unable to locate credentials"},
	{name: "no scope", plant: func(h *home) {
		h.append(config, "\n[sso-session noscope]\nsso_start_url = https://noscope.awsapps.com/start\nsso_region = eu-west-1\n")
		h.files[tokenFile("noscope")] = tokenJSON("https://noscope.awsapps.com/start", "eu-west-1", 6*time.Hour)
	}, want: "session-scopes", symptom: "pain 12"},
	{name: "another scope", plant: func(h *home) {
		h.append(config, "\n[sso-session scope]\nsso_start_url = https://scope.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = codewhisperer:completions\n")
		h.files[tokenFile("scope")] = tokenJSON("https://scope.awsapps.com/start", "eu-west-1", 6*time.Hour)
	}, want: "session-scopes"},
	{name: "legacy profile", plant: more("\n# keep me\n[profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 111111111111\n# and me\nsso_role_name = ReadOnly\noutput = text\n"), want: "profile-legacy", along: []string{"not-signed-in"}, symptom: "pain 11: legacy keys"},
	{name: "process beside SSO", plant: more(profile("process", "credential_process = portico credential-process --profile prod\n")), want: "profile-sso-beats-process", symptom: "pain 29"},
	{name: "keys beside SSO", plant: func(h *home) {
		h.append(config, profile("keyed", ""))
		h.append(credentials, "\n[keyed]\naws_access_key_id = ASIAKEYEDKEYEDKEYED1\naws_secret_access_key = very-secret\n")
	}, want: "profile-keys-and-sso", apart: "credentials file", symptom: "pain 29"},
	{name: "role beside SSO", plant: more(profile("roled", "role_arn = arn:aws:iam::333333333333:role/Deploy\nsource_profile = prod\n")), want: "profile-role-beats-sso"},
	{name: "role that was taken back", plant: more("\n[profile lost-role]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Gone\n"), want: "profile-no-access", symptom: "Access denied; wrong account/role selected"},
	{name: "keys that were written are over", plant: keys("\n[dev-static]\naws_access_key_id = ASIASTATICSTATICSTAT\naws_secret_access_key = very-secret\naws_session_token = very-secret\nportico_expiration = " + stamp(-time.Hour) + "\n"), want: "static-keys-expired", apart: "credentials file", symptom: "pain 10"},
	{name: "long-lived keys", plant: keys("\n[ci]\naws_access_key_id = AKIALONGLIVEDLONGLI0\naws_secret_access_key = very-secret\n"), want: "long-lived-keys", apart: "credentials file"},
	{name: "source profile gone", plant: more("\n[profile chain]\nrole_arn = arn:aws:iam::333333333333:role/Deploy\nsource_profile = nobody\n"), want: "source-profile"},
	{name: "circle of source profiles", plant: more("\n[profile c1]\nrole_arn = arn:aws:iam::333333333333:role/A\nsource_profile = c2\n[profile c2]\nrole_arn = arn:aws:iam::333333333333:role/B\nsource_profile = c1\n"), want: "source-profile"},
	{name: "services gone", plant: more(profile("served", "services = nothing\n")), want: "services-missing"},
	{name: "zone for region", plant: more(profile("zone", "region = eu-west-1a\n")), want: "region-malformed"},
	{name: "AWS_REGION is none", plant: set("AWS_REGION", "Ireland"), want: "region-malformed", apart: "AWS_REGION"},
	{name: "output xml", plant: more(profile("xml", "output = xml\n")), want: "output-unknown"},
	{name: "local among real", plant: func(h *home) { session(h, "local", builtInStartURL, "us-east-1") }, want: "local-mixed"},

	// Start URL and region.
	{name: "start URL without scheme", plant: func(h *home) { session(h, "bare", "bare.awsapps.com/start", "eu-west-1") }, want: "start-url-invalid"},
	{name: "http", plant: func(h *home) { session(h, "plain", "http://plain.awsapps.com/start", "eu-west-1") }, want: "start-url-invalid"},
	{name: "no address at all", plant: func(h *home) { session(h, "nowhere", "my-company", "eu-west-1") }, want: "start-url-invalid", remains: true},
	{name: "/start#/", plant: func(h *home) { session(h, "hash", "https://hash.awsapps.com/start#/", "eu-west-1") }, want: "start-url-form"},
	{name: "/start/", plant: func(h *home) { session(h, "slash", "https://slash.awsapps.com/start/", "eu-west-1") }, want: "start-url-form"},
	{name: "region of the portal", plant: func(h *home) {
		session(h, "moved", "https://moved.awsapps.com/start", "us-east-1")
		h.adjust = append(h.adjust, func(f *Facts) {
			f.Probes = append(f.Probes, Probe{Host: "moved.awsapps.com", Session: "sso-session moved", Portal: "eu-west-3"})
		})
	}, want: "region-wrong", along: []string{"token-other-portal"}, symptom: "pain 13: Invalid grant provided"},
	{name: "region in the start URL", plant: func(h *home) {
		session(h, "named", "https://ssoins-1234.eu-west-3.portal.amazonaws.com", "us-east-1")
	}, want: "region-wrong", along: []string{"token-other-portal"}},
	{name: "dual-stack portal", plant: func(h *home) { session(h, "dual", "https://ssoins-1234.portal.eu-west-1.app.aws", "eu-west-1") }, want: "dual-stack", symptom: "pain 28"},

	// The environment.
	{name: "keys in the environment", plant: set("AWS_ACCESS_KEY_ID", "ASIAENVENVENVENVENV0", "AWS_SECRET_ACCESS_KEY", "very-secret", "AWS_SESSION_TOKEN", "very-secret"), want: "env-keys-shadow", apart: "keys", symptom: "pain 29"},
	{name: "keys that are over", plant: set("AWS_ACCESS_KEY_ID", "ASIAENVENVENVENVENV0", "AWS_SECRET_ACCESS_KEY", "very-secret", "AWS_SESSION_TOKEN", "very-secret", "AWS_CREDENTIAL_EXPIRATION", stamp(-time.Hour), "PORTICO_PROFILE", "prod"), want: "env-keys-expired", apart: "keys", symptom: "Token is expired"},
	{name: "half of the keys", plant: set("AWS_SESSION_TOKEN", "very-secret"), want: "env-keys-half", apart: "keys"},
	{name: "AWS_PROFILE is gone", plant: set("AWS_PROFILE", "prdo"), want: "env-profile-missing", apart: "AWS_PROFILE"},
	{name: "AWS_PROFILE is empty", plant: set("AWS_PROFILE", ""), want: "env-profile-missing", apart: "AWS_PROFILE"},
	{name: "no profile at all", plant: func(h *home) {
		delete(h.env, "AWS_PROFILE")
		h.files[config] = strings.Replace(h.files[config], "[default]", "[profile main]", 1)
	}, want: "env-no-profile", apart: "AWS_PROFILE, keys, defaults", symptom: "Unable to locate credentials, before AWS_DEFAULT_PROFILE is set"},
	{name: "two profiles", plant: set("AWS_DEFAULT_PROFILE", "chained"), want: "env-two-profiles", apart: "AWS_PROFILE"},
	{name: "two regions", plant: set("AWS_DEFAULT_REGION", "us-east-1"), want: "env-two-regions", apart: "AWS_REGION"},
	{name: "web identity", plant: set("AWS_ROLE_ARN", "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), want: "env-web-identity"},
	{name: "endpoints ignored", plant: set("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), want: "env-endpoints-ignored"},
	{name: "malformed proxy", plant: facts(func(f *Facts) {
		f.Proxies = append(f.Proxies, Proxy{Variable: "HTTPS_PROXY", Problem: "it is no address of the form http://host:port"})
	}), want: "proxy-malformed", along: []string{"proxy-loopback"}, apart: "proxy"},
	{name: "two proxies", plant: set("HTTPS_PROXY", "http://a:1", "https_proxy", "http://b:1"), want: "proxy-two-values"},
	{name: "proxy for loopback", plant: facts(func(f *Facts) {
		f.Proxies = append(f.Proxies, Proxy{Variable: "HTTPS_PROXY", Address: "http://proxy:3128"})
	}), want: "proxy-loopback", apart: "proxy"},
	{name: "CA bundle gone", plant: facts(func(f *Facts) {
		f.Bundles = append(f.Bundles, Bundle{Path: "/nowhere.pem", Setting: "AWS_CA_BUNDLE", Problem: "does not exist"})
	}), want: "ca-bundle", symptom: "SSL certificate verification failed"},

	// The network.
	{name: "proxy that is off", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepProxy, Problem: "nothing listens at http://proxy:3128, from HTTPS_PROXY"}), want: "proxy-unreachable", symptom: "pain 18"},
	{name: "no name", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepName, Problem: "no such host"}), want: "dns"},
	{name: "local Identity Center that was stopped", plant: probe(Probe{Host: "http://127.0.0.1:8642", Endpoint: "AWS_ENDPOINT_URL", Step: StepConnect, Problem: "connection refused"}), want: "endpoint-dead"},
	{name: "firewall", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepConnect, Problem: "no answer in time"}), want: "unreachable"},
	{name: "inspecting proxy", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepTrust, Issuer: "Acme Proxy CA"}), want: "ca-untrusted", symptom: "SSL certificate verification failed; pain 18"},
	{name: "certificate over", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepTLS, Problem: "its certificate expired"}), want: "tls"},
	{name: "captive portal", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", For: "x", Step: StepAnswer, Problem: "a page answers in place of the service"}), want: "answer"},
	{name: "clock behind", plant: probe(Probe{Host: "oidc.eu-west-1.amazonaws.com", Dated: true, Ahead: 3 * time.Hour}), want: "clock-skew", symptom: "pain 39"},

	// Sign-ins and caches.
	{name: "half-written token", plant: func(h *home) {
		h.files[".aws/sso/cache/deadbeef.json"] = `{"startUrl": "https://acme.awsapps.com/start", "accessTok`
	}, want: "cache-corrupt", symptom: "pain 3"},
	{name: "role cache without credentials", plant: func(h *home) { h.files[".aws/cli/cache/deadbeef.json"] = `{"ProviderType": "sso"}` }, want: "cache-corrupt"},
	{name: "date of another tool", plant: func(h *home) {
		session(h, "utc", "https://utc.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("utc")] = strings.Replace(h.files[tokenFile("utc")], stamp(6*time.Hour), "2026-11-21T18:00:00UTC", 1)
	}, want: "cache-date"},
	{name: "signed out", plant: func(h *home) {
		session(h, "out", "https://out.awsapps.com/start", "eu-west-1")
		delete(h.files, tokenFile("out"))
	}, want: "not-signed-in", symptom: "Unable to locate credentials: you haven't logged in yet"},
	{name: "sign-in over", plant: func(h *home) {
		session(h, "over", "https://over.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("over")] = strings.ReplaceAll(tokenJSON("https://over.awsapps.com/start", "eu-west-1", -time.Hour), "refreshToken", "x")
	}, want: "token-expired", symptom: "The SSO session associated with this profile has expired or is invalid"},
	{name: "no refresh token", plant: func(h *home) {
		session(h, "norefresh", "https://norefresh.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("norefresh")] = strings.ReplaceAll(tokenJSON("https://norefresh.awsapps.com/start", "eu-west-1", 6*time.Hour), "refreshToken", "x")
	}, want: "token-no-refresh", symptom: "pain 12"},
	{name: "registration of the token over", plant: func(h *home) {
		session(h, "regover", "https://regover.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("regover")] = strings.ReplaceAll(h.files[tokenFile("regover")], stamp(60*24*time.Hour), stamp(-time.Hour))
	}, want: "token-no-refresh", symptom: "pain 12"},
	{name: "about to end", plant: func(h *home) {
		session(h, "soon", "https://soon.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("soon")] = strings.ReplaceAll(tokenJSON("https://soon.awsapps.com/start", "eu-west-1", 20*time.Minute), "refreshToken", "x")
	}, want: "token-ends-soon", along: []string{"token-no-refresh"}},
	{name: "about to hit the cap", plant: facts(func(f *Facts) { f.Ends = map[string]time.Time{"corp": now.Add(10 * time.Minute)} }), want: "token-ends-soon"},
	{name: "token of another portal", plant: func(h *home) {
		session(h, "other", "https://other.awsapps.com/start", "eu-west-1")
		h.files[tokenFile("other")] = tokenJSON("https://before.awsapps.com/start", "eu-west-1", 6*time.Hour)
	}, want: "token-other-portal"},
	{name: "registration over", plant: func(h *home) {
		h.files[".aws/sso/cache/feedfeed.json"] = fmt.Sprintf(`{"clientId": "client-id", "clientSecret": "client-secret-value", "expiresAt": %q}`, stamp(-48*time.Hour))
	}, want: "registration-expired"},
	{name: "keyring out of reach", plant: facts(func(f *Facts) {
		f.Keyrings = append(f.Keyrings, Keyring{Session: "corp", Problem: "there is no keyring (Secret Service) to hold its key here", Cure: "portico unseal --sso-session corp"})
	}), want: "sealed-no-key", symptom: "pain 21"},

	// Files.
	{name: "credentials for all", plant: func(h *home) { h.files[credentials] += "\n"; h.modes[credentials] = 0o644 }, want: "file-permissions", apart: "credentials file"},
	{name: "token for all", plant: func(h *home) { h.modes[tokenFile("corp")] = 0o644 }, want: "file-permissions"},
	{name: "directory for all", plant: func(h *home) { h.modes[".aws/sso/cache"] = 0o777 }, want: "file-permissions"},
	{name: "file of root", plant: facts(func(f *Facts) {
		f.UID = 1000
		f.Files = append(f.Files, File{Path: "/x", Shown: "~/.aws/sso/cache/x.json", UID: 0, Mode: 0o600})
		ownAll(f)
	}), want: "file-owner"},
	{name: "read-only config", plant: func(h *home) { h.modes[config] = 0o400 }, want: "file-unreadable"},
	{name: "caches in git", plant: func(h *home) { h.dirs = append(h.dirs, ".git") }, want: "git-exposed", symptom: "Never commit credentials"},
	{name: "link to nowhere", plant: func(h *home) {
		h.env["AWS_SHARED_CREDENTIALS_FILE"] = "$HOME/dangling"
		h.links["dangling"] = "nowhere"
	}, want: "config-unreadable", apart: "credentials file"},
	{name: "lock held", plant: facts(func(f *Facts) { f.BusyLocks = append(f.BusyLocks, Lock{Path: "/state/session-x.lock", Holder: 4711}) }), want: "lock-held"},
	{name: "stale lease", plant: func(h *home) {
		h.files[fmt.Sprintf("state/locks/session-x.lock.lease/%d-tag-123-abcdefghij-otherhost", now.Add(-time.Hour).Unix())] = ""
	}, want: "lease-stale"},

	// Programs.
	{name: "AWS CLI 1", plant: aws("1.22.34"), want: "aws-too-old", apart: "aws", symptom: "AWS CLI version 2.x (SSO support requires v2)"},
	{name: "AWS CLI 2.8", plant: aws("2.8.12"), want: "aws-too-old", apart: "aws", symptom: "Legacy SSO configuration (CLI v2.0-2.8)"},
	{name: "AWS CLI 2.9", plant: aws("2.9.19"), want: "aws-old", apart: "aws", symptom: "< v2.22.0: device code auth"},
	{name: "no AWS CLI", plant: facts(func(f *Facts) { f.Tools = f.Tools[1:] }), want: "aws-missing", apart: "aws", symptom: "aws: command not found"},
	{name: "AWS CLI that does not run", plant: facts(func(f *Facts) { f.Tools[0].Version, f.Tools[0].Problem = "", "exit status 127" }), want: "aws-broken", apart: "aws"},
	{name: "old botocore", plant: facts(func(f *Facts) { f.Tools[len(f.Tools)-1].Version = "1.27.96" }), want: "botocore-too-old", symptom: "pain 11"},
	{name: "process gone", plant: more("\n[profile p]\ncredential_process = /opt/gone/helper --x\n"), want: "process-missing", symptom: "pain 31"},
	{name: "portico's helper gone", plant: more("\n[profile h]\ncredential_process = /opt/portico-credential-process --profile h\n"), want: "process-missing"},
	{name: "no browser", plant: facts(func(f *Facts) { f.NoBrowser = "WSL without its way to Windows programs" }), want: "browser", symptom: "SSO authorization page failed to open; Browser doesn't open; pains 5 and 7"},
}

func aws(version string) func(h *home) {
	return facts(func(f *Facts) { f.Tools[0].Version = version })
}

// ownAll gives the files of the test to the user it makes up.
func ownAll(f *Facts) {
	for i := range f.Files {
		if f.Files[i].Path != "/x" {
			f.Files[i].UID = f.UID
		}
	}
}
