package wallet

import (
	"fmt"
	"path/filepath"
	"strings"
)

// An AssumedRole identifies the credentials of a role assumed by STS in the AWS
// CLI's cache. What is empty was not asked for.
type AssumedRole struct {
	ARN         string
	SessionName string // only one that somebody configured
	ExternalID  string
	MFASerial   string
	Duration    int // seconds
}

// Name is the stem of the role's cache file, and names its lock.
func (r AssumedRole) Name() string {
	var parts []string
	if r.Duration > 0 {
		parts = append(parts, fmt.Sprintf(`"DurationSeconds": %d`, r.Duration))
	}
	for _, p := range [][2]string{{"ExternalId", r.ExternalID}, {"RoleArn", r.ARN}, {"RoleSessionName", r.SessionName}, {"SerialNumber", r.MFASerial}} {
		if p[1] != "" {
			parts = append(parts, quote(p[0])+": "+quote(p[1]))
		}
	}
	return sum("{" + strings.Join(parts, ", ") + "}")
}

// An AssumedUser is whom STS calls the holder of such credentials.
type AssumedUser struct{ ID, ARN string }

func (w *Wallet) assumedFile(r AssumedRole) string {
	return filepath.Join(w.roleDir(), r.Name()+".json")
}

// AssumedRole returns the cached credentials of an assumed role.
func (w *Wallet) AssumedRole(r AssumedRole) (RoleCredentials, error) {
	path := w.assumedFile(r)
	var f roleFile
	if err := read(path, &f); err != nil {
		return RoleCredentials{}, err
	}
	return f.credentials(path)
}

// PutAssumedRole writes an assumed role's credentials.
func (w *Wallet) PutAssumedRole(r AssumedRole, c RoleCredentials, user AssumedUser) error {
	var id, o object
	id.text("AssumedRoleId", user.ID)
	id.text("Arn", user.ARN)
	o.raw("Credentials", c.object().bytes())
	o.raw("AssumedRoleUser", id.bytes())
	return write(w.assumedFile(r), o.bytes())
}
