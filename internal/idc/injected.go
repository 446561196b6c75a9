package idc

import (
	"bytes"
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
	"github.com/portico-sso/portico/internal/idc/portal"
)

// surface is what faults are injected into: the AWS wire or the pages.
type surface struct {
	http.Handler
	// call describes a request to the plan, and in its event.
	call func(r *http.Request) fault.Call
	// refuse answers with an error in the words of the surface.
	refuse func(w http.ResponseWriter, r *http.Request, errorType string, status int)
}

// known says whether a rule may name an operation or a page.
func known(op string) bool {
	if !strings.Contains(op, "/") {
		return awsapi.Serves(op)
	}
	method, path, given := strings.Cut(op, " ")
	if !given {
		method, path = "", op
	}
	return servesVanity(path) || slices.ContainsFunc(portal.Pages(), func(page string) bool {
		m, p, _ := strings.Cut(page, " ")
		// Where GET goes, HEAD goes too.
		return p == path && (method == "" || m == method || m == http.MethodGet && method == http.MethodHead)
	})
}

// faultMessage is what an injected error says, so that nobody looks for a cause.
const faultMessage = "A fault rule of this local Identity Center answers this call"

func (s *Server) apiSurface() surface {
	return surface{
		Handler: s.api,
		call: func(r *http.Request) fault.Call {
			e := events.Of(r.Context())
			service, operation := s.api.Identify(r)
			e.Source, e.Name = awsapi.EventOf(service, operation)
			return described(r, service, operation, func() (string, string) { return s.api.Who(r, awsapi.Peek(r)) })
		},
		refuse: func(w http.ResponseWriter, r *http.Request, errorType string, status int) {
			s.api.Refuse(w, r, errorType, status, faultMessage)
		},
	}
}

func (s *Server) pageSurface() surface {
	return surface{
		Handler: s.pages,
		call: func(r *http.Request) fault.Call {
			e := events.Of(r.Context())
			e.Source, e.Name = portal.EventOf(r.Method, r.URL.Path)
			return described(r, "", "", func() (string, string) { return s.pages.Who(r) })
		},
		refuse: func(w http.ResponseWriter, r *http.Request, errorType string, status int) {
			s.pages.Refuse(w, r, cmp.Or(status, pageStatus(errorType)), cmp.Or(errorType, faultMessage))
		},
	}
}

// pageStatus is the status that goes with an error type on a page.
func pageStatus(errorType string) int {
	for _, known := range []struct {
		word   string
		status int
	}{
		{"Throttl", http.StatusTooManyRequests}, {"TooManyRequests", http.StatusTooManyRequests}, {"SlowDown", http.StatusTooManyRequests},
		{"Denied", http.StatusForbidden}, {"Forbidden", http.StatusForbidden}, {"Unauthorized", http.StatusUnauthorized},
		{"NotFound", http.StatusNotFound}, {"Unavailable", http.StatusServiceUnavailable}, {"Invalid", http.StatusBadRequest}, {"Expired", http.StatusBadRequest},
	} {
		if strings.Contains(errorType, known.word) {
			return known.status
		}
	}
	return http.StatusInternalServerError
}

// described is the call of a request. Whose it is is found out when a rule asks;
// it is what the request says, and stands in the event only when a fault answers
// in place of whoever would verify it.
func described(r *http.Request, service, operation string, who func() (client, user string)) fault.Call {
	names := sync.OnceValues(who)
	return fault.Call{
		Service: service, Operation: operation, Method: r.Method, Path: r.URL.Path,
		Client: func() string {
			client, _ := names()
			return client
		},
		User: func() string {
			_, user := names()
			return user
		},
	}
}

// injected answers by a surface, but for what the fault rules make of the call.
func (s *Server) injected(w http.ResponseWriter, r *http.Request, on *surface) {
	if !s.faults.Active() || strings.HasPrefix(r.URL.Path, "/assets/") {
		on.ServeHTTP(w, r)
		return
	}
	call := on.call(r)
	v := s.faults.Decide(s.now(), call)
	if !v.Acts() {
		on.ServeHTTP(w, r)
		return
	}
	e := events.Of(r.Context())
	e.Fault = v.Rule
	// A client that is still sending would not hear an answer, and nobody would
	// notice while we wait that it has gone.
	_ = awsapi.Peek(r)
	if v.Latency > 0 && !s.wait(w, r, v.Latency) {
		e.ErrorCode, e.ErrorMessage = "RequestAborted", "The client went away before the call was handled"
		panic(http.ErrAbortHandler)
	}
	if v.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(v.RetryAfter.Seconds()))))
	}
	switch {
	case v.Drop == "before":
		e.Client, e.UserName = call.Client(), call.User()
		e.ErrorCode, e.ErrorMessage = "RequestDropped", "A fault rule dropped the connection before the call was handled"
		panic(http.ErrAbortHandler)
	case v.Drop == "after":
		on.ServeHTTP(&whole{to: w}, r)
		noteLoss(e, "dropped")
		panic(http.ErrAbortHandler)
	case v.Truncate:
		answer := &whole{to: w}
		on.ServeHTTP(answer, r)
		if !answer.hasHalf(r) {
			noteLoss(e, "dropped")
			panic(http.ErrAbortHandler)
		}
		noteLoss(e, "truncated")
		answer.sendHalf()
		panic(http.ErrAbortHandler)
	case v.Throttled && on.Handler == http.Handler(s.api):
		e.Client, e.UserName = call.Client(), call.User()
		s.api.Throttle(w, r, faultMessage)
	case v.Error != "" || v.Status != 0:
		e.Client, e.UserName = call.Client(), call.User()
		on.refuse(w, r, v.Error, v.Status)
	default:
		on.ServeHTTP(w, r)
	}
}

// noteLoss says in the event what the client did not get of an answer. The
// error code stays the operation's own: it has had its effect.
func noteLoss(e *events.Call, how string) {
	if e.Extra == nil {
		e.Extra = map[string]string{}
	}
	e.Extra["AnswerLost"] = how
}

// wait lets time pass, and says whether the client still waits and we still serve.
// The time does not count against the listener's limits.
func (s *Server) wait(w http.ResponseWriter, r *http.Request, latency time.Duration) bool {
	c := http.NewResponseController(w)
	// Where there is no listener there are no limits either.
	_ = c.SetReadDeadline(time.Now().Add(latency + readTimeout))
	_ = c.SetWriteDeadline(time.Now().Add(latency + writeTimeout))
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.stopping:
		return false
	}
}

// whole is an answer that is not sent yet. Its header is that of the request's
// own answer, and so is the deadline; it has no Unwrap, through which something
// could be sent.
type whole struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *whole) Header() http.Header { return a.to.Header() }

func (a *whole) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(a.to).SetWriteDeadline(t)
}

func (a *whole) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

func (a *whole) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// hasHalf says whether half of the answer is less than all that matters: a
// redirect is whole with its header, and so is what has no body.
func (a *whole) hasHalf(r *http.Request) bool {
	return r.Method != http.MethodHead && a.body.Len() > 0 && (a.status < 300 || a.status >= 400)
}

// sendHalf announces all of the answer and sends half of its body.
func (a *whole) sendHalf() {
	a.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.to.WriteHeader(a.status)
	_, _ = a.to.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = http.NewResponseController(a.to).Flush() // else net/http would drop it with the connection
}
