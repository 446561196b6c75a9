package cli

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A survey is what is known on this machine, without asking anybody, about who is
// signed in where and what the shell that asks would use.
type survey struct {
	At       time.Time
	Sessions []sessionStatus
	Roles    []roleStatus
	Shell    shellStatus
	Problems []string // what could not be read
}

// The states of a session.
const (
	stateSignedIn   = "signed-in"
	stateRenewable  = "renewable" // the access token is over, and a refresh gets another
	stateExpired    = "expired"
	stateEnded      = "ended" // the service would not renew it
	stateMissing    = "not-signed-in"
	stateSealed     = "sealed"     // and not looked into
	stateUnreadable = "unreadable" // the file is damaged
	stateElsewhere  = "elsewhere"  // the token is another start URL's or region's
)

// sessionStatus is one sign-in, or the lack of it.
type sessionStatus struct {
	awsconfig.SSO
	Configured bool // it is in the config, and not only left in the cache
	State      string
	Person     string    // "": nobody knows
	Since      time.Time // when the sign-in began; zero: not by portico
	Expires    time.Time // of the access token
	Renewable  bool
	Ends       time.Time // when a person has to sign in again whatever happens; zero: not known
	EndsBy     string    // what that is known from

	section awsconfig.SSOSession
}

// name is how people call the session.
func (s sessionStatus) name() string {
	if s.SessionName != "" {
		return s.SessionName
	}
	return s.StartURL
}

func (s sessionStatus) tokenKey() string { return wallet.TokenKey(s.SessionName, s.StartURL) }

// What the end of a sign-in is known from.
const (
	endsByDuration     = awsconfig.KeySessionDuration
	endsByToken        = "no refresh token"
	endsByRegistration = "client registration"
)

// roleStatus is a role of which there are credentials on this machine.
type roleStatus struct {
	Account, AccountName, Role string // "": nobody knows
	Session                    string // as people call it
	Profiles                   []string
	ARN                        string // of a role that was assumed
	Expires                    time.Time
	Sealed                     bool
	Colour                     string // of its first profile, or of production
}

// surveyor looks at the files.
type surveyor struct {
	app     *App
	globals *globals
	open    bool // sealed sessions are looked into, too, which may ask for something
}

func (v *surveyor) look() (*survey, error) {
	s, err := v.app.setupForNew(v.globals)
	if err != nil {
		return nil, err
	}
	if !v.open {
		s.shut()
	}
	now := time.Now()
	r := &survey{At: now}
	known := v.app.knownRoles(s)
	names := map[string]string{} // of sessions by their token keys
	for _, sess := range v.sessions(s, now, &r.Problems) {
		names[sess.tokenKey()] = sess.name()
		r.Sessions = append(r.Sessions, sess)
	}
	roles, err := s.wallet.StoredRoles()
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	colours := newPalette(s.settings.Config)
	for _, stored := range roles {
		role := roleOf(stored, known, names)
		if len(role.Profiles) > 0 {
			role.Colour = colours.profile(role.Profiles[0], role.AccountName)
		} else {
			role.Colour = colours.role(role.Session, role.AccountName)
		}
		r.Roles = append(r.Roles, role)
	}
	slices.SortStableFunc(r.Roles, func(a, b roleStatus) int {
		return cmp.Or(cmp.Compare(a.AccountName, b.AccountName), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Session, b.Session))
	})
	r.Shell = s.shell()
	r.Shell.AccountName = v.app.accountNames(s.settings.Config)[r.Shell.Account]
	r.Shell.Colour = colours.profile(r.Shell.Profile, r.Shell.AccountName)
	return r, nil
}

// shut leaves sealed sessions shut whose keys nobody unlocked: those are in the
// kernel. The keyring may ask.
func (s *setup) shut() {
	s.unattended()
	s.vault.Passphrase = nil
	s.vault.Keyring = shutKeyring{}
}

// shutKeyring has no item for anybody, and asks nobody.
type shutKeyring struct{}

