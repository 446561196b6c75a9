package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// CookieName names the session cookie of the Identity Center at baseURL.
// Cookies ignore ports (RFC 6265 section 8.5), so two of them on one machine
// would sign each other out if the name were the same.
func CookieName(baseURL string) string { return cookieName("portico_session_", baseURL) }

// deviceCookieName names the cookie by which a browser is known.
func deviceCookieName(baseURL string) string { return cookieName("portico_device_", baseURL) }

func cookieName(prefix, baseURL string) string {
	sum := sha256.Sum256([]byte(baseURL))
	name := prefix + hex.EncodeToString(sum[:8])
	if strings.HasPrefix(baseURL, "https://") {
		return "__Host-" + name
	}
	return name
}

// setCookie gives the browser a session; an empty value takes it away.
func (v *visit) setCookie(value string) {
	c := &http.Cookie{
		Name: CookieName(v.BaseURL), Value: value, Path: "/",
		HttpOnly: true, Secure: v.https(), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// deviceCookieLasts is how long a browser stays known without a sign-in.
const deviceCookieLasts = 180 * 24 * time.Hour

// device is what this browser proves to be known by; it outlives sign-outs.
func (v *visit) device() string {
	c, err := v.r.Cookie(deviceCookieName(v.BaseURL))
	if err != nil {
		return ""
	}
	return c.Value
}

// rememberDevice makes the browser known as one of that person's.
func (v *visit) rememberDevice(name string) error {
	value, err := v.Directory.RememberDevice(v.device(), name)
	if err != nil || value == "" {
		return err
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: deviceCookieName(v.BaseURL), Value: value, Path: "/", MaxAge: int(deviceCookieLasts.Seconds()),
		HttpOnly: true, Secure: v.https(), SameSite: http.SameSiteStrictMode,
	})
	return nil
}

// person is who is signed in, as pages show them.
type person struct {
	Name string
	// Mail: they are sent codes, so there is something to read.
	Mail bool
}

// session finds the sign-in of this browser. Without one, ok is false.
func (v *visit) session() (ok bool, err error) {
	c, err := v.r.Cookie(CookieName(v.BaseURL))
	if err != nil || c.Value == "" {
		return false, nil
	}
	sess, err := v.Grant.Session(v.r.Context(), v.now, c.Value)
	if errors.Is(err, grant.ErrNoSession) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	user, err := v.Directory.User(v.r.Context(), sess.UserID)
	if errors.Is(err, directory.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	v.sess, v.name = sess, user.Name
	v.user = &person{Name: plain(user.Name, maxShownName), Mail: user.MFA == directory.MFAEmail}
	return true, nil
}

// signInError sends the browser to the sign-in page and back to where it was.
type signInError struct{ next string }

func (e *signInError) Error() string { return "nobody is signed in" }

// signedIn demands a session. next is where to go on after signing in.
func (v *visit) signedIn(next string) error {
	ok, err := v.session()
	if err == nil && !ok {
		return &signInError{next}
	}
	if err == nil {
		v.bySession()
	}
	return err
}

// leastToDecide is how much of a sign-in must be left to allow something by it:
// all that is allowed ends with it.
const leastToDecide = 5 * time.Minute

// mayDecide says whether enough of the sign-in is left. Of a very short one half
// is enough, else nobody could ever decide.
func (v *visit) mayDecide() bool {
	least := min(leastToDecide, v.sess.ExpiresAt.Sub(v.sess.CreatedAt)/2)
	return v.sess.ExpiresAt.Sub(v.now) >= least
}

// localPath builds an address of ours.
func localPath(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

const maxNext = 2048

// nextPath reads where a sign-in leads. It is one of the pages that may send
// somebody to sign in, built anew from its parts: nothing in the value can make
// it another host (RFC 9700 section 4.11).
func nextPath(raw string) string {
	const home = "/start"
	if len(raw) > maxNext {
		return home
	}
	path, rawQuery, _ := strings.Cut(raw, "?")
	switch path {
	case "/start", "/start/role", "/start/console", "/device", "/consent":
	default:
		return home
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return home
	}
	return localPath(path, query)
}
