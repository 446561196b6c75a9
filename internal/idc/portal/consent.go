package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-sso/portico/internal/idc/grant"
)

const maxShownCode = 32

type deviceView struct {
	UserCode string
	Problem  string
}

// devicePage asks for the code a device shows. A code in the address is only
// put in the field: that the person compares it is the point of the page (RFC
// 8628 section 3.3.1).
func (v *visit) devicePage() error {
	if err := v.signedIn(deviceAddress(v.enteredCode())); err != nil {
		return err
	}
	return v.deviceForm(http.StatusOK, "")
}

func (v *visit) deviceForm(status int, problem string) error {
	form := deviceView{Problem: problem}
	if code := v.enteredCode(); code != "" {
		form.UserCode = strings.ToUpper(plain(code, maxShownCode))
	}
	title := "Confirm a code"
	if problem != "" {
		title = "Problem: confirm a code"
	}
	return v.render(status, page{Name: "device", Title: title, Body: form})
}

// enteredCode is the code of the form, or of the address before there is one.
func (v *visit) enteredCode() string {
	if v.form != nil {
		return strings.TrimSpace(v.form.Get("user_code"))
	}
	return strings.TrimSpace(v.r.URL.Query().Get("user_code"))
}

func deviceAddress(code string) string {
	if code == "" || len(code) > maxShownCode {
		return "/device"
	}
	return localPath("/device", url.Values{"user_code": {code}})
}

func (v *visit) confirmCode() error {
	code := v.enteredCode()
	if err := v.signedIn(deviceAddress(code)); err != nil {
		return err
	}
	if code == "" {
		v.refused("InvalidRequestException", "No code was entered")
		return v.deviceForm(http.StatusBadRequest, "Enter the code that your device shows.")
	}
	request, err := v.Grant.ConfirmUserCode(v.r.Context(), v.now, v.sess, code)
	if tries, ok := errors.AsType[*grant.TooManyTriesError](err); ok {
		v.refused("ThrottlingException", "Too many wrong codes")
		v.retryAfter(tries.RetryAfter)
		return v.deviceForm(http.StatusTooManyRequests,
			"Too many wrong codes were entered. Try again in "+inWords(tries.RetryAfter)+".")
	}
	if refused, ok := errors.AsType[*grant.Error](err); ok {
		v.refusedBy(refused)
		switch refused.Code {
		case grant.CodeExpiredToken:
			return faultExpired()
		case grant.CodeAccessDenied:
			return faultNotYours(refused)
		case grant.CodeInvalidRequest:
			return faultDecided("")
		}
		return v.deviceForm(http.StatusBadRequest,
			"No device is waiting with this code. Compare it with the one on your device. A code is good for one sign-in, and only for some minutes.")
	}
	if err != nil {
		return err
	}
	v.event.Client, v.event.Workflow = request.ClientName, request.Workflow
	return v.seeOther(consentAddress(request.ID))
}

type consentView struct {
	Request string
	Address string // of the form: it names the request, so that whose it is can be told before the form is read
	Client  string
	Origin  originView
	Device  bool
	Code    string // device only

	Callback     string // authorization code only
	CallbackHost string
	Loopback     bool // the callback is on the person's own computer

	Scopes     []scopeView
	Registered moment
	Valid      string // for how long the page can be answered
}

