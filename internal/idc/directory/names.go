package directory

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// digest hashes parts so that no two lists of parts give the same bytes.
func digest(kind string, parts ...string) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d:%s", len(kind), kind)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

// InstanceID returns ssoins-<16 hex>, derived from the start URL.
func (o Organisation) InstanceID() string {
	return "ssoins-" + hex.EncodeToString(digest("instance", o.StartURL))[:16]
}

var storeHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(d-[0-9a-f]{10})\.awsapps\.(com|cn)$`) })

// IdentityStoreID returns d-<10 hex>: the one in the start URL when it has the
// default form, as AWS's has, else derived from it.
func (o Organisation) IdentityStoreID() string {
	if u, err := url.Parse(o.StartURL); err == nil {
		if m := storeHost().FindStringSubmatch(u.Host); m != nil {
			return m[1]
		}
	}
	return "d-" + hex.EncodeToString(digest("identity store", o.StartURL))[:10]
}

// Instance is the Identity Center as a whole, defaults filled in.
func (o Organisation) Instance() Instance {
	i := Instance{
		StartURL: o.StartURL, Region: o.Region,
		InstanceID: o.InstanceID(), IdentityStoreID: o.IdentityStoreID(),
		ManagementAccount: o.ManagementAccount,
	}
	if i.ManagementAccount == "" && len(o.Accounts) > 0 {
		i.ManagementAccount = o.Accounts[0].ID
	}
	return i
}

// UserID returns <10 hex>-<uuid>; the prefix is the identity store's.
func UserID(storeID, name string) string { return storedID("user", storeID, name) }

// storedID is the id of something that an identity store holds.
func storedID(kind, storeID string, parts ...string) string {
	b := digest(kind, append([]string{storeID}, parts...)...)
	b[6] = b[6]&0x0f | 0x80 // version 8: made by a rule of our own (RFC 9562)
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%s-%x-%x-%x-%x-%x", strings.TrimPrefix(storeID, "d-"), b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// ARN names the instance in sso-admin.
func (i Instance) ARN() string {
	return "arn:" + Partition(i.Region) + ":sso:::instance/" + i.InstanceID
}

// PermissionSetARN names a permission set in sso-admin.
func (i Instance) PermissionSetARN(name string) string {
	return "arn:" + Partition(i.Region) + ":sso:::permissionSet/" + i.InstanceID + "/ps-" +
		hex.EncodeToString(digest("permission set", i.InstanceID, name))[:16]
}

// IdentityStoreARN names the identity store.
func (i Instance) IdentityStoreARN() string {
	return "arn:" + Partition(i.Region) + ":identitystore::" + i.ManagementAccount + ":identitystore/" + i.IdentityStoreID
}

// GroupID is the id of a group in identitystore.
func (i Instance) GroupID(name string) string { return storedID("group", i.IdentityStoreID, name) }

// MembershipID is the id of a person's being in a group.
func (i Instance) MembershipID(userID, group string) string {
	return storedID("membership", i.IdentityStoreID, userID, group)
}

// OrganizationID returns o-<10 hex>.
func (i Instance) OrganizationID() string {
	return "o-" + hex.EncodeToString(digest("organization", i.StartURL))[:10]
}

// RootID returns r-<4 hex>: the root above all accounts.
func (i Instance) RootID() string {
	return "r-" + hex.EncodeToString(digest("organization root", i.StartURL))[:4]
}

// OrganizationsARN names what AWS Organizations holds: an organization, root or
// account, of which id is all that follows the organization's id.
func (i Instance) OrganizationsARN(kind string, id ...string) string {
	return "arn:" + Partition(i.Region) + ":organizations::" + i.ManagementAccount + ":" + kind + "/" +
		strings.Join(append([]string{i.OrganizationID()}, id...), "/")
}

// RoleSuffix returns the 16 hex digits at the end of a role's name.
func RoleSuffix(accountID, permissionSet string) string {
	return hex.EncodeToString(digest("role suffix", accountID, permissionSet))[:16]
}

// RoleID returns the role's unique id: AROA and 17 characters.
func RoleID(accountID, permissionSet string) string {
	return "AROA" + base32.StdEncoding.EncodeToString(digest("role id", accountID, permissionSet))[:17]
}

// Partition returns the ARN partition of a region.
func Partition(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// Role is a permission set in one account.
type Role struct {
	AccountID     string
	PermissionSet PermissionSet
	Name          string // AWSReservedSSO_<permission set>_<16 hex>
	ID            string // AROA…
	ARN           string // of the IAM role, path included
}

// reservedRole begins the names of the roles of permission sets.
const reservedRole = "AWSReservedSSO_"

// NewRole names the role of a permission set in an account. The path holds the
// instance's region, except for instances in us-east-1.
func NewRole(instanceRegion, accountID string, set PermissionSet) Role {
	path := "aws-reserved/sso.amazonaws.com/"
	if instanceRegion != "us-east-1" {
		path += instanceRegion + "/"
	}
	name := reservedRole + set.Name + "_" + RoleSuffix(accountID, set.Name)
	return Role{
		AccountID: accountID, PermissionSet: set,
		Name: name, ID: RoleID(accountID, set.Name),
		ARN: "arn:" + Partition(instanceRegion) + ":iam::" + accountID + ":role/" + path + name,
	}
}

// SessionARN names the role assumed by a user, as STS does: without the path.
func (r Role) SessionARN(userName string) string {
	partition := "aws"
	if parts := strings.SplitN(r.ARN, ":", 3); len(parts) == 3 {
		partition = parts[1]
	}
	return "arn:" + partition + ":sts::" + r.AccountID + ":assumed-role/" + r.Name + "/" + userName
}

// UserID is the UserId that GetCallerIdentity answers: AROA…:<user>.
func (r Role) UserID(userName string) string { return r.ID + ":" + userName }
