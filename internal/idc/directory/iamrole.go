package directory

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// IAMRole is a role of an account that AssumeRole gives to whom it trusts. That
// is all that decides: nobody has policies of their own here that would have to
// allow the call as well.
type IAMRole struct {
	Account            string // id
	Name               string
	Path               string // "/" or "/ci/"; "" means "/"
	Trusts             []Principal
	ExternalID         string        `json:",omitempty"` // that a caller must say; "" means none
	RequireMFA         bool          `json:",omitempty"`
	MaxSessionDuration time.Duration // 1 h to 12 h; zero means DefaultSessionDuration
	Administrator      bool          `json:",omitempty"` // its holders may use the administrative operations
}

// Principal says who somebody is. As what a role trusts, everything that it
// names must be so; what is "" may be anything.
type Principal struct {
	Account       string `json:",omitempty"` // id of the account of the caller's role
	PermissionSet string `json:",omitempty"`
	Role          string `json:",omitempty"` // name of an IAMRole
	User          string `json:",omitempty"` // name of the person
}

func (p Principal) covers(who Principal) bool {
	same := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	return (p.Account == "" || p.Account == who.Account) && (p.PermissionSet == "" || p.PermissionSet == who.PermissionSet) &&
		same(p.Role, who.Role) && same(p.User, who.User)
}

// RoleRequest is what AssumeRole asks for.
type RoleRequest struct {
	ARN          string // of the role
	ExternalID   string
	SerialNumber string // of the MFA device; "" with TokenCode when there is none
	TokenCode    string
}

// DistrustError says why a role is not for who asks. AWS says the same whatever
// the reason; it is told here because whoever set the role up is the one who asks.
type DistrustError struct{ Reason string }

func (e *DistrustError) Error() string { return e.Reason }

// ErrNoDevice says that the person has no MFA device of that serial number.
var ErrNoDevice = errors.New("no such MFA device")

