package awsapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// What AssumeRole's parameters must be, as the model of STS has it.
var (
	roleARN      = pattern(`arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}`).pattern
	sessionNames = pattern(`[\w+=,.@-]{2,64}`)
	externalIDs  = pattern(`[\w+=,.@:\/-]{2,}`).upTo(1224)
	serials      = pattern(`[\w+=/:,.@-]{9,256}`)
	tokenCodes   = pattern(`[\d]{6}`)
	policyARNs   = pattern(`arn:[\x21-\x7e]{16,}`).upTo(2048)
	tagKeys      = pattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}`)
	tagValues    = pattern(`[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}`)
)

const (
	minSession      = 15 * time.Minute
	maxSession      = 12 * time.Hour
	maxChained      = time.Hour
	maxInlinePolicy = 2048
	maxPolicyARNs   = 10
	maxTags         = 50
	// maxPacked is what policies and tags may come to together. AWS packs them and
	// does not say how, so its percentage is another.
	maxPacked = 4096
)

type tag struct{ Key, Value string }

// assumption is a call of AssumeRole, decoded.
type assumption struct {
	directory.RoleRequest
	session        string
	duration       time.Duration
	policy         string
	policyARNs     []string
	tags           []tag
	transitive     []string
	sourceIdentity string
}

// constraints gathers what is wrong with the parameters: AWS reports it all at
// once. Values are not repeated: what is in the wrong place may be a secret.
type constraints []string

func (c *constraints) add(member, reason string) {
	*c = append(*c, "Value at '"+lowerFirst(member)+"' failed to satisfy constraint: "+reason)
}

// text checks a value unless it was left out.
func (c *constraints) text(member, value string, r rule) string {
	switch {
	case value == "":
	case r.most > 0 && utf8.RuneCountInString(value) > r.most:
		c.add(member, "Member must have length less than or equal to "+strconv.Itoa(r.most))
	case !r.pattern().MatchString(value):
		c.add(member, "Member must satisfy regular expression pattern: "+r.shown)
	}
	return value
}

// members are those of a list: Name.member.1 and on, or of a part of each.
func (q parameters) members(name, part string) []string {
	var all []string
	for i := 1; ; i++ {
		v, ok := q[name+".member."+strconv.Itoa(i)+part]
		if !ok {
			return all
		}
		all = append(all, v)
	}
}

func (x *exchange) assumption(q parameters) (assumption, error) {
	if err := x.needs(q, "RoleArn", "RoleSessionName"); err != nil {
		return assumption{}, err
	}
	if !roleARN().MatchString(q["RoleArn"]) {
		return assumption{}, x.fault(validationError, "RoleArn is not the ARN of a role, as arn:aws:iam::111122223333:role/name")
	}
	var wrong constraints
	a := assumption{
		RoleRequest: directory.RoleRequest{
			ARN: q["RoleArn"], ExternalID: wrong.text("ExternalId", q["ExternalId"], externalIDs),
			SerialNumber: wrong.text("SerialNumber", q["SerialNumber"], serials), TokenCode: wrong.text("TokenCode", q["TokenCode"], tokenCodes),
		},
		session:  wrong.text("RoleSessionName", q["RoleSessionName"], sessionNames),
		duration: directory.DefaultSessionDuration,
		policy:   q["Policy"], policyARNs: q.members("PolicyArns", ".arn"),
		transitive:     q.members("TransitiveTagKeys", ""),
		sourceIdentity: wrong.text("SourceIdentity", q["SourceIdentity"], sessionNames),
	}
	if text := q["DurationSeconds"]; text != "" {
		seconds, err := strconv.Atoi(text)
		a.duration = time.Duration(min(seconds, 1<<30)) * time.Second
		switch {
		case err != nil:
			wrong.add("DurationSeconds", "Member must be an integer")
		case a.duration < minSession:
			wrong.add("DurationSeconds", "Member must have value greater than or equal to 900")
		case a.duration > maxSession:
			wrong.add("DurationSeconds", "Member must have value less than or equal to 43200")
		}
	}
	if utf8.RuneCountInString(a.policy) > maxInlinePolicy {
		wrong.add("Policy", "Member must have length less than or equal to 2048")
	}
	for _, arn := range a.policyARNs {
		wrong.text("PolicyArns", cmp.Or(arn, " "), policyARNs)
	}
	if len(a.policyARNs) > maxPolicyARNs {
		wrong.add("PolicyArns", "Member must have length less than or equal to 10")
	}
	keys, values := q.members("Tags", ".Key"), q.members("Tags", ".Value")
	if len(keys) != len(values) || len(keys) > maxTags {
		wrong.add("Tags", "Member must have length less than or equal to 50, and each a Key and a Value")
	}
	for i := range min(len(keys), len(values)) {
		a.tags = append(a.tags, tag{wrong.text("Tags", cmp.Or(keys[i], "\n"), tagKeys), wrong.text("Tags", values[i], tagValues)})
	}
	if len(wrong) > 0 {
		return assumption{}, x.fault(validationError, "%s detected: %s", count(len(wrong), "validation error"), strings.Join(wrong, "; "))
	}
	return a, nil
}

// note tells the event of the call what was asked for, but for the code.
func (x *exchange) note(a assumption, q parameters) {
	x.parameter("roleArn", a.ARN)
	x.parameter("roleSessionName", a.session)
	x.parameter("externalId", a.ExternalID)
	x.parameter("serialNumber", a.SerialNumber)
	x.parameter("durationSeconds", q["DurationSeconds"])
	x.parameter("sourceIdentity", a.sourceIdentity)
	x.parameter("transitiveTagKeys", strings.Join(a.transitive, ","))
	x.parameter("policyArns", strings.Join(a.policyARNs, ","))
	var tags []string
	for _, t := range a.tags {
		tags = append(tags, t.Key+"="+t.Value)
	}
	x.parameter("tags", strings.Join(tags, ","))
	if a.policy != "" {
		x.event.Request["policy"] = a.policy // a rule, and no secret: worth more than a line of it
	}
}

type assumedRole struct {
	Credentials     sessionCredentials `json:"Credentials"`
	AssumedRoleUser assumedRoleUser    `json:"AssumedRoleUser"`
	PackedSize      *int               `xml:"PackedPolicySize" json:"PackedPolicySize,omitempty"`
	SourceIdentity  string             `xml:",omitempty" json:"SourceIdentity,omitempty"`
}

type sessionCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId" json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId" json:"AssumedRoleId"`
	Arn           string
}

