package events

import (
	"encoding/json"
	"time"
)

// Event is what is kept and printed of a call: one JSON object with CloudTrail's
// field names in CloudTrail's order, without what is empty.
type Event struct {
	Sequence            int64             `json:"-"` // position in the store
	EventVersion        string            `json:"eventVersion"`
	UserIdentity        UserIdentity      `json:"userIdentity"`
	EventTime           time.Time         `json:"eventTime"`
	EventSource         string            `json:"eventSource"`
	EventName           string            `json:"eventName"`
	AWSRegion           string            `json:"awsRegion,omitempty"`
	SourceIPAddress     string            `json:"sourceIPAddress,omitempty"`
	UserAgent           string            `json:"userAgent,omitempty"`
	ErrorCode           string            `json:"errorCode,omitempty"`
	ErrorMessage        string            `json:"errorMessage,omitempty"`
	RequestParameters   map[string]string `json:"requestParameters,omitempty"`
	AdditionalEventData map[string]string `json:"additionalEventData,omitempty"`
	RequestID           string            `json:"requestID,omitempty"`
	EventID             string            `json:"eventID"`
	EventType           string            `json:"eventType"`
	RecipientAccountID  string            `json:"recipientAccountId,omitempty"`
	ServiceEventDetails map[string]string `json:"serviceEventDetails,omitempty"`
}

// UserIdentity is who made a call.
type UserIdentity struct {
	Type         string      `json:"type"`
	PrincipalID  string      `json:"principalId,omitempty"`
	ARN          string      `json:"arn,omitempty"`
	AccountID    string      `json:"accountId,omitempty"`
	AccessKeyID  string      `json:"accessKeyId,omitempty"`
	UserName     string      `json:"userName,omitempty"`
	OnBehalfOf   *OnBehalfOf `json:"onBehalfOf,omitempty"`
	CredentialID string      `json:"credentialId,omitempty"` // the browser session
}

// OnBehalfOf is the person of the Identity Center behind a call.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	IdentityStoreARN string `json:"identityStoreArn,omitempty"`
}

// The types of a UserIdentity.
const (
	IdentityCenterUser = "IdentityCenterUser"
	AssumedRole        = "AssumedRole"
	Unknown            = "Unknown"
)

// timeFormat always has three digits, so that times sort as text.
const timeFormat = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the time in UTC with milliseconds.
func (e Event) MarshalJSON() ([]byte, error) {
	type fields Event
	return json.Marshal(struct {
		// Those up to the time stand before the rest, and in its place.
		EventVersion string       `json:"eventVersion"`
		UserIdentity UserIdentity `json:"userIdentity"`
		EventTime    string       `json:"eventTime"`
		fields
	}{e.EventVersion, e.UserIdentity, e.EventTime.UTC().Format(timeFormat), fields(e)})
}
