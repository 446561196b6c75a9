package awsapi

import (
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

var identityStoreOperations = []adminOperation{
	{"ListUsers", (*Handler).listUsers},
	{"DescribeUser", (*Handler).describeUser},
	{"GetUserId", (*Handler).getUserID},
	{"ListGroups", (*Handler).listGroups},
	{"DescribeGroup", (*Handler).describeGroup},
	{"GetGroupId", (*Handler).getGroupID},
	{"ListGroupMemberships", (*Handler).listGroupMemberships},
	{"ListGroupMembershipsForMember", (*Handler).listGroupMembershipsForMember},
	{"IsMemberInGroups", (*Handler).isMemberInGroups},
}

var (
	attributePaths  = pattern(`(?:\pL+:\pL+:\pL+(?:\.\pL+){0,3}|\pL+(?:\.\pL+){0,2})`).upTo(255)
	attributeValues = rule{most: 1024} // may be anybody's name
)

// noSuch says that something is not in the identity store.
func (q *question) noSuch(kind, id string) error {
	f := q.fault(named{400, "ResourceNotFoundException"}, "%s not found.", kind)
	f.detail = faultDetail{RequestID: q.id, ResourceType: kind, ResourceID: id}
	return f
}

// theStore judges what was read, and refuses a store that is not this one.
func (q *question) theStore(id string) error {
	if err := q.wrong(); err != nil {
		return err
	}
	if id != q.instance.IdentityStoreID {
		return q.noSuch("IDENTITY_STORE", id)
	}
	return nil
}

// filter reads the one filter that a list may have, which AWS offers for one
// attribute.
func (q *question) filter(attribute string) (value string, filtered bool) {
	var filters []object
	q.read("Filters", "a list of structures", &filters)
	if len(filters) > 1 {
		q.fail("Filters", reasonLarge, "Member must have length less than or equal to 1")
		return "", false
	}
	if len(filters) == 0 {
		return "", false
	}
	f := input{members: filters[0], path: "filters.1.member.", q: q}
	path := f.required("AttributePath", attributePaths)
	value = f.required("AttributeValue", attributeValues)
	if path != "" && path != attribute {
		f.fail("AttributePath", reasonEnum, "Member must satisfy enum value set: [%s]", attribute)
	}
	return value, true
}

type userInfo struct {
	IdentityStoreID string `json:"IdentityStoreId"`
	UserID          string `json:"UserId"`
	UserName        string
	DisplayName     string      `json:",omitempty"`
	Emails          []userEmail `json:",omitempty"`
	UserStatus      string
	CreatedAt       epoch
	UpdatedAt       epoch
}

type userEmail struct {
	Value   string
	Type    string
	Primary bool
}

func userInfoOf(i directory.Instance, u directory.User) userInfo {
	info := userInfo{
		IdentityStoreID: i.IdentityStoreID, UserID: u.ID, UserName: u.Name, DisplayName: u.DisplayName,
		UserStatus: "ENABLED", CreatedAt: founded, UpdatedAt: founded,
	}
	if u.Disabled {
		info.UserStatus = "DISABLED"
	}
	if u.Email != "" {
		info.Emails = []userEmail{{u.Email, "work", true}}
	}
	return info
}

type userList struct {
	Users     []userInfo
	NextToken *string `json:",omitempty"`
}

func (h *Handler) listUsers(q *question) (any, error) {
	store := q.required("IdentityStoreId", storeIDs)
	name, filtered := q.filter("UserName")
	p, err := q.page(maxPage, store, name)
	if err != nil {
		return nil, err
	}
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	reply := userList{Users: []userInfo{}}
	if filtered {
		u, err := h.Directory.UserByName(q.context(), name)
		if err == nil {
			reply.Users = append(reply.Users, userInfoOf(q.instance, u))
		}
		return reply, orNotFound(err, nil)
	}
	users, next, err := h.Directory.People(q.context(), p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply.NextToken = p.next(next)
	for _, u := range users {
		reply.Users = append(reply.Users, userInfoOf(q.instance, u))
	}
	return reply, nil
}

func (h *Handler) describeUser(q *question) (any, error) {
	store, id := q.required("IdentityStoreId", storeIDs), q.required("UserId", resourceIDs)
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	u, err := h.Directory.User(q.context(), id)
	if err != nil {
		return nil, orNotFound(err, q.noSuch("USER", id))
	}
	return userInfoOf(q.instance, u), nil
}

// alternateIdentifier reads what GetUserId and GetGroupId look for: the value of
// one of the attributes that nobody shares. Nobody has an external id here, which
// is found by none.
func (q *question) alternateIdentifier(attributes ...string) (attribute, value string) {
	alternate := q.requiredStructure("AlternateIdentifier")
	if external, there := alternate.structure("ExternalId"); there {
		external.required("Issuer", rule{most: 256})
		external.required("Id", rule{most: 256})
		return "", ""
	}
	unique, there := alternate.structure("UniqueAttribute")
	if !there {
		alternate.missing("UniqueAttribute")
		return "", ""
	}
	attribute = unique.required("AttributePath", attributePaths)
	value = unique.required("AttributeValue", attributeValues)
	known := slices.IndexFunc(attributes, func(a string) bool { return strings.EqualFold(a, attribute) })
	if known < 0 {
		if attribute != "" {
			unique.fail("AttributePath", reasonEnum, "Member must satisfy enum value set: [%s]", strings.Join(attributes, ", "))
		}
		return "", ""
	}
	return attributes[known], value
}

type userIDReply struct {
	IdentityStoreID string `json:"IdentityStoreId"`
	UserID          string `json:"UserId"`
}

func (h *Handler) getUserID(q *question) (any, error) {
	store := q.required("IdentityStoreId", storeIDs)
	attribute, value := q.alternateIdentifier("userName", "emails.value")
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	u, err := directory.User{}, directory.ErrNotFound
	switch attribute {
	case "userName":
		u, err = h.Directory.UserByName(q.context(), value)
	case "emails.value":
		u, err = h.Directory.UserByEmail(q.context(), value)
	}
	if err != nil {
		return nil, orNotFound(err, q.noSuch("USER", ""))
	}
	return userIDReply{store, u.ID}, nil
}

type groupInfo struct {
	GroupID         string `json:"GroupId"`
	DisplayName     string
	CreatedAt       epoch
	UpdatedAt       epoch
	IdentityStoreID string `json:"IdentityStoreId"`
}

func groupInfoOf(i directory.Instance, name string) groupInfo {
	return groupInfo{i.GroupID(name), name, founded, founded, i.IdentityStoreID}
}

type groupList struct {
	Groups    []groupInfo
	NextToken *string `json:",omitempty"`
}

func (h *Handler) listGroups(q *question) (any, error) {
	store := q.required("IdentityStoreId", storeIDs)
	wanted, filtered := q.filter("DisplayName")
	p, err := q.page(maxPage, store, wanted)
	if err != nil {
		return nil, err
	}
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	reply := groupList{Groups: []groupInfo{}}
	if filtered {
		name, err := h.Directory.GroupByID(q.context(), q.instance, q.instance.GroupID(wanted))
		if err == nil {
			reply.Groups = append(reply.Groups, groupInfoOf(q.instance, name))
		}
		return reply, orNotFound(err, nil)
	}
	groups, next, err := h.Directory.Groups(q.context(), p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply.NextToken = p.next(next)
	for _, name := range groups {
		reply.Groups = append(reply.Groups, groupInfoOf(q.instance, name))
	}
	return reply, nil
}

// group finds a group of the store. Both ids have been judged.
func (h *Handler) group(q *question, id string) (name string, err error) {
	name, err = h.Directory.GroupByID(q.context(), q.instance, id)
	return name, orNotFound(err, q.noSuch("GROUP", id))
}

func (h *Handler) describeGroup(q *question) (any, error) {
	store, id := q.required("IdentityStoreId", storeIDs), q.required("GroupId", resourceIDs)
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	name, err := h.group(q, id)
	if err != nil {
		return nil, err
	}
	return groupInfoOf(q.instance, name), nil
}

type groupIDReply struct {
	GroupID         string `json:"GroupId"`
	IdentityStoreID string `json:"IdentityStoreId"`
}

func (h *Handler) getGroupID(q *question) (any, error) {
	store := q.required("IdentityStoreId", storeIDs)
	attribute, value := q.alternateIdentifier("displayName")
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	if attribute == "" {
		return nil, q.noSuch("GROUP", "")
	}
	id := q.instance.GroupID(value)
	if _, err := h.Directory.GroupByID(q.context(), q.instance, id); err != nil {
		return nil, orNotFound(err, q.noSuch("GROUP", ""))
	}
	return groupIDReply{id, store}, nil
}

type memberID struct {
	UserID string `json:"UserId"`
}

type membershipInfo struct {
	IdentityStoreID string   `json:"IdentityStoreId"`
	MembershipID    string   `json:"MembershipId"`
	GroupID         string   `json:"GroupId"`
	MemberID        memberID `json:"MemberId"`
	CreatedAt       epoch
	UpdatedAt       epoch
}

func membershipInfoOf(i directory.Instance, userID, group string) membershipInfo {
	return membershipInfo{i.IdentityStoreID, i.MembershipID(userID, group), i.GroupID(group), memberID{userID}, founded, founded}
}

type membershipList struct {
	GroupMemberships []membershipInfo
	NextToken        *string `json:",omitempty"`
}

func (h *Handler) listGroupMemberships(q *question) (any, error) {
	store, id := q.required("IdentityStoreId", storeIDs), q.required("GroupId", resourceIDs)
	p, err := q.page(maxPage, store, id)
	if err != nil {
		return nil, err
	}
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	group, err := h.group(q, id)
	if err != nil {
		return nil, err
	}
	members, next, err := h.Directory.Members(q.context(), group, p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply := membershipList{[]membershipInfo{}, p.next(next)}
	for _, u := range members {
		reply.GroupMemberships = append(reply.GroupMemberships, membershipInfoOf(q.instance, u.ID, group))
	}
	return reply, nil
}

// member reads the member that a call is about, who must be a user.
func (q *question) member() (id string) {
	return q.requiredStructure("MemberId").required("UserId", resourceIDs)
}

func (h *Handler) listGroupMembershipsForMember(q *question) (any, error) {
	store, id := q.required("IdentityStoreId", storeIDs), q.member()
	p, err := q.page(maxPage, store, id)
	if err != nil {
		return nil, err
	}
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	user, err := h.Directory.User(q.context(), id)
	if err != nil {
		return nil, orNotFound(err, q.noSuch("USER", id))
	}
	groups := slices.Sorted(slices.Values(user.Groups))
	groups = slices.DeleteFunc(groups, func(name string) bool { return name <= p.after })
	reply := membershipList{GroupMemberships: []membershipInfo{}}
	if len(groups) > p.limit {
		groups = groups[:p.limit]
		reply.NextToken = p.next(groups[p.limit-1])
	}
	for _, group := range groups {
		reply.GroupMemberships = append(reply.GroupMemberships, membershipInfoOf(q.instance, user.ID, group))
	}
	return reply, nil
}

type membershipResult struct {
	GroupID          string   `json:"GroupId"`
	MemberID         memberID `json:"MemberId"`
	MembershipExists bool
}

func (h *Handler) isMemberInGroups(q *question) (any, error) {
	store, id := q.required("IdentityStoreId", storeIDs), q.member()
	var groups []string
	switch there := q.read("GroupIds", "a list of strings", &groups); {
	case !there:
		q.missing("GroupIds")
	case len(groups) < 1 || len(groups) > 100:
		q.fail("GroupIds", reasonLarge, "Member must have length between 1 and 100")
	}
	for _, g := range groups {
		q.check("GroupIds", g, resourceIDs)
	}
	if err := q.theStore(store); err != nil {
		return nil, err
	}
	user, err := h.Directory.User(q.context(), id)
	if err != nil {
		return nil, orNotFound(err, q.noSuch("USER", id))
	}
	results := []membershipResult{}
	for _, g := range groups {
		name, err := h.group(q, g)
		if err != nil {
			return nil, err
		}
		results = append(results, membershipResult{g, memberID{user.ID}, slices.Contains(user.Groups, name)})
	}
	return struct{ Results []membershipResult }{results}, nil
}