// assumeRole gives a role of the organisation to whom it trusts. Everybody who
// calls holds the credentials of a role already, so every call chains roles.
func (h *Handler) assumeRole(x *exchange, q parameters, caller grant.RoleCredential) (any, error) {
	a, err := x.assumption(q)
	if err != nil {
		return nil, err
	}
	x.note(a, q)
	role, err := h.trusted(x, a, caller)
	if err != nil {
		return nil, err
	}
	// The larger limit first: whoever raises it learns of the smaller one next.
	switch {
	case a.duration > role.MaxSessionDuration:
		return nil, x.fault(validationError, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case a.duration > maxChained:
		return nil, x.fault(validationError, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	policies, err := x.sessionPolicies(a.policy, a.policyARNs)
	if err != nil {
		return nil, err
	}
	transitive, err := x.transitiveTags(a, caller)
	if err != nil {
		return nil, err
	}
	packed, err := x.packed(a)
	if err != nil {
		return nil, err
	}
	instance, err := h.Directory.Instance(x.context())
	if err != nil {
		return nil, err
	}
	partition := directory.Partition(instance.Region)
	cred, secret, token, err := h.Grant.IssueRoleCredential(x.context(), x.now, grant.RoleCredential{
		AccountID: role.Account, RoleName: role.Name, RoleID: role.ID(),
		UserID: caller.UserID, UserName: caller.UserName,
		// Of no session: whoever signs out keeps what their role credentials can get.
		ARN: role.SessionARN(partition, a.session), CallerID: role.ID() + ":" + a.session,
		Administrator: role.Administrator, Workflow: caller.Workflow,
		SessionPolicies: policies, TransitiveTags: transitive, SourceIdentity: cmp.Or(caller.SourceIdentity, a.sourceIdentity),
		ExpiresAt: x.now.Add(a.duration).Truncate(time.Second),
	})
	if err != nil {
		return nil, err
	}
	x.event.Extra = map[string]string{"AccessKeyID": cred.AccessKeyID, "AssumedRoleARN": cred.ARN}
	return queryReply{x.operation, assumedRole{
		Credentials:     sessionCredentials{cred.AccessKeyID, secret, token, cred.ExpiresAt.UTC().Format(time.RFC3339)},
		AssumedRoleUser: assumedRoleUser{cred.CallerID, cred.ARN},
		PackedSize:      packed, SourceIdentity: cred.SourceIdentity,
	}}, nil
}

// trusted finds the role and refuses whom it does not trust, in AWS's words. What
// stands in brackets is why, which AWS does not tell.
func (h *Handler) trusted(x *exchange, a assumption, caller grant.RoleCredential) (directory.IAMRole, error) {
	denied := func(action, because string) error {
		return x.fault(accessDenied, "User: %s is not authorized to perform: %s on resource: %s (in this local Identity Center %s)",
			caller.ARN, action, a.ARN, because)
	}
	if err := x.permits(caller, "sts:AssumeRole", a.ARN, accessDenied); err != nil {
		return directory.IAMRole{}, err
	}
	if (a.SerialNumber == "") != (a.TokenCode == "") {
		return directory.IAMRole{}, x.fault(accessDenied, "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	}
	who := directory.Principal{Account: caller.AccountID, PermissionSet: caller.PermissionSet, User: caller.UserName}
	if who.PermissionSet == "" {
		who.Role = caller.RoleName
	}
	role, err := h.Directory.Assumable(x.context(), who, a.RoleRequest)
	distrust, distrusted := errors.AsType[*directory.DistrustError](err)
	switch {
	case distrusted:
		return role, denied("sts:AssumeRole", distrust.Reason)
	case errors.Is(err, directory.ErrNoDevice):
		return role, x.fault(accessDenied, "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
	case errors.Is(err, directory.ErrWrongCode):
		return role, x.fault(accessDenied, "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
	case err == nil && caller.SourceIdentity != "" && a.sourceIdentity != "" && a.sourceIdentity != caller.SourceIdentity:
		return role, denied("sts:SetSourceIdentity", fmt.Sprintf("as in AWS the source identity %s was set for good", caller.SourceIdentity))
	}
	return role, err
}

var invalidParameter = named{http.StatusBadRequest, "InvalidParameterValue"}

// transitiveTags are those that the session hands on: what the caller's does, and
// those of its own that are said to be.
func (x *exchange) transitiveTags(a assumption, caller grant.RoleCredential) (string, error) {
	var kept []tag
	if caller.TransitiveTags != "" {
		if err := json.Unmarshal([]byte(caller.TransitiveTags), &kept); err != nil {
			return "", err
		}
	}
	has := func(tags []tag, key string) int {
		return slices.IndexFunc(tags, func(t tag) bool { return strings.EqualFold(t.Key, key) })
	}
	for i, t := range a.tags {
		if has(a.tags[:i], t.Key) >= 0 {
			return "", x.fault(invalidParameter, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if has(kept, t.Key) >= 0 {
			return "", x.fault(invalidParameter, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	inherited := len(kept)
	for _, key := range a.transitive {
		i := has(a.tags, key)
		if i < 0 {
			return "", x.fault(invalidParameter, "The specified transitive tag key must be included in the requested tags.")
		}
		if has(kept[inherited:], key) < 0 {
			kept = append(kept, a.tags[i])
		}
	}
	if len(kept) == 0 {
		return "", nil
	}
	text, err := json.Marshal(kept)
	return string(text), err
}

// packed says how full the room for policies and tags is, in percent; nil when
// there are none.
func (x *exchange) packed(a assumption) (*int, error) {
	size := len(a.policy)
	for _, arn := range a.policyARNs {
		size += len(arn)
	}
	for _, t := range a.tags {
		size += len(t.Key) + len(t.Value)
	}
	if size == 0 {
		return nil, nil
	}
	percent := max(1, size*100/maxPacked)
	if percent > 100 {
		return nil, x.fault(named{http.StatusBadRequest, "PackedPolicyTooLarge"}, "Packed size of session tags consumes %d%% of allotted space.", percent)
	}
	return &percent, nil
}
