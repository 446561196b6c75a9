package awsapi

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// maxPage is the largest page of the portal's listings, and the page of callers
// that name no size: most AWS clients name none.
const maxPage = 100

func (h *Handler) servePortal(x *exchange) (any, error) {
	switch mediaType(x.r) {
	case "", "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1":
	default:
		return nil, x.fault(named{http.StatusUnsupportedMediaType, "InvalidRequestException"},
			"Content-Type must be application/json")
	}
	token, err := x.bearer()
	if err != nil {
		return nil, err
	}
	access, err := h.Grant.AccessToken(x.context(), x.now, token)
	if err == nil {
		x.event.ClientID, x.event.Client, x.event.SessionID = access.ClientID, access.ClientName, access.SessionID
		h.person(x, access.UserID, access.FamilyID)
	}
	if x.operation == "Logout" { // also by a token that is over
		return nil, x.portalError(h.Grant.SignOut(x.context(), x.now, token))
	}
	if err != nil {
		return nil, x.portalError(err)
	}
	if !grant.PortalAccess(access.Scopes) {
		return nil, x.fault(named{http.StatusForbidden, "ForbiddenException"},
			"No access: the scope %s is missing from what this sign-in was allowed; register the client with it and sign in again",
			grant.ScopeAccountAccess)
	}
	// What the caller sent is judged after who they are.
	q, err := parseParameters(x.r.URL.RawQuery)
	if err != nil {
		return nil, x.malformed(err)
	}
	var reply any
	switch x.operation {
	case "ListAccounts":
		reply, err = h.listAccounts(x, access, q)
	case "ListAccountRoles":
		reply, err = h.listAccountRoles(x, access, q)
	case "GetRoleCredentials":
		reply, err = h.getRoleCredentials(x, access, q)
	default:
		return nil, x.unknownOperation()
	}
	return reply, x.portalError(err)
}

func (x *exchange) bearer() (string, error) {
	values := x.r.Header[bearerHeader]
	if len(values) != 1 || values[0] == "" {
		return "", x.portalError(grant.ErrUnauthorized)
	}
	return values[0], nil
}

func (x *exchange) portalError(err error) error {
	switch {
	case errors.Is(err, grant.ErrUnauthorized):
		return x.fault(named{http.StatusUnauthorized, "UnauthorizedException"}, "Session token not found or invalid")
	case errors.Is(err, directory.ErrNoAccess), errors.Is(err, directory.ErrNotFound):
		// Whether an account exists at all is not told to those without access.
		return x.fault(named{http.StatusForbidden, "ForbiddenException"}, "No access")
	}
	return err
}

type accountInfo struct {
	AccountID    string `json:"accountId"`
	AccountName  string `json:"accountName"`
	EmailAddress string `json:"emailAddress"`
}

type accountsReply struct {
	AccountList []accountInfo `json:"accountList"`
	NextToken   *string       `json:"nextToken"`
}

func (h *Handler) listAccounts(x *exchange, access grant.Access, q parameters) (any, error) {
	limit, after, err := page(q, "accounts", access.UserID)
	if err != nil {
		return nil, x.malformed(err)
	}
	accounts, next, err := h.Directory.Accounts(x.context(), access.UserID, after, limit)
	if err != nil {
		return nil, err
	}
	reply := accountsReply{AccountList: make([]accountInfo, 0, len(accounts)), NextToken: nextToken(next, "accounts", access.UserID)}
	for _, a := range accounts {
		reply.AccountList = append(reply.AccountList, accountInfo{a.ID, a.Name, a.Email})
	}
	return reply, nil
}

type roleInfo struct {
	RoleName  string `json:"roleName"`
	AccountID string `json:"accountId"`
}

type rolesReply struct {
	RoleList  []roleInfo `json:"roleList"`
	NextToken *string    `json:"nextToken"`
}

func (h *Handler) listAccountRoles(x *exchange, access grant.Access, q parameters) (any, error) {
	account, err := accountID(q)
	if err != nil {
		return nil, x.malformed(err)
	}
	x.parameter("accountId", account)
	limit, after, err := page(q, "roles", access.UserID, account)
	if err != nil {
		return nil, x.malformed(err)
	}
	roles, next, err := h.Directory.Roles(x.context(), access.UserID, account, after, limit)
	if err != nil {
		return nil, err
	}
	if len(roles) == 0 && after == "" {
		// What AWS answers here is not published. GetRoleCredentials refuses such
		// an account, and an empty list would hide a mistyped account id.
		return nil, directory.ErrNoAccess
	}
	reply := rolesReply{RoleList: make([]roleInfo, 0, len(roles)), NextToken: nextToken(next, "roles", access.UserID, account)}
	for _, set := range roles {
		reply.RoleList = append(reply.RoleList, roleInfo{set.Name, account})
	}
	return reply, nil
}

type roleCredentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	Expiration      int64  `json:"expiration"` // milliseconds
}

type credentialsReply struct {
	RoleCredentials roleCredentials `json:"roleCredentials"`
}

func (h *Handler) getRoleCredentials(x *exchange, access grant.Access, q parameters) (any, error) {
	account, err := accountID(q)
	if err != nil {
		return nil, x.malformed(err)
	}
	x.parameter("accountId", account)
	name := q["role_name"]
	if name == "" {
		return nil, x.malformed(errors.New("role_name is required"))
	}
	x.parameter("roleName", name)
	role, err := h.Directory.Role(x.context(), access.UserID, account, name)
	if err != nil {
		return nil, err
	}
	user, err := h.Directory.User(x.context(), access.UserID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, grant.ErrUnauthorized
	}
	if err != nil {
		return nil, err
	}
	set := role.PermissionSet
	duration := set.SessionDuration
	if duration <= 0 {
		duration = directory.DefaultSessionDuration
	}
	cred, secret, token, err := h.Grant.IssueRoleCredential(x.context(), x.now, grant.RoleCredential{
		AccountID: account, PermissionSet: set.Name, RoleName: role.Name, RoleID: role.ID,
		UserID: user.ID, UserName: user.Name, SessionID: access.SessionID,
		ARN: role.SessionARN(user.Name), CallerID: role.UserID(user.Name),
		Administrator: set.Administrator, Workflow: access.FamilyID,
		ExpiresAt: x.now.Add(duration).Truncate(time.Second),
	})
	if err != nil {
		return nil, err
	}
	x.credential(cred)
	return credentialsReply{roleCredentials{cred.AccessKeyID, secret, token, cred.ExpiresAt.UnixMilli()}}, nil
}

func accountID(q parameters) (string, error) {
	id := q["account_id"]
	if id == "" {
		return "", errors.New("account_id is required")
	}
	if !isAccountID(id) {
		return "", errors.New("account_id must be twelve digits")
	}
	return id, nil
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// page reads max_result and next_token.
func page(q parameters, listing ...string) (limit int, after string, err error) {
	limit = maxPage
	if text, ok := q["max_result"]; ok {
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxPage {
			return 0, "", errors.New("max_result must be 1 to 100")
		}
	}
	after, err = parsePageToken(q["next_token"], listing...)
	if err != nil {
		return 0, "", errors.New("next_token is not valid: " + err.Error())
	}
	return limit, after, nil
}

func nextToken(after string, listing ...string) *string {
	token := pageToken(after, listing...)
	if token == "" {
		return nil
	}
	return &token
}
