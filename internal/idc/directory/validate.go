package directory

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// The patterns are those of the sso-admin, identitystore and IAM models. A user
// name becomes a role session name, so it has that pattern.
var (
	regionPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$`) })
	namePattern    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{1,64}$`) })
	setPattern     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{1,32}$`) })
	accountPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}$`) })
	bucketPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`) })
	ipPattern      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`) })
	userIDPattern  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([0-9a-f]{10}-)?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	})
)

const (
	maxGroupName   = 128
	maxDisplayName = 1024
	maxEmail       = 254
	maxAccountName = 50
	maxDescription = 700
	maxPassword    = 1024
	minDuration    = time.Hour
	maxDuration    = 12 * time.Hour
)

// Validate returns an *InvalidError for the first thing that is wrong.
func (o Organisation) Validate() error {
	v := validator{
		users: map[string]int{}, userIDs: map[string]int{}, emails: map[string]int{}, groups: map[string]bool{},
		accounts: map[string]int{}, accountNames: map[string]int{}, buckets: map[string]string{}, sets: map[string]int{}, roles: map[string]int{},
	}
	if err := v.instance(o); err != nil {
		return err
	}
	for i, u := range o.Users {
		if err := v.user(fmt.Sprintf("users[%d]", i), i, u); err != nil {
			return err
		}
	}
	for i, a := range o.Accounts {
		if err := v.account(fmt.Sprintf("accounts[%d]", i), i, a); err != nil {
			return err
		}
	}
	if o.ManagementAccount != "" {
		if _, ok := v.accounts[o.ManagementAccount]; !ok {
			return invalid("management_account", "there is no account "+quote(o.ManagementAccount), "name one of the accounts by its twelve digits")
		}
	}
	for i, p := range o.PermissionSets {
		if err := v.permissionSet(fmt.Sprintf("permission_sets[%d]", i), i, p); err != nil {
			return err
		}
	}
	for i, a := range o.Assignments {
		if err := v.assignment(fmt.Sprintf("assignments[%d]", i), a); err != nil {
			return err
		}
	}
	for i, r := range o.Roles {
		if err := v.iamRole(fmt.Sprintf("roles[%d]", i), i, r); err != nil {
			return err
		}
	}
	if err := v.trusts(o); err != nil {
		return err
	}
	for i, d := range o.Decisions {
		if err := v.decision(fmt.Sprintf("decisions[%d]", i), d); err != nil {
			return err
		}
	}
	return nil
}

type validator struct {
	users, userIDs, emails       map[string]int // to the index that has it
	groups                       map[string]bool
	accounts, accountNames, sets map[string]int
	roles                        map[string]int
	buckets                      map[string]string
}

func invalid(path, problem, cure string) error {
	return &InvalidError{Path: path, Problem: problem, Cure: cure}
}

