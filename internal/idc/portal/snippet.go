package portal

import (
	"strings"
	"time"
	"unicode"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// snippet is text to be copied.
type snippet struct {
	Title string
	// Where says what it is for.
	Where string
	Text  string
	Open  bool // shown without being asked for
}

// sessionName is that of the [sso-session] which snippets name.
const sessionName = "local"

// setupSnippets sign in by the command line. What the names hold cannot break out
// of them: a value that a file cannot hold makes no snippet.
func setupSnippets(startURL, region, account, role string) []snippet {
	command := snippet{
		Title: "One command", Open: true,
		Where: "In bash or zsh, in a shell that portico local env has pointed at this Identity Center:",
		Text: strings.Join([]string{
			"portico configure sso --sso-session " + sessionName,
			"--sso-start-url " + posixWord(startURL),
			"--sso-region " + posixWord(region),
			"--account-id " + posixWord(account),
			"--role-name " + posixWord(role),
		}, " \\\n  "),
	}
	file, ok := configText(startURL, region, account, role)
	if !ok {
		return []snippet{command}
	}
	return []snippet{command, {Title: "Or by hand", Where: "In ~/.aws/config:", Text: file}}
}

func configText(startURL, region, account, role string) (text string, ok bool) {
	for _, value := range []string{startURL, region, account, role} {
		if !fitsINI(value) {
			return "", false
		}
	}
	return strings.Join([]string{
		"[sso-session " + sessionName + "]",
		"sso_start_url = " + startURL,
		"sso_region = " + region,
		"sso_registration_scopes = " + grant.ScopeAccountAccess,
		"",
		"[profile " + section(role+"-"+account) + "]",
		"sso_session = " + sessionName,
		"sso_account_id = " + account,
		"sso_role_name = " + role,
		"region = " + region,
	}, "\n"), true
}

// roleKeys are short-term credentials.
type roleKeys struct {
	ID, Secret, Token string
	Expires           time.Time
}

// credentialSnippets hand credentials to a shell or to a file.
func credentialSnippets(account, role string, keys roleKeys) []snippet {
	variables := []struct{ name, value string }{
		{"AWS_ACCESS_KEY_ID", keys.ID},
		{"AWS_SECRET_ACCESS_KEY", keys.Secret},
		{"AWS_SESSION_TOKEN", keys.Token},
		{"AWS_CREDENTIAL_EXPIRATION", keys.Expires.UTC().Format(time.RFC3339)},
	}
	var posix, power, cmd []string
	fitsCmd := true
	for _, v := range variables {
		posix = append(posix, "export "+v.name+"="+posixQuote(v.value))
		power = append(power, "$Env:"+v.name+" = "+powerShellQuote(v.value))
		cmd = append(cmd, `set "`+v.name+"="+v.value+`"`)
		fitsCmd = fitsCmd && fitsBatch(v.value)
	}
	out := []snippet{
		{Title: "bash, zsh", Text: strings.Join(posix, "\n"), Open: true},
		{Title: "PowerShell", Text: strings.Join(power, "\n")},
	}
	if fitsCmd {
		out = append(out, snippet{Title: "Windows command prompt", Text: strings.Join(cmd, "\n")})
	}
	if fitsINI(keys.ID) && fitsINI(keys.Secret) && fitsINI(keys.Token) {
		out = append(out, snippet{Title: "Profile", Where: "In ~/.aws/credentials:", Text: strings.Join([]string{
			"[" + section(account+"_"+role) + "]",
			"aws_access_key_id = " + keys.ID,
			"aws_secret_access_key = " + keys.Secret,
			"aws_session_token = " + keys.Token,
		}, "\n")})
	}
	return out
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// posixQuote quotes a value for bash, zsh and every other POSIX shell: nothing is
// special between single quotes but their end. Control characters, which a
// terminal could take for keys when they are pasted, are left out.
func posixQuote(s string) string {
	return "'" + strings.ReplaceAll(printable(s), "'", `'\''`) + "'"
}

// posixWord is posixQuote where quotes are needed. zsh expands a word that begins
// with =, so that is none that stands as it is.
func posixWord(s string) string {
	if s != "" && strings.Trim(s, alphanumeric+"_:,./-") == "" {
		return s
	}
	return posixQuote(s)
}

// powerShellQuote quotes a value for PowerShell, to which typographic quotes end
// a string as well.
func powerShellQuote(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range printable(s) {
		switch r {
		case '\'', '\u2018', '\u2019', '\u201a', '\u201b':
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

// fitsBatch says whether cmd.exe takes a value as it is: it has no way to quote
// percent signs, quotes or exclamation marks that works everywhere.
func fitsBatch(s string) bool {
	return strings.Trim(s, alphanumeric+"_+=,.@:/-") == ""
}

// fitsINI says whether a file of AWS's can hold a value as it is: on one line,
// and with nothing that begins a comment.
func fitsINI(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`#;"'\[]`, r)
	}) < 0
}

// section is the name of a profile as it can stand in brackets without quotes.
func section(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(alphanumeric+"_+=,.@-", r) {
			return r
		}
		return '-'
	}, name)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, s)
}
