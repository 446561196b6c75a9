package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// Session is one sign-in of one person in one browser.
type Session struct {
	ID        string    `json:"id"`
	User      string    `json:"user"` // name
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Clients   []string  `json:"clients"` // names of those who act by it
}

// Assignment gives a person or a group a permission set in accounts.
type Assignment struct {
	User          string   `json:"user,omitempty"`
	Group         string   `json:"group,omitempty"`
	PermissionSet string   `json:"permission_set"`
	Accounts      []string `json:"accounts"` // ids, names, or "*"
}

// Message is an e-mail that would have been sent.
type Message struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`
	User      string    `json:"user"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	SentAt    time.Time `json:"sent_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Code      string    `json:"code"` // the sign-in code in it
}

type sessionsReply struct {
	Sessions []Session `json:"sessions"`
}

type revokeRequest struct {
	User    string `json:"user,omitempty"`
	Session string `json:"session,omitempty"`
}

type revokeReply struct {
	Ended int `json:"ended"`
}

type setUserRequest struct {
	User     string `json:"user"`
	Disabled bool   `json:"disabled"`
}

type assignReply struct {
	Changed int `json:"changed"`
}

type mailReply struct {
	Messages []Message `json:"messages"`
}

// Sessions lists the sign-ins that are alive, the oldest first: a person's, or
// everybody's when user is "".
func (c *Client) Sessions(ctx context.Context, user string) ([]Session, error) {
	var reply sessionsReply
	err := c.get(ctx, "sessions", url.Values{"user": {user}}, &reply)
	return reply.Sessions, err
}

// Revoke ends all sign-ins of a person, or one by its id; the other is "". It
// says how many it ended.
func (c *Client) Revoke(ctx context.Context, user, session string) (ended int, err error) {
	var reply revokeReply
	err = c.post(ctx, "revoke", revokeRequest{User: user, Session: session}, &reply)
	return reply.Ended, err
}

// SetUser disables a person, which ends their sign-ins, or enables them again.
func (c *Client) SetUser(ctx context.Context, user string, disabled bool) error {
	return c.post(ctx, "set-user", setUserRequest{User: user, Disabled: disabled}, &done{})
}

// Assign gives a permission set. It says how many assignments that made.
func (c *Client) Assign(ctx context.Context, a Assignment) (changed int, err error) {
	var reply assignReply
	err = c.post(ctx, "assign", a, &reply)
	return reply.Changed, err
}

// Unassign takes a permission set away. It says how many assignments that ended.
func (c *Client) Unassign(ctx context.Context, a Assignment) (changed int, err error) {
	var reply assignReply
	err = c.post(ctx, "unassign", a, &reply)
	return reply.Changed, err
}

// Mail lists the e-mail that would have been sent, the latest last: to a person,
// or to everybody when user is "".
func (c *Client) Mail(ctx context.Context, user string) ([]Message, error) {
	var reply mailReply
	err := c.get(ctx, "mail", url.Values{"user": {user}}, &reply)
	return reply.Messages, err
}

// maxListed is how many people an error lists.
const maxListed = 20

// person finds somebody by name, in any case.
func (h *Handler) person(ctx context.Context, name string) (directory.User, error) {
	u, err := h.Directory.UserByName(ctx, name)
	if !errors.Is(err, directory.ErrNotFound) {
		return u, err
	}
	all, err := h.Directory.Users(ctx)
	if err != nil {
		return u, err
	}
	var names []string
	for _, u := range all[:min(len(all), maxListed)] {
		names = append(names, u.Name)
	}
	problem := "nobody here is called " + quote(name)
	switch {
	case len(all) > maxListed:
		problem += fmt.Sprintf("; there are %s and %d more", strings.Join(names, ", "), len(all)-maxListed)
	case len(all) > 0:
		problem += "; there are: " + strings.Join(names, ", ")
	default:
		problem += ", nor anything else: the organisation has no people"
	}
	return u, &Error{Status: http.StatusNotFound, Code: "unknown_user", Message: problem}
}

// userID is the id of the person called name; "" stays "", which means everybody.
func (h *Handler) userID(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	u, err := h.person(ctx, name)
	return u.ID, err
}

func (h *Handler) sessions(ctx context.Context, query url.Values) (sessionsReply, error) {
	reply := sessionsReply{Sessions: []Session{}}
	id, err := h.userID(ctx, query.Get("user"))
	if err != nil {
		return reply, err
	}
	live, err := h.Grant.Sessions(ctx, h.now(), id)
	if err != nil {
		return reply, err
	}
	people, err := h.Directory.Users(ctx)
	if err != nil {
		return reply, err
	}
	names := map[string]string{}
	for _, u := range people {
		names[u.ID] = u.Name
	}
	for _, s := range live {
		name, known := names[s.UserID]
		if !known {
			continue // gone from the organisation, and the sign-in with them
		}
		reply.Sessions = append(reply.Sessions, Session{ID: s.ID, User: name, CreatedAt: s.CreatedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
			Clients: append([]string{}, s.Clients...)})
	}
	return reply, nil
}

func (h *Handler) revoke(ctx context.Context, in revokeRequest) (revokeReply, error) {
	note(ctx, "user", in.User, "session", in.Session)
	switch {
	case (in.User == "") == (in.Session == ""):
		return revokeReply{}, invalidRequest("say either user or session")
	case in.User != "":
		u, err := h.person(ctx, in.User)
		if err != nil {
			return revokeReply{}, err
		}
		n, err := h.Grant.EndSessionsOf(ctx, h.now(), u.ID)
		return revokeReply{Ended: n}, err
	}
	err := h.Grant.EndSessionByID(ctx, h.now(), in.Session)
	if errors.Is(err, grant.ErrNotFound) {
		return revokeReply{}, &Error{Status: http.StatusNotFound, Code: "unknown_session",
			Message: "there is no sign-in " + quote(in.Session) + ", or it has ended; sessions lists those that are alive (portico local sessions)"}
	}
	return revokeReply{Ended: 1}, err
}

func (h *Handler) setUser(ctx context.Context, in setUserRequest) (done, error) {
	note(ctx, "user", in.User, "disabled", strconv.FormatBool(in.Disabled))
	u, err := h.person(ctx, in.User)
	if err != nil {
		return done{}, err
	}
	return done{}, h.Directory.SetDisabled(ctx, h.now(), u.Name, in.Disabled)
}

func (h *Handler) assign(ctx context.Context, in Assignment) (assignReply, error) {
	return h.changeAssignment(ctx, in, h.Directory.Assign)
}

func (h *Handler) unassign(ctx context.Context, in Assignment) (assignReply, error) {
	return h.changeAssignment(ctx, in, h.Directory.Unassign)
}

func (h *Handler) changeAssignment(ctx context.Context, in Assignment, change func(context.Context, directory.Assignment) (int, error)) (assignReply, error) {
	note(ctx, "user", in.User, "group", in.Group, "permission_set", in.PermissionSet, "accounts", strings.Join(in.Accounts, ","))
	if in.User != "" {
		u, err := h.person(ctx, in.User)
		if err != nil {
			return assignReply{}, err
		}
		in.User = u.Name
	}
	n, err := change(ctx, directory.Assignment{User: in.User, Group: in.Group, PermissionSet: in.PermissionSet, Accounts: in.Accounts})
	return assignReply{Changed: n}, err
}

func (h *Handler) mail(ctx context.Context, query url.Values) (mailReply, error) {
	reply := mailReply{Messages: []Message{}}
	id, err := h.userID(ctx, query.Get("user"))
	if err != nil {
		return reply, err
	}
	messages, err := h.Directory.Mail(ctx, h.now(), id)
	if err != nil {
		return reply, err
	}
	for _, m := range messages {
		reply.Messages = append(reply.Messages, Message{ID: m.ID, To: m.To, User: m.UserName, Subject: m.Subject, Text: m.Text,
			SentAt: m.SentAt.UTC(), ExpiresAt: m.ExpiresAt.UTC(), Code: m.Code})
	}
	return reply, nil
}