// quote shortens what is shown of a wrong value.
func quote(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

func (v *validator) instance(o Organisation) error {
	u, err := url.Parse(o.StartURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !plainText(o.StartURL, 2048) {
		return invalid("start_url", quote(o.StartURL)+" is no https URL", "write it like https://d-1234567890.awsapps.com/start")
	}
	if !regionPattern().MatchString(o.Region) {
		return invalid("region", quote(o.Region)+" is no region", "write it like us-east-1")
	}
	return nil
}

func (v *validator) user(path string, i int, u User) error {
	if !namePattern().MatchString(u.Name) {
		return invalid(path+".name", quote(u.Name)+" is no user name", "use 1 to 64 letters, digits or _+=,.@-")
	}
	// Names that differ in case only would be one person to whoever types them.
	key := strings.ToLower(u.Name)
	if j, ok := v.users[key]; ok {
		return invalid(path+".name", quote(u.Name)+fmt.Sprintf(" is also users[%d]", j), "give each user a name of their own")
	}
	v.users[key] = i
	if u.ID != "" {
		if !userIDPattern().MatchString(u.ID) {
			return invalid(path+".id", quote(u.ID)+" is no user id", "leave it out, or write a UUID")
		}
		if j, ok := v.userIDs[u.ID]; ok {
			return invalid(path+".id", quote(u.ID)+fmt.Sprintf(" is also the id of users[%d]", j), "leave it out")
		}
		v.userIDs[u.ID] = i
	}
	if u.Email != "" {
		if !validEmail(u.Email) {
			return invalid(path+".email", quote(u.Email)+" is no e-mail address", "write it like alice@example.com")
		}
		key := strings.ToLower(u.Email)
		if j, ok := v.emails[key]; ok {
			return invalid(path+".email", quote(u.Email)+fmt.Sprintf(" is also the address of users[%d]", j), "give each user an address of their own")
		}
		v.emails[key] = i
	}
	if u.DisplayName != "" && !plainText(u.DisplayName, maxDisplayName) {
		return invalid(path+".display_name", "it holds control characters or is too long", fmt.Sprintf("use at most %d bytes of plain text", maxDisplayName))
	}
	if len(u.Password) > maxPassword {
		return invalid(path+".password", "it is too long", fmt.Sprintf("use at most %d bytes", maxPassword))
	}
	if u.PasswordHash != "" {
		if u.Password != "" {
			return invalid(path+".password_hash", "there is a password as well", "keep one of the two")
		}
		if _, err := parsePHC(u.PasswordHash); err != nil {
			return invalid(path+".password_hash", err.Error(), "write it like $argon2id$v=19$m=19456,t=2,p=1$…$…")
		}
	}
	switch {
	case u.MFA == MFANone:
	case u.MFA != MFAEmail:
		return invalid(path+".mfa", quote(u.MFA)+" is not known", "write email, or leave it out")
	case u.Email == "":
		return invalid(path+".mfa", "codes by e-mail need an address", "add email")
	}
	if u.MFACode != "" && !mfaCodePattern().MatchString(u.MFACode) {
		return invalid(path+".mfa_code", "it is no code of an MFA device", `write six digits in quotes, like "123456"`)
	}
	seen := map[string]bool{}
	for j, g := range u.Groups {
		at := fmt.Sprintf("%s.groups[%d]", path, j)
		if !plainText(g, maxGroupName) {
			return invalid(at, quote(g)+" is no group name", fmt.Sprintf("use at most %d bytes of plain text", maxGroupName))
		}
		if seen[g] {
			return invalid(at, quote(g)+" is named twice", "remove one")
		}
		seen[g], v.groups[g] = true, true
	}
	return nil
}

func (v *validator) account(path string, i int, a Account) error {
	if !accountPattern().MatchString(a.ID) {
		return invalid(path+".id", quote(a.ID)+" is no account id", `write twelve digits in quotes, like "111111111111"`)
	}
	if j, ok := v.accounts[a.ID]; ok {
		return invalid(path+".id", quote(a.ID)+fmt.Sprintf(" is also accounts[%d]", j), "give each account an id of its own")
	}
	v.accounts[a.ID] = i
	if !plainText(a.Name, maxAccountName) {
		return invalid(path+".name", quote(a.Name)+" is no account name", fmt.Sprintf("use 1 to %d bytes of plain text", maxAccountName))
	}
	if j, ok := v.accountNames[a.Name]; ok {
		return invalid(path+".name", quote(a.Name)+fmt.Sprintf(" is also accounts[%d]", j), "give each account a name of its own")
	}
	v.accountNames[a.Name] = i
	if a.Email != "" && !validEmail(a.Email) {
		return invalid(path+".email", quote(a.Email)+" is no e-mail address", "write it like aws@example.com")
	}
	for j, b := range a.Buckets {
		at := fmt.Sprintf("%s.buckets[%d]", path, j)
		if problem := bucketProblem(b.Name); problem != "" {
			return invalid(at+".name", quote(b.Name)+" "+problem,
				"use 3 to 63 lower-case letters, digits, dots or dashes, beginning and ending with a letter or digit")
		}
		if other, ok := v.buckets[b.Name]; ok {
			return invalid(at+".name", quote(b.Name)+" is also "+other, "bucket names are unique over all accounts")
		}
		v.buckets[b.Name] = at
	}
	return nil
}

// bucketProblem says which of S3's rules for names of general purpose buckets a
// name breaks, "" when it is one.
func bucketProblem(name string) string {
	switch {
	case !bucketPattern().MatchString(name):
		return "is no bucket name"
	case strings.Contains(name, ".."), strings.Contains(name, ".-"), strings.Contains(name, "-."):
		return "has a dot beside a dot or a dash"
	case ipPattern().MatchString(name):
		return "looks like an IP address"
	}
	for _, prefix := range []string{"xn--", "sthree-"} {
		if strings.HasPrefix(name, prefix) {
			return "begins with " + prefix + ", which S3 keeps for itself"
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return "ends in " + suffix + ", which S3 keeps for itself"
		}
	}
	return ""
}

func (v *validator) permissionSet(path string, i int, p PermissionSet) error {
	if !setPattern().MatchString(p.Name) {
		return invalid(path+".name", quote(p.Name)+" is no permission set name", "use 1 to 32 letters, digits or _+=,.@-")
	}
	if j, ok := v.sets[p.Name]; ok {
		return invalid(path+".name", quote(p.Name)+fmt.Sprintf(" is also permission_sets[%d]", j), "give each permission set a name of its own")
	}
	v.sets[p.Name] = i
	if p.Description != "" && !plainText(p.Description, maxDescription) {
		return invalid(path+".description", "it holds control characters or is too long", fmt.Sprintf("use at most %d bytes of plain text", maxDescription))
	}
	if d := p.SessionDuration; d != 0 && (d < minDuration || d > maxDuration || d%time.Second != 0) {
		return invalid(path+".session_duration", d.String()+" is out of range", "use PT1H to PT12H, in whole seconds")
	}
	return nil
}

func (v *validator) assignment(path string, a Assignment) error {
	switch {
	case a.User == "" && a.Group == "":
		return invalid(path, "nobody is named", "add user or group")
	case a.User != "" && a.Group != "":
		return invalid(path+".group", "a user is named as well", "use one assignment for the user and one for the group")
	case a.Group != "" && !v.groups[a.Group]:
		return invalid(path+".group", "no user is in group "+quote(a.Group), "add it to the groups of a user")
	case a.User != "" && !v.hasUser(a.User):
		return invalid(path+".user", "there is no user "+quote(a.User), "name one of the users")
	}
	if _, ok := v.sets[a.PermissionSet]; !ok {
		return invalid(path+".permission_set", "there is no permission set "+quote(a.PermissionSet), "name one of the permission sets")
	}
	if len(a.Accounts) == 0 {
		return invalid(path+".accounts", "no account is named", `name accounts, or all by "*"`)
	}
	for i, id := range a.Accounts {
		if _, ok := v.accounts[id]; !ok {
			return invalid(fmt.Sprintf("%s.accounts[%d]", path, i), "there is no account "+quote(id), "name one of the accounts")
		}
	}
	return nil
}

func (v *validator) hasUser(name string) bool {
	_, ok := v.users[strings.ToLower(name)]
	return ok
}

func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") && !strings.ContainsAny(s, " ,;<>") && plainText(s, maxEmail)
}

// plainText refuses what could disguise a name where it is shown.
func plainText(s string, limit int) bool {
	if strings.TrimSpace(s) == "" || len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
	})
}
