package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// fault is a page that says what went wrong and what to do.
type fault struct {
	status int
	code   string // of the event; "" leaves what stands there
	title  string
	text   string
	cure   string
	to     string        // where the link at the end leads; "" is the accounts
	link   string        // what it says
	allow  string        // methods, with 405
	retry  time.Duration // when to come back, with 429 and 503
	id     string        // with 500: what to look for in the log
}

func (f *fault) Error() string { return f.title + ": " + f.text }

// panicError carries a panic to the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// fail answers with the page for an error. What is no fault of a visitor goes to
// the log under an id, and only the id is shown.
func (v *visit) fail(err error) {
	if elsewhere, ok := errors.AsType[*signInError](err); ok {
		// seeOther cannot fail.
		v.refused("UnauthorizedException", "Nobody is signed in")
		_ = v.seeOther(signInAddress(elsewhere.next))
		return
	}
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{
			status: http.StatusInternalServerError, code: "InternalFailure",
			title: "Something went wrong here",
			text:  "The Identity Center could not finish this. It is not your doing.",
			cure:  "Try again. If it happens once more, look for the request id in the Identity Center's log.",
			id:    v.requestID(),
		}
		// Someone who went away while the page was made is no fault.
		if !errors.Is(err, context.Canceled) {
			log := v.logger()
			if p, ok := errors.AsType[*panicError](err); ok {
				log = log.With("stack", string(p.stack))
			}
			log.ErrorContext(v.r.Context(), "page failed", "request_id", f.id, "method", v.r.Method, "path", plain(v.r.URL.Path, maxShownURL), "error", err.Error())
		}
	}
	if f.code != "" {
		v.refused(f.code, f.title)
	}
	v.show(f)
}

// show renders the page of a fault.
func (v *visit) show(f *fault) {
	if f.allow != "" {
		v.w.Header().Set("Allow", f.allow)
	}
	if f.retry > 0 {
		v.retryAfter(f.retry)
	}
	v.w.Header().Set("Content-Security-Policy", contentPolicy("", false))
	if err := v.render(f.status, page{Name: "fault", Title: f.title, Body: faultView{f.title, f.text, f.cure, f.id, cmp.Or(f.to, "/start"), cmp.Or(f.link, "Your accounts")}}); err != nil {
		v.logger().ErrorContext(v.r.Context(), "error page failed", "request_id", v.requestID(), "error", err.Error())
		http.Error(v.w, f.title, f.status)
	}
}

// Refuse answers with the page of an injected fault, whatever is asked for.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	v := h.visit(w, r)
	v.secure()
	v.event.Source, v.event.Name = EventOf(r.Method, r.URL.Path)
	code := message
	if !errorCode().MatchString(code) {
		code = "InjectedFault"
	}
	v.refused(code, message)
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	v.show(faultInjected(status, message))
}

var errorCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_.]{1,64}$`) })

// requestID is the id that whoever serves the pages gave the request, which is in
// the answer's header and in the access log as well.
func (v *visit) requestID() string { return v.w.Header().Get("X-Amzn-Requestid") }

type faultView struct{ Title, Text, Cure, ID, To, Link string }

// retryAfter says when to come back, in whole seconds and never at once.
func (v *visit) retryAfter(d time.Duration) {
	v.w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))))
}

// startAgain is the cure for a request that is over.
const startAgain = "Go back to the program that sent you here and start the sign-in again there."

func faultNotFound() *fault {
	return &fault{
		status: http.StatusNotFound, code: "ResourceNotFoundException",
		title: "There is no such page",
		text:  "Nothing is at this address.",
		cure:  "Check the address, or go to your accounts.",
	}
}

func faultMethod(allow string) *fault {
	return &fault{
		status: http.StatusMethodNotAllowed, code: "InvalidRequestException",
		title: "This page is not used that way", allow: allow,
		text: "The address is right, but it does not take this kind of request.",
		cure: "Go to the page itself and use its buttons.",
	}
}

func faultForeign() *fault {
	return &fault{
		status: http.StatusForbidden, code: "AccessDeniedException",
		title: "The form came from another site",
		text:  "Only forms on pages of this Identity Center are accepted, so nothing was done.",
		cure:  "Open the page here and fill in its form.",
	}
}

func faultMediaType() *fault {
	return &fault{
		status: http.StatusUnsupportedMediaType, code: "InvalidRequestException",
		title: "The form cannot be read",
		text:  "It was not sent as a web form (application/x-www-form-urlencoded).",
		cure:  "Open the page here and fill in its form.",
	}
}

func faultTooLarge() *fault {
	return &fault{
		status: http.StatusRequestEntityTooLarge, code: "InvalidRequestException",
		title: "The form is too large",
		text:  "More was sent than any form of these pages holds.",
		cure:  "Open the page again and fill in its form.",
	}
}

func faultUnreadable() *fault {
	return &fault{
		status: http.StatusBadRequest, code: "InvalidRequestException",
		title: "The form cannot be read",
		text:  "It arrived damaged or in part.",
		cure:  "Open the page again and fill in its form.",
	}
}

func faultUnknownClient() *fault {
	return &fault{
		status: http.StatusBadRequest, code: "InvalidClientException",
		title: "This program is not known here",
		text:  "The program that sent you here is not registered with this Identity Center, or its registration has expired.",
		cure:  "Make the program register again: delete its cached registration (for the AWS CLI, the files in ~/.aws/sso/cache) and start the sign-in again.",
	}
}

func faultRedirect(why string) *fault {
	return &fault{
		status: http.StatusBadRequest, code: "InvalidRedirectUriException",
		title: "The way back is not registered",
		text:  "The program asked to be answered at an address that it did not register, so you are not sent there. It was refused with: " + why + ".",
		cure:  "Do not go on if you did not start this yourself. If you did, the program has to use the address it registered.",
	}
}

func faultBadRequest(text string) *fault {
	return &fault{
		status: http.StatusBadRequest, code: "InvalidRequestException",
		title: "The request is incomplete or wrong",
		text:  text,
		cure:  startAgain,
	}
}

func faultNoRequest() *fault {
	return &fault{
		status: http.StatusNotFound, code: "ResourceNotFoundException",
		title: "There is no such request",
		text:  "No program is waiting for an answer here: the address is wrong, or the request is long over.",
		cure:  startAgain,
	}
}

func faultExpired() *fault {
	return &fault{
		status: http.StatusGone, code: "ExpiredTokenException",
		title: "The request has expired",
		text:  "It was not answered in time, so it can no longer be allowed or denied.",
		cure:  startAgain,
	}
}

// faultDecided takes what was decided, "" when it is not this browser's to know.
func faultDecided(state grant.Status) *fault {
	f := &fault{
		status: http.StatusConflict, code: "ConflictException",
		title: "The request was already decided",
		text:  "A request can be answered once.",
		cure:  "If the program still waits, start the sign-in again there. Otherwise you can close this window.",
	}
	switch state {
	case grant.StatusAllowed, grant.StatusRedeemed:
		f.text = "You allowed it. A request can be answered once."
	case grant.StatusDenied:
		f.text = "You denied it. A request can be answered once."
	}
	return f
}

func faultScripted() *fault {
	return &fault{
		status: http.StatusForbidden, code: "AccessDeniedException",
		title: "A rule answers this sign-in",
		text:  "This Identity Center is set to answer sign-ins of this program by itself, so there is nothing to decide here.",
		cure:  "Go back to the program. Whoever runs this Identity Center can clear the rule.",
	}
}

func faultOtherBrowser() *fault {
	return &fault{
		status: http.StatusForbidden, code: "AccessDeniedException",
		title: "The request belongs to another sign-in",
		text:  "It was opened in another browser, or by somebody else, and only there can it be decided.",
		cure:  "Do not go on if somebody sent you this address. If you started it yourself, start it again from the program.",
	}
}

func faultNoRole(account string) *fault {
	return &fault{
		status: http.StatusNotFound, code: "ForbiddenException",
		title: "There is no such role for you",
		text:  "No role of this name is assigned to you in this account.",
		cure:  "Look for it among your roles there, or ask whoever runs this Identity Center.",
		to:    accountAddress(account), link: "Your roles in this account",
	}
}

// faultCodeOver is for a code by e-mail that can no longer be given.
func faultCodeOver(next string) *fault {
	return &fault{
		status: http.StatusGone, code: "ExpiredCodeException",
		title: "The code has expired",
		text:  "No code can be entered in this browser now: it is older than ten minutes, was used already, or was never asked for here.",
		cure:  "Sign in again. Another code is sent then.",
		to:    signInAddress(next), link: "Sign in again",
	}
}

func faultTooManyCodes(next string) *fault {
	return &fault{
		status: http.StatusTooManyRequests,
		title:  "Too many wrong codes",
		text:   "The code that was sent can no longer be used, because wrong ones were entered too often.",
		cure:   "Sign in again. Another code is sent then. If you did not mistype it, read the latest message: only the code in that one counts.",
		to:     signInAddress(next), link: "Sign in again",
	}
}

// faultInjected is the page of a fault rule, by its error type or in its words.
func faultInjected(status int, message string) *fault {
	text := plain(message, maxShownURL)
	if errorCode().MatchString(message) {
		text = "A fault rule of this local Identity Center answers instead of the page, with " + message
	}
	return &fault{
		status: status,
		title:  "A fault was injected here",
		text:   strings.TrimSuffix(text, ".") + ".",
		cure:   "Nothing was done. Try again, or clear the rule.",
	}
}

func faultNoAccount() *fault {
	return &fault{
		status: http.StatusNotFound, code: "ForbiddenException",
		title: "There is no such account for you",
		text:  "No account with this id is assigned to you.",
		cure:  "Look for it among your accounts, or ask whoever runs this Identity Center.",
	}
}

func faultFederation(text string) *fault {
	return &fault{
		status: http.StatusBadRequest, code: "InvalidRequestException",
		title: "That leads to no console",
		text:  text,
		cure:  "Open the console from your accounts, or with portico console in a terminal.",
	}
}

func faultSigninToken() *fault {
	return &fault{
		status: http.StatusBadRequest, code: "ExpiredTokenException",
		title: "The sign-in link does not work any more",
		text:  "A link to the console works once, and for 15 minutes.",
		cure:  "Make a new one: open the console from your accounts, or with portico console in a terminal.",
	}
}

// faultLogOutFirst is AWS's to who goes from one account to another in a browser
// without multi-session support. The link does what it says and then goes on.
func faultLogOutFirst(now, next grant.ConsoleSession, q url.Values) *fault {
	return &fault{
		status: http.StatusConflict, code: "ConflictException",
		title: "You must first log out before logging into a different AWS account",
		text:  fmt.Sprintf("This browser is in the console as %s in %s, and the link is for %s in %s.", plain(now.RoleName, maxShownName), now.AccountID, plain(next.RoleName, maxShownName), next.AccountID),
		cure:  "AWS says so where multi-session support is off. In a terminal portico console --logout-first does both.",
		to:    localPath("/oauth", url.Values{"Action": {"logout"}, "redirect_uri": {localPath("/federation", q)}}), link: "Log out and go on",
	}
}
