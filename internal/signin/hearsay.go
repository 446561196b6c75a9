package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

// hearsay is a failure as one process tells it to those who have waited for it.
type hearsay struct {
	Kind   string         `json:"kind"`
	Reason Reason         `json:"reason,omitempty"`
	Text   string         `json:"text,omitempty"`
	Said   *serviceAnswer `json:"said,omitempty"`
}

type serviceAnswer struct {
	Operation, Code, Message string
	Details                  [][2]string
	Status                   int
	RequestID                string
	Ahead                    time.Duration
	Foreign                  bool
}

const (
	heardRequired   = "required"
	heardRefresh    = "refresh"
	heardService    = "service"
	heardLost       = "lost"
	heardConnection = "connection"
)

// Fold puts a failure into words for other processes. There is no secret in them.
// That a key could not be had, which somebody else may have, is nobody's business.
func Fold(err error) []byte {
	if _, unopened := errors.AsType[*wallet.UnopenedError](err); unopened {
		return nil
	}
	h := hearsay{Text: err.Error()}
	if e, ok := errors.AsType[*ServiceError](err); ok {
		h.Kind = heardService
		h.Said = &serviceAnswer{e.Operation, e.Code, e.Message, e.Details, e.Status, e.RequestID, e.Ahead, e.foreign}
	}
	if e, ok := errors.AsType[*ConnectionError](err); ok {
		h.Kind, h.Text = heardConnection, e.Error()
		h.Said = &serviceAnswer{Operation: e.Operation}
	}
	if _, ok := errors.AsType[*RefreshError](err); ok {
		h.Kind = heardRefresh
	}
	if e, ok := errors.AsType[*LostAnswerError](err); ok {
		h.Kind, h.Text = heardLost, e.Cause.Error()
	}
	if e, ok := errors.AsType[*RequiredError](err); ok {
		h.Kind, h.Reason = heardRequired, e.Reason
	}
	text, _ := json.Marshal(h)
	return text
}

// Unfold is the failure of process holder as our own.
func Unfold(words []byte, s Session, holder int) error {
	var h hearsay
	_ = json.Unmarshal(words, &h) // what it does not hold is not told
	var said ServiceError
	if h.Said != nil {
		said = ServiceError{Operation: h.Said.Operation, Code: h.Said.Code, Message: h.Said.Message, Details: h.Said.Details, Status: h.Said.Status,
			RequestID: h.Said.RequestID, Ahead: h.Said.Ahead, foreign: h.Said.Foreign}
	}
	found := fmt.Errorf("process %d found: %s", holder, h.Text)
	switch h.Kind {
	case heardRequired:
		return &RequiredError{Session: s, Reason: h.Reason}
	case heardRefresh:
		return &RefreshError{Cause: &said}
	case heardService:
		return &said
	case heardLost:
		return &LostAnswerError{Session: s, Cause: found}
	case heardConnection:
		return &ConnectionError{Operation: said.Operation, Cause: found}
	}
	return found
}
