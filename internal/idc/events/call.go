package events

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"
)

// Call collects what is learnt about one request while it is answered. One
// goroutine at a time.
type Call struct {
	Source string // event source without ".amazonaws.com": "sso-oauth", "sso", "signin", "sts", …
	Name   string // the operation; "" makes no event: page views, assets, control reads

	ClientID, Client string // client id and name
	UserID, UserName string // at sign-in UserName is told only together with UserID
	SessionID        string // of the browser session
	Workflow         string // ties a sign-in's events together

	AccessKeyID, ARN, AccountID string // of role credentials, issued or used
	ErrorCode, ErrorMessage     string

	Request map[string]string // requestParameters; never a secret
	Extra   map[string]string // additionalEventData; that of a sign-in's own Name goes to serviceEventDetails
	Fault   string            // id of the fault rule that acted

	// More are further events of the same request, in order. What is empty in them
	// they have from this one, but for its Name and its error.
	More []*Call
}

// Place is where the events of one server happen.
type Place struct{ Region, ManagementAccount, IdentityStoreARN string }

type key struct{}

// Begin gives the request of ctx a Call.
func Begin(ctx context.Context) (context.Context, *Call) {
	c := new(Call)
	return context.WithValue(ctx, key{}, c), c
}

// Of returns the request's Call, and a throw-away one when there is none.
func Of(ctx context.Context) *Call {
	if c, ok := ctx.Value(key{}).(*Call); ok {
		return c
	}
	return new(Call)
}

const (
	eventVersion = "1.11"
	// hiddenName is CloudTrail's word for a user name that was not one.
	hiddenName = "HIDDEN_DUE_TO_SECURITY_REASONS"

	signIn             = "signin"
	getRoleCredentials = "GetRoleCredentials" // issues role credentials; all others use them
)

// Events makes the events of a finished request.
func (c *Call) Events(at time.Time, requestID, sourceIP, userAgent string, p Place) []Event {
	var es []Event
	if c.Name != "" {
		es = append(es, c.event(at, requestID, sourceIP, userAgent, p))
	}
	for _, m := range c.More {
		if m.Name != "" {
			whole := m.inherit(c)
			es = append(es, whole.event(at, requestID, sourceIP, userAgent, p))
		}
	}
	return es
}

func (c *Call) inherit(from *Call) Call {
	m := *c
	m.Source = cmp.Or(m.Source, from.Source)
	m.ClientID = cmp.Or(m.ClientID, from.ClientID)
	m.Client = cmp.Or(m.Client, from.Client)
	m.UserID = cmp.Or(m.UserID, from.UserID)
	m.UserName = cmp.Or(m.UserName, from.UserName)
	m.SessionID = cmp.Or(m.SessionID, from.SessionID)
	m.Workflow = cmp.Or(m.Workflow, from.Workflow)
	m.AccessKeyID = cmp.Or(m.AccessKeyID, from.AccessKeyID)
	m.ARN = cmp.Or(m.ARN, from.ARN)
	m.AccountID = cmp.Or(m.AccountID, from.AccountID)
	m.Fault = cmp.Or(m.Fault, from.Fault)
	if len(m.Request) == 0 {
		m.Request = from.Request
	}
	if len(m.Extra) == 0 {
		m.Extra = from.Extra
	}
	return m
}

// event makes one event. It spends the room there is on what matters most: what
// identifies, then who and with what, then what they say.
func (c *Call) event(at time.Time, requestID, sourceIP, userAgent string, p Place) Event {
	r := &room{left: MaxSize - frame}
	e := Event{
		EventVersion:       eventVersion,
		EventTime:          at.UTC().Truncate(time.Millisecond),
		EventSource:        r.id(c.Source) + ".amazonaws.com",
		EventName:          r.id(c.Name),
		AWSRegion:          r.id(p.Region),
		SourceIPAddress:    r.id(sourceIP),
		ErrorCode:          r.id(c.ErrorCode),
		RequestID:          r.id(requestID),
		EventID:            newID(),
		EventType:          "AwsApiCall",
		RecipientAccountID: r.id(p.ManagementAccount),
	}
	extra := r.put(nil, "AuthWorkflowID", c.Workflow, maxID)
	extra = r.put(extra, "ClientID", c.ClientID, maxID)
	extra = r.put(extra, "FaultID", c.Fault, maxID)
	if c.Name == getRoleCredentials {
		extra = r.put(extra, "AccessKeyID", c.AccessKeyID, maxID)
		extra = r.put(extra, "AssumedRoleARN", c.ARN, maxText)
	}
	e.UserIdentity = c.identity(r, p)
	if e.UserIdentity.Type == AssumedRole {
		e.RecipientAccountID = r.id(e.UserIdentity.AccountID)
	}
	extra = r.put(extra, "ClientName", c.Client, maxText)
	e.UserAgent = r.text(userAgent)
	e.ErrorMessage = r.text(c.ErrorMessage)

	outcomeOf := ""
	if c.Source == signIn {
		e.EventType = "AwsServiceEvent"
		outcome := "Success"
		if c.ErrorCode != "" {
			outcome = "Failure"
		}
		if c.UserID == "" && c.Extra["UserName"] != "" {
			extra = r.put(extra, "UserName", hiddenName, maxID)
		}
		e.ServiceEventDetails = r.put(nil, e.EventName, cmp.Or(c.Extra[c.Name], outcome), maxID)
		outcomeOf = c.Name
	}
	e.AdditionalEventData = r.putAll(extra, c.Extra, outcomeOf)
	e.RequestParameters = r.putAll(nil, c.Request, "")
	return e
}

func (c *Call) identity(r *room, p Place) UserIdentity {
	who := UserIdentity{Type: Unknown, CredentialID: r.id(c.SessionID)}
	if c.UserID != "" {
		who.Type = IdentityCenterUser
		who.OnBehalfOf = &OnBehalfOf{UserID: r.id(c.UserID), IdentityStoreARN: r.text(p.IdentityStoreARN)}
	}
	account := p.ManagementAccount
	if c.AccessKeyID != "" && c.Name != getRoleCredentials {
		who.AccessKeyID = r.id(c.AccessKeyID)
		if c.ARN != "" {
			who.Type, who.ARN = AssumedRole, r.text(c.ARN)
			account = cmp.Or(c.AccountID, account)
		}
	}
	who.AccountID = r.id(account)
	who.UserName = r.text(c.UserName)
	if c.Source == signIn && c.UserID == "" && c.UserName != "" {
		who.UserName = hiddenName
	}
	return who
}

// newID is a UUID (RFC 9562, version 4), as AWS's are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	at := 0
	for _, part := range [][]byte{b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]} {
		if at > 0 {
			out[at] = '-'
			at++
		}
		at += hex.Encode(out[at:], part)
	}
	return string(out[:])
}