func (v *visit) consentPage() error {
	id := v.r.URL.Query().Get("request")
	if answered, err := v.scripted(id); answered || err != nil {
		return err
	}
	if err := v.signedIn(consentNext(id)); err != nil {
		return err
	}
	request, err := v.Grant.Request(v.r.Context(), v.now, v.sess, id)
	if err != nil {
		return requestFault(err)
	}
	if request.State != grant.StatusPending {
		if request.Flow == grant.FlowDevice {
			return v.outcomePage(request)
		}
		return faultDecided(request.State)
	}
	if !v.mayDecide() {
		return &signInError{consentNext(id)}
	}
	view := consentView{
		Request:    id,
		Address:    consentAddress(id),
		Origin:     v.origin(request),
		Client:     plain(request.ClientName, maxShownClient),
		Scopes:     scopesInWords(request.Scopes),
		Registered: v.ago(request.ClientCreated),
		Valid:      inWords(request.ExpiresAt.Sub(v.now)),
	}
	if request.Flow == grant.FlowDevice {
		view.Device, view.Code = true, request.UserCode
	} else {
		view.Callback = plain(request.RedirectURI, maxShownURL)
		view.CallbackHost, view.Loopback = callbackHost(request.RedirectURI)
		v.w.Header().Set("Content-Security-Policy", contentPolicy(callbackSource(request.RedirectURI), false))
	}
	return v.render(http.StatusOK, page{Name: "consent", Title: "Allow access?", Body: view})
}

// decide takes the person's answer.
func (v *visit) decide() error {
	id := v.form.Get("request")
	if id != "" {
		v.event.Workflow = grant.Workflow(id)
	}
	if answered, err := v.scripted(id); answered || err != nil {
		return err
	}
	if err := v.signedIn(consentNext(id)); err != nil {
		return err
	}
	if !v.mayDecide() {
		return &signInError{consentNext(id)}
	}
	var allow bool
	switch v.form.Get("decision") {
	case "allow":
		allow = true
	case "deny":
	default:
		return faultBadRequest("The form says neither allow nor deny.")
	}
	note(v.event, "Decision", v.form.Get("decision"))
	ctx := v.r.Context()
	decision, err := v.Grant.Decide(ctx, v.now, v.sess, id, allow)
	if errors.Is(err, grant.ErrNoSession) {
		return &signInError{consentNext(id)}
	}
	if refused, ok := errors.AsType[*grant.Error](err); ok {
		v.refusedBy(refused)
	}
	if refused, ok := errors.AsType[*grant.Error](err); ok && refused.Code == grant.CodeInvalidRequest {
		// Either there is no such request or it was decided before: looking at it
		// tells which.
		request, err := v.Grant.Request(ctx, v.now, v.sess, id)
		if err != nil {
			return requestFault(err)
		}
		return faultDecided(request.State)
	}
	if err != nil {
		return requestFault(err)
	}
	v.event.Client = decision.Request.ClientName
	if decision.RedirectTo != "" {
		return v.seeOther(decision.RedirectTo)
	}
	return v.seeOther(consentAddress(id))
}

func consentNext(requestID string) string {
	if len(requestID) > maxNext/4 {
		return "/start"
	}
	return consentAddress(requestID)
}

type outcomeView struct {
	Client  string
	Allowed bool
}

// outcomePage says what became of a device's request.
func (v *visit) outcomePage(request grant.Request) error {
	view := outcomeView{Client: plain(request.ClientName, maxShownClient), Allowed: request.State != grant.StatusDenied}
	title := "Access denied"
	if view.Allowed {
		title = "Access allowed"
	}
	return v.render(http.StatusOK, page{Name: "outcome", Title: title, Body: view})
}

// requestFault is the page for a request that cannot be shown or decided.
func requestFault(err error) error {
	refused, ok := errors.AsType[*grant.Error](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case grant.CodeExpiredToken:
		return faultExpired()
	case grant.CodeAccessDenied:
		return faultNotYours(refused)
	}
	return faultNoRequest()
}

// faultNotYours is for a request that somebody else, or nobody, is to decide.
func faultNotYours(refused *grant.Error) *fault {
	if refused.Description == ruleAnswers {
		return faultScripted()
	}
	return faultOtherBrowser()
}

// callbackHost names where the answer goes.
func callbackHost(redirectURI string) (host string, loopback bool) {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return plain(redirectURI, maxShownURL), false
	}
	switch u.Hostname() {
	case "127.0.0.1", "::1", "localhost":
		loopback = true
	}
	return plain(u.Host, maxShownURL), loopback
}