var errShut = errors.New("it is not looked into")

func (shutKeyring) Get(string, string) (string, error) { return "", errShut }
func (shutKeyring) Set(string, string, string) error   { return errShut }
func (shutKeyring) Delete(string, string) error        { return errShut }

var _ seal.Keyring = shutKeyring{}

// sessions are those of the config, those of profiles without one, and those of
// which there is a token still.
func (v *surveyor) sessions(s *setup, now time.Time, problems *[]string) []sessionStatus {
	config := s.settings.Config
	var all []sessionStatus
	seen := map[string]bool{}
	add := func(st sessionStatus) {
		if key := st.tokenKey(); !seen[key] {
			seen[key] = true
			all = append(all, st)
		}
	}
	for _, name := range config.Sessions() {
		section, _ := config.Session(name)
		add(sessionStatus{Configured: true, section: section, SSO: awsconfig.SSO{SessionName: name, StartURL: section.StartURL, Region: section.Region}})
	}
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		startURL, legacy := p.Get("sso_start_url")
		if !legacy || hasSession(p) {
			continue
		}
		region, _ := p.Get("sso_region")
		add(sessionStatus{Configured: true, SSO: awsconfig.SSO{StartURL: startURL, Region: region, Legacy: true}})
	}
	for i := range all {
		all[i].read(s.wallet, now)
	}
	left, err := s.wallet.Tokens()
	if err != nil {
		*problems = append(*problems, err.Error())
	}
	for _, t := range left {
		if seen[t.Key] || t.Unread != nil || t.CopyOf != "" {
			continue
		}
		st := sessionStatus{SSO: awsconfig.SSO{StartURL: t.StartURL, Region: t.Region, Legacy: true}, State: stateExpired, Expires: t.ExpiresAt}
		if t.ExpiresAt.After(now) {
			st.State = stateSignedIn
		}
		if !seen[st.tokenKey()] { // a link to another
			all = append(all, st)
		}
	}
	return all
}

// signedIn tells whether commands could do without a sign-in, as far as is known.
func (s sessionStatus) signedIn() bool { return s.State == stateSignedIn || s.State == stateRenewable }

// read fills in what the session's token tells.
func (st *sessionStatus) read(w *wallet.Wallet, now time.Time) {
	key := st.tokenKey()
	t, err := w.Token(key)
	_, unopened := errors.AsType[*wallet.UnopenedError](err)
	switch {
	case errors.Is(err, wallet.ErrNotFound):
		st.State = stateMissing
		return
	case unopened:
		st.State = stateSealed
		st.Person, st.Since = w.Person(key), w.SignedIn(key)
		return
	case err != nil:
		st.State = stateUnreadable
		return
	case (t.StartURL != "" && t.StartURL != st.StartURL) || (t.Region != "" && st.Region != "" && t.Region != st.Region):
		st.State = stateElsewhere
		return
	}
	st.Expires, st.Person, st.Since = t.ExpiresAt, w.Person(key), w.SignedIn(key)
	st.Renewable = !st.Legacy && t.Refreshable(now)
	st.ends(t, now)
	switch {
	case (&signin.Client{Wallet: w}).Refused(session(st.SSO)):
		st.State, st.Renewable, st.Ends, st.EndsBy = stateEnded, false, time.Time{}, ""
	case t.ExpiresAt.After(now):
		st.State = stateSignedIn
	case st.Renewable && (st.Ends.IsZero() || st.Ends.After(now)):
		st.State = stateRenewable
	default:
		st.State, st.Renewable = stateExpired, false
	}
}

