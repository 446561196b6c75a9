package wallet

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An AssumedRole identifies the credentials of a role assumed by STS in the AWS
// CLI's cache: by what was asked for. What is empty was not.
type AssumedRole struct {
	ARN            string
	SessionName    string // only one that somebody configured
	ExternalID     string
	MFASerial      string
	Duration       int // seconds
	SourceIdentity string
	Tags           []SessionTag
	TransitiveTags []string // the keys of the tags that further roles of the chain keep
	Policy         string   // JSON, which narrows the role
	PolicyARNs     []string // managed policies that narrow it too

	TokenKey string // of the session at the beginning of the chain, with which it is sealed; no part of the name
}

// A SessionTag is a tag of the session, as ABAC policies read it.
type SessionTag struct{ Key, Value string }

// Name is the stem of the role's cache file, and names its lock. It is
// botocore's: the arguments of AssumeRole in the order of their names, the policy
// by what it says and not as it was written.
func (r AssumedRole) Name() string {
	var args object
	text := func(key, value string) {
		if value != "" {
			args.text(key, value)
		}
	}
	if r.Duration > 0 {
		args.raw("DurationSeconds", strconv.AppendInt(nil, int64(r.Duration), 10))
	}
	text("ExternalId", r.ExternalID)
	if r.Policy != "" {
		args.raw("Policy", []byte(canonical(r.Policy)))
	}
	if len(r.PolicyARNs) > 0 {
		args.raw("PolicyArns", array(r.PolicyARNs, func(arn string) string { return `{"arn": ` + quote(arn) + "}" }))
	}
	text("RoleArn", r.ARN)
	text("RoleSessionName", r.SessionName)
	text("SerialNumber", r.MFASerial)
	text("SourceIdentity", r.SourceIdentity)
	if len(r.Tags) > 0 {
		args.raw("Tags", array(r.Tags, func(t SessionTag) string { return `{"Key": ` + quote(t.Key) + `, "Value": ` + quote(t.Value) + "}" }))
	}
	if len(r.TransitiveTags) > 0 {
		args.list("TransitiveTagKeys", r.TransitiveTags)
	}
	return sum(string(args.bytes()))
}

func array[T any](values []T, item func(T) string) []byte {
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = item(v)
	}
	return []byte("[" + strings.Join(items, ", ") + "]")
}

// canonical is a JSON text as Python writes it again, its keys in order. What is
// no JSON is its own name.
func canonical(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return quote(text)
	}
	return string(python(value))
}

func python(value any) []byte {
	switch v := value.(type) {
	case string:
		return []byte(quote(v))
	case []any:
		return array(v, func(item any) string { return string(python(item)) })
	case map[string]any:
		var o object
		for _, key := range slices.Sorted(maps.Keys(v)) {
			o.raw(key, python(v[key]))
		}
		return o.bytes()
	}
	text, _ := json.Marshal(value) // null, true, false, or a number as it was written
	return text
}

// An AssumedUser is whom STS calls the holder of such credentials.
type AssumedUser struct{ ID, ARN string }

func (w *Wallet) assumedEntry(r AssumedRole) entry {
	return w.entry(r.TokenKey, rolePrefix, filepath.Join(w.roleDir(), r.Name()+".json"))
}

// AssumedRole returns the cached credentials of an assumed role.
func (w *Wallet) AssumedRole(r AssumedRole) (RoleCredentials, error) {
	var f roleFile
	e, err := w.read(func() entry { return w.assumedEntry(r) }, &f)
	if err != nil {
		return RoleCredentials{}, err
	}
	return f.credentials(e.path)
}

// PutAssumedRole writes an assumed role's credentials.
func (w *Wallet) PutAssumedRole(r AssumedRole, c RoleCredentials, user AssumedUser) error {
	var id, o object
	id.text("AssumedRoleId", user.ID)
	id.text("Arn", user.ARN)
	o.raw("Credentials", credentialsObject(c).bytes())
	o.raw("AssumedRoleUser", id.bytes())
	return w.write(w.assumedEntry(r), o.bytes())
}
