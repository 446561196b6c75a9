package control

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/idc/events"
)

// operation is one thing that can be asked for.
type operation struct {
	method string
	open   bool     // needs no key
	query  []string // the parameters that it knows

	required []string // the fields of the body that may not be left out

	// What goes in and what comes out, for the test of the documentation.
	request, reply any

	serve func(h *Handler, w http.ResponseWriter, r *http.Request) (any, error)
}

// operations by name, which is the rest of the path. One more is one line here,
// one method here and one of Client, and its section in docs/control-api.md.
func operations() map[string]operation {
	proof := read((*Handler).proof, "nonce")
	proof.open = true
	return map[string]operation{
		"proof": proof,
		"info":  read((*Handler).info),

		"sign-in":       change("SignIn", (*Handler).signIn, "user"),
		"decide-device": change("DecideDevice", (*Handler).decideDevice, "user", "user_code", "allow"),

		"events": {method: http.MethodGet, query: eventsParameters, reply: EventsPage{}, serve: (*Handler).events},

		"faults":       read((*Handler).faults),
		"add-fault":    change("AddFault", (*Handler).addFault, "op"),
		"clear-faults": change("ClearFaults", (*Handler).clearFaults),

		"clock":         read((*Handler).clock),
		"advance-clock": change("AdvanceClock", (*Handler).advanceClock, "by"),
		"skew-clock":    change("SkewClock", (*Handler).skewClock, "by"),

		"sessions": read((*Handler).sessions, "user"),
		"revoke":   change("Revoke", (*Handler).revoke),

		"set-user": change("SetUser", (*Handler).setUser, "user", "disabled"),
		"assign":   change("Assign", (*Handler).assign, "permission_set", "accounts"),
		"unassign": change("Unassign", (*Handler).unassign, "permission_set", "accounts"),

		"decisions":       read((*Handler).decisions),
		"add-decision":    change("AddDecision", (*Handler).addDecision, "answer"),
		"clear-decisions": change("ClearDecisions", (*Handler).clearDecisions),

		"mail": read((*Handler).mail, "user"),
	}
}

// read makes an operation that changes nothing, and so is no event.
func read[Out any](serve func(h *Handler, ctx context.Context, query url.Values) (Out, error), parameters ...string) operation {
	return operation{
		method: http.MethodGet, query: parameters, reply: *new(Out),
		serve: func(h *Handler, _ http.ResponseWriter, r *http.Request) (any, error) {
			return serve(h, r.Context(), r.URL.Query())
		},
	}
}

// eventSource is who acts in the events of this package: nobody of the
// organisation does.
const eventSource = "portico"

// change makes an operation that takes a JSON body and is an event of that name,
// so that the record of what happened shows what a script did to it.
// The required fields must be there; what their values may be is serve's to say.
func change[In, Out any](event string, serve func(h *Handler, ctx context.Context, in In) (Out, error), required ...string) operation {
	return operation{
		method: http.MethodPost, required: required, request: *new(In), reply: *new(Out),
		serve: func(h *Handler, _ http.ResponseWriter, r *http.Request) (any, error) {
			var in In
			if err := decode(r, &in, required); err != nil {
				return nil, err
			}
			call := events.Of(r.Context())
			call.Source, call.Name = eventSource, event
			return serve(h, r.Context(), in)
		},
	}
}

// note says in the event of a request who or what it was about. Names and values
// take turns; what is empty is left out.
func note(ctx context.Context, about ...string) {
	call := events.Of(ctx)
	for i := 0; i+1 < len(about); i += 2 {
		if about[i+1] == "" {
			continue
		}
		if call.Extra == nil {
			call.Extra = map[string]string{}
		}
		call.Extra[about[i]] = about[i+1]
	}
}

// checkQuery refuses parameters that would be overlooked.
func (op operation) checkQuery(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalidRequest("the query of the address cannot be read")
	}
	for name, values := range query {
		switch {
		case !slices.Contains(op.query, name) && len(op.query) == 0:
			return invalidRequest("this operation takes no parameters in the address, and " + quote(name) + " is there")
		case !slices.Contains(op.query, name):
			return invalidRequest("there is no parameter " + quote(name) + "; there are: " + strings.Join(op.query, ", "))
		case len(values) > 1:
			return invalidRequest("the parameter " + name + " is there twice")
		}
	}
	return nil
}

func invalidRequest(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: message}
}

// quote shortens what is shown of a wrong value.
func quote(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return strconv.Quote(s)
}
