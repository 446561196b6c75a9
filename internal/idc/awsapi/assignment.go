package awsapi

import (
	"errors"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// Assignments change at once here, but a request answers IN_PROGRESS, as AWS's
// does, so that clients wait for it as they must there.

type assignmentStatus struct {
	Status           string
	RequestID        string `json:"RequestId"`
	TargetID         string `json:"TargetId,omitempty"`
	TargetType       string `json:",omitempty"`
	PermissionSetArn string `json:",omitempty"`
	PrincipalType    string `json:",omitempty"`
	PrincipalID      string `json:"PrincipalId,omitempty"`
	CreatedDate      epoch
}

const (
	inProgress = "IN_PROGRESS"
	succeeded  = "SUCCEEDED"
)

func (q *question) statusOf(r directory.AssignmentRequest, status string) assignmentStatus {
	s := assignmentStatus{status, r.ID, r.AccountID, "AWS_ACCOUNT", q.instance.PermissionSetARN(r.PermissionSet), "USER", r.UserID, epoch(r.Created)}
	if r.Group != "" {
		s.PrincipalType, s.PrincipalID = "GROUP", q.instance.GroupID(r.Group)
	}
	return s
}

type creationStatus struct {
	Status assignmentStatus `json:"AccountAssignmentCreationStatus"`
}

type deletionStatus struct {
	Status assignmentStatus `json:"AccountAssignmentDeletionStatus"`
}

func (h *Handler) createAccountAssignment(q *question) (any, error) {
	s, err := h.changeAssignment(q, false)
	return creationStatus{s}, err
}

func (h *Handler) deleteAccountAssignment(q *question) (any, error) {
	s, err := h.changeAssignment(q, true)
	return deletionStatus{s}, err
}

func (h *Handler) changeAssignment(q *question, deletion bool) (assignmentStatus, error) {
	instance, arn := q.required("InstanceArn", instanceARNs), q.required("PermissionSetArn", permissionSetARNs)
	account := q.required("TargetId", accountIDs)
	q.required("TargetType", oneOf("AWS_ACCOUNT"))
	id, kind := q.required("PrincipalId", resourceIDs), q.required("PrincipalType", principalTypes)
	if err := q.wrong(); err != nil {
		return assignmentStatus{}, err
	}
	set, err := h.permissionSet(q, instance, arn)
	if err != nil {
		return assignmentStatus{}, err
	}
	if err := h.account(q, account); err != nil {
		return assignmentStatus{}, err
	}
	g := directory.Granted{AccountID: account, PermissionSet: set.Name}
	if g.UserID, g.Group, err = h.principal(q, kind, id); err != nil {
		return assignmentStatus{}, err
	}
	r, err := h.Directory.RequestAssignment(q.context(), q.now, deletion, g)
	if errors.Is(err, directory.ErrNotFound) { // it went this moment
		err = q.unknown("Assignment", account)
	}
	return q.statusOf(r, inProgress), err
}

// principal finds whom an assignment is for: a user's id, or a group's name.
func (h *Handler) principal(q *question, kind, id string) (userID, group string, err error) {
	if kind == "USER" {
		user, err := h.Directory.User(q.context(), id)
		return user.ID, "", orNotFound(err, q.unknown("User", id))
	}
	group, err = h.Directory.GroupByID(q.context(), q.instance, id)
	return "", group, orNotFound(err, q.unknown("Group", id))
}

func (h *Handler) describeAssignmentCreationStatus(q *question) (any, error) {
	s, err := h.askedStatus(q, "AccountAssignmentCreationRequestId", false)
	return creationStatus{s}, err
}

func (h *Handler) describeAssignmentDeletionStatus(q *question) (any, error) {
	s, err := h.askedStatus(q, "AccountAssignmentDeletionRequestId", true)
	return deletionStatus{s}, err
}

var requestIDs = pattern(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func (h *Handler) askedStatus(q *question, member string, deletion bool) (assignmentStatus, error) {
	instance, id := q.required("InstanceArn", instanceARNs), q.required(member, requestIDs)
	if err := q.wrong(); err != nil {
		return assignmentStatus{}, err
	}
	if err := q.theInstance(instance); err != nil {
		return assignmentStatus{}, err
	}
	r, err := h.Directory.AssignmentRequest(q.context(), id)
	if err == nil && r.Deletion != deletion {
		err = directory.ErrNotFound
	}
	return q.statusOf(r, succeeded), orNotFound(err, q.unknown("Request", id))
}

func (h *Handler) listAssignmentCreationStatus(q *question) (any, error) {
	list, next, err := h.statuses(q, false)
	return struct {
		Statuses  []assignmentStatus `json:"AccountAssignmentsCreationStatus"`
		NextToken *string            `json:",omitempty"`
	}{list, next}, err
}

func (h *Handler) listAssignmentDeletionStatus(q *question) (any, error) {
	list, next, err := h.statuses(q, true)
	return struct {
		Statuses  []assignmentStatus `json:"AccountAssignmentsDeletionStatus"`
		NextToken *string            `json:",omitempty"`
	}{list, next}, err
}

// statuses is a list of requests, of which AWS tells less there than one by one.
func (h *Handler) statuses(q *question, deletion bool) (list []assignmentStatus, next *string, err error) {
	list = []assignmentStatus{}
	instance := q.required("InstanceArn", instanceARNs)
	filter, _ := q.structure("Filter")
	status := filter.optional("Status", oneOf(inProgress, "FAILED", succeeded))
	p, err := q.page(maxPage, status)
	if err != nil {
		return nil, nil, err
	}
	if err := q.theInstance(instance); err != nil || status != "" && status != succeeded {
		return list, nil, err
	}
	requests, after, err := h.Directory.AssignmentRequests(q.context(), deletion, p.after, p.limit)
	for _, r := range requests {
		list = append(list, assignmentStatus{Status: succeeded, RequestID: r.ID, CreatedDate: epoch(r.Created)})
	}
	return list, p.next(after), err
}