// ends finds when no refresh helps any more. No API tells how long the service
// keeps a sign-in: the session's portico_session_duration does, counted from when
// portico signed in. What outlasts that was signed in to by another tool since.
func (st *sessionStatus) ends(t wallet.Token, now time.Time) {
	if !st.Renewable {
		st.Ends, st.EndsBy = t.ExpiresAt, endsByToken
		return
	}
	if length := sessionDuration(st.section); length > 0 && !st.Since.IsZero() {
		if end := st.Since.Add(length); !t.ExpiresAt.After(end.Add(time.Minute)) {
			st.Ends, st.EndsBy = end, endsByDuration
			return
		}
	}
	if t.RegistrationExpiresAt.Sub(now) < 24*time.Hour {
		st.Ends, st.EndsBy = t.RegistrationExpiresAt, endsByRegistration
	}
}

// sessionDuration is how long a sign-in to the session lasts at most, 0 where the
// config does not say so, or makes no sense.
func sessionDuration(section awsconfig.SSOSession) time.Duration {
	text, _ := section.Get(awsconfig.KeySessionDuration)
	d, err := parseDuration(text)
	if err != nil || d <= 0 {
		return 0
	}
	return d
}

// parseDuration reads what Go reads, and days.
func parseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err
	}
	return time.ParseDuration(text)
}

// A knownRole is one that the config or a catalog names.
type knownRole struct {
	Account, AccountName, Role string
	Session                    awsconfig.SSO
	Profiles                   []string
}

// knownRoles are the roles this machine knows the names of, by the stems of their
// cache files: those are hashes, from which nobody gets the names back.
func (a *App) knownRoles(s *setup) map[string]*knownRole {
	known := map[string]*knownRole{}
	config := s.settings.Config
	for _, name := range config.Profiles() {
		settings := awsconfig.ResolveLoose(config, awsconfig.Flags{Profile: name}, s.lookup)
		sso, err := settings.SSO()
		if err != nil {
			continue
		}
		key := wallet.RoleKey{AccountID: sso.AccountID, RoleName: sso.RoleName, Session: sso.SessionName, StartURL: sso.StartURL}.Name()
		if known[key] == nil {
			known[key] = &knownRole{Account: sso.AccountID, Role: sso.RoleName, Session: sso}
		}
		known[key].Profiles = append(known[key].Profiles, name)
	}
	for _, listed := range a.savedCatalogs(config) {
		of := awsconfig.SSO{SessionName: listed.Session, StartURL: listed.StartURL, Region: listed.Region}
		for account, roles := range listed.All() {
			for _, role := range roles {
				key := wallet.RoleKey{AccountID: account.ID, RoleName: role.Name, Session: listed.Session, StartURL: listed.StartURL}.Name()
				if known[key] == nil {
					known[key] = &knownRole{Account: account.ID, Role: role.Name, Session: of}
				}
				if account.Name != nil {
					known[key].AccountName = *account.Name
				}
			}
		}
	}
	return known
}

// roleOf puts names to what is stored.
func roleOf(stored wallet.StoredRole, known map[string]*knownRole, sessions map[string]string) roleStatus {
	r := roleStatus{Account: stored.Account, ARN: stored.ARN, Expires: stored.Expires, Sealed: stored.Sealed, Session: sessions[stored.TokenKey]}
	if k := known[stored.Name]; k != nil {
		r.Account, r.AccountName, r.Role, r.Profiles = k.Account, k.AccountName, k.Role, k.Profiles
		if r.Session == "" {
			r.Session = sessions[wallet.TokenKey(k.Session.SessionName, k.Session.StartURL)]
		}
	}
	if account, role, ok := assumedRole(stored.ARN); ok {
		r.Account, r.Role = account, role
	}
	return r
}

// assumedRole takes apart arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. The role
// of a permission set goes by the permission set's name.
func assumedRole(arn string) (account, role string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", "", false
	}
	words := strings.Split(parts[5], "/")
	if words[0] != "assumed-role" || len(words) < 3 {
		return parts[4], "", false
	}
	role = words[len(words)-2]
	if name, of := strings.CutPrefix(role, "AWSReservedSSO_"); of {
		if i := strings.LastIndexByte(name, '_'); i > 0 {
			role = name[:i]
		}
	}
	return parts[4], role, true
}