// Compiled when a seed is read: a start costs less that way.
var (
	rolePathPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/([\x21-\x2e\x30-\x7e]+/)*$`) })
	externalIDPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`) })
	mfaCodePattern    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{6}$`) })
)

const (
	maxRolePath   = 512
	maxExternalID = 1224
)

// Assumable returns the role of that ARN when it trusts who asks for it, else a
// *DistrustError, ErrNoDevice or ErrWrongCode. A code is right as often as it is
// given: the seed states it, and it never changes.
func (s *Service) Assumable(ctx context.Context, who Principal, r RoleRequest) (IAMRole, error) {
	role, err := s.iamRole(ctx, r.ARN)
	if err != nil {
		return IAMRole{}, err
	}
	distrust := func(format string, args ...any) (IAMRole, error) {
		return IAMRole{}, &DistrustError{Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case !slices.ContainsFunc(role.Trusts, func(p Principal) bool { return p.covers(who) }):
		return distrust("the role %s does not trust %s", role.Name, who)
	case role.ExternalID != "" && r.ExternalID == "":
		return distrust("the role %s wants an external id", role.Name)
	case role.ExternalID != "" && r.ExternalID != role.ExternalID:
		return distrust("the role %s wants another external id", role.Name)
	case role.RequireMFA && r.SerialNumber == "":
		return distrust("the role %s wants MFA: a serial number and a code", role.Name)
	}
	if r.SerialNumber == "" {
		return role, nil
	}
	return role, s.checkDevice(ctx, who, r)
}

// String names somebody in an error.
func (p Principal) String() string {
	switch {
	case p.PermissionSet != "":
		return fmt.Sprintf("%s with permission set %s in account %s", p.User, p.PermissionSet, p.Account)
	case p.Role != "":
		return fmt.Sprintf("%s as role %s of account %s", p.User, p.Role, p.Account)
	}
	return p.User
}

func (s *Service) iamRole(ctx context.Context, arn string) (IAMRole, error) {
	none := &DistrustError{Reason: "there is no such role"}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return IAMRole{}, none
	}
	role, err := s.Store.IAMRole(ctx, parts[4], parts[5][strings.LastIndexByte(parts[5], '/')+1:])
	if errors.Is(err, ErrNotFound) {
		return IAMRole{}, none
	}
	if err != nil {
		return IAMRole{}, err
	}
	i, err := s.Store.Instance(ctx)
	if err != nil {
		return IAMRole{}, err
	}
	if own := role.ARN(Partition(i.Region)); own != arn {
		return IAMRole{}, &DistrustError{Reason: "there is no such role, but there is " + own}
	}
	return role, nil
}

// checkDevice is of the person behind the call: their device is
// arn:aws:iam::<account>:mfa/<name>, whatever the account.
func (s *Service) checkDevice(ctx context.Context, who Principal, r RoleRequest) error {
	u, err := s.Store.UserByName(ctx, who.User)
	if errors.Is(err, ErrNotFound) {
		return ErrNoDevice
	}
	if err != nil {
		return err
	}
	parts := strings.SplitN(r.SerialNumber, ":", 6)
	if u.MFACodeHash == "" || len(parts) != 6 || parts[2] != "iam" || !accountPattern().MatchString(parts[4]) || !strings.EqualFold(parts[5], "mfa/"+u.Name) {
		return ErrNoDevice
	}
	p, err := parsePHC(u.MFACodeHash)
	if err != nil {
		return err
	}
	if !p.verify([]byte(r.TokenCode)) {
		return ErrWrongCode
	}
	return nil
}

// ARN names the role in IAM.
func (r IAMRole) ARN(partition string) string {
	path := r.Path
	if path == "" {
		path = "/"
	}
	return "arn:" + partition + ":iam::" + r.Account + ":role" + path + r.Name
}

// SessionARN names the role as it is assumed under a name: without the path.
func (r IAMRole) SessionARN(partition, session string) string {
	return "arn:" + partition + ":sts::" + r.Account + ":assumed-role/" + r.Name + "/" + session
}

// ID is the role's unique id: AROA and 17 characters.
func (r IAMRole) ID() string {
	return "AROA" + base32.StdEncoding.EncodeToString(digest("iam role id", r.Account, strings.ToLower(r.Name)))[:17]
}

func (v *validator) iamRole(path string, i int, r IAMRole) error {
	if _, ok := v.accounts[r.Account]; !ok {
		return invalid(path+".account", "there is no account "+quote(r.Account), "name one of the accounts")
	}
	if !namePattern().MatchString(r.Name) {
		return invalid(path+".name", quote(r.Name)+" is no role name", "use 1 to 64 letters, digits or _+=,.@-")
	}
	if strings.HasPrefix(r.Name, reservedRole) {
		return invalid(path+".name", quote(r.Name)+" is a name that permission sets take", "do not begin it with "+reservedRole)
	}
	key := r.Account + "/" + strings.ToLower(r.Name) // IAM's names differ in more than case
	if j, ok := v.roles[key]; ok {
		return invalid(path+".name", quote(r.Name)+fmt.Sprintf(" is also roles[%d] in that account", j), "give each role of an account a name of its own")
	}
	v.roles[key] = i
	if r.Path != "" && (len(r.Path) > maxRolePath || !rolePathPattern().MatchString(r.Path)) {
		return invalid(path+".path", quote(r.Path)+" is no path", "write it like /ci/, with a slash at both ends")
	}
	if r.ExternalID != "" && (len(r.ExternalID) > maxExternalID || !externalIDPattern().MatchString(r.ExternalID)) {
		return invalid(path+".external_id", quote(r.ExternalID)+" is no external id", "use 2 to 1224 letters, digits or _+=,.@:/-")
	}
	if d := r.MaxSessionDuration; d != 0 && (d < minDuration || d > maxDuration || d%time.Second != 0) {
		return invalid(path+".max_session_duration", d.String()+" is out of range", "use PT1H to PT12H, in whole seconds")
	}
	if len(r.Trusts) == 0 {
		return invalid(path+".trusts", "nobody is trusted", "name an account, a permission set, a role or a user")
	}
	return nil
}

// trusts checks whom roles trust, when all roles are known.
func (v *validator) trusts(o Organisation) error {
	names := map[string]bool{}
	for _, r := range o.Roles {
		names[strings.ToLower(r.Name)] = true
	}
	for i, r := range o.Roles {
		for j, p := range r.Trusts {
			at := fmt.Sprintf("roles[%d].trusts[%d]", i, j)
			_, account := v.accounts[p.Account]
			_, set := v.sets[p.PermissionSet]
			switch {
			case p == Principal{}:
				return invalid(at, "nobody is named", "add account, permission_set, role or user")
			case p.Account != "" && !account:
				return invalid(at+".account", "there is no account "+quote(p.Account), "name one of the accounts")
			case p.PermissionSet != "" && !set:
				return invalid(at+".permission_set", "there is no permission set "+quote(p.PermissionSet), "name one of the permission sets")
			case p.Role != "" && p.PermissionSet != "":
				return invalid(at+".role", "a permission set is named as well", "write one line for each")
			case p.Role != "" && !names[strings.ToLower(p.Role)]:
				return invalid(at+".role", "there is no role "+quote(p.Role), "name one of the roles")
			case p.User != "" && !v.hasUser(p.User):
				return invalid(at+".user", "there is no user "+quote(p.User), "name one of the users")
			}
		}
	}
	return nil
}
