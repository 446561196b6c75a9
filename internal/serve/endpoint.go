package serve

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Path is the one path at which there is something.
const Path = "/credentials"

// socketHost stands in the Host header of requests on a socket, where there is no
// address.
const socketHost = "portico"

// Credentials are what an endpoint gives out.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time // zero: they do not expire
	AccountID                                  string    // "" where it is not known
}

// A Refusal is an answer without credentials, as the SDKs show it to a person:
// what is wrong and what to do. Clients try again by themselves after a Status of
// 500 and more.
type Refusal struct {
	Status        int
	Code, Message string
}

func (r *Refusal) Error() string { return r.Message }

// An Endpoint gives out the credentials of one role. Its fields are not changed
// once it serves.
type Endpoint struct {
	// Credentials are the role's, good for a while. What fails is told the client in
	// the words of the [*Refusal], or as a fault. It is called once for all who ask
	// at the same time, and outlives a client that gives up.
	Credentials func(context.Context) (Credentials, error)

	Grant Grant // when it ends; the zero one does not
	Log   *Log  // nil: what it does is not recorded

	// Users may ask besides the superuser and whoever runs this.
	Users []int

	mu      sync.Mutex
	current *flight // nil: nobody asks
	failure error   // of the last flight, if that was nobody's decision
	failed  time.Time
}

// NewToken makes the 256 bits that a client has to show.
func NewToken() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	return hex.EncodeToString(key[:])
}

// IsToken reports whether a text can be one that NewToken made.
func IsToken(text string) bool {
	key, err := hex.DecodeString(text)
	return err == nil && len(key) == 32
}

// Handler answers requests that come over TCP: to exactly this host, an address
// and port, and with the token. Nobody else learns more than that they are
// refused.
func (e *Endpoint) Handler(host, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.answer(w, r, func(p Peer) *Refusal {
			switch {
			case r.Host != host:
				return &Refusal{http.StatusMisdirectedRequest, "WrongHost", "this endpoint is " + host + " and answers to no other name"}
			case e.foreign(p):
				return e.wrongUser(p)
			case !shows(r, token):
				return &Refusal{http.StatusUnauthorized, "InvalidToken", "the Authorization header is not this endpoint's AWS_CONTAINER_AUTHORIZATION_TOKEN"}
			}
			return nil
		})
	})
}

// SocketHandler answers requests that come over a Unix socket, from processes of
// the right user: from those of which it cannot tell it takes none.
func (e *Endpoint) SocketHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.answer(w, r, func(p Peer) *Refusal {
			switch {
			case r.Host != socketHost:
				return &Refusal{http.StatusMisdirectedRequest, "WrongHost", "this socket is for portico's own requests"}
			case !p.Known || e.foreign(p):
				return e.wrongUser(p)
			}
			return nil
		})
	})
}

// shows reports whether the request carries the token, once.
func shows(r *http.Request, token string) bool {
	shown := r.Header["Authorization"]
	return token != "" && len(shown) == 1 && subtle.ConstantTimeCompare([]byte(shown[0]), []byte(token)) == 1
}

// foreign reports whether the peer is known to be a user who may not ask. The
// superuser could read our memory, so nothing is kept from them.
func (e *Endpoint) foreign(p Peer) bool {
	return p.Known && p.UID != 0 && p.UID != self() && !slices.Contains(e.Users, p.UID)
}

func (e *Endpoint) wrongUser(p Peer) *Refusal {
	who := "a user who cannot be told"
	if p.Known {
		who = fmt.Sprintf("user %d", p.UID)
	}
	return &Refusal{http.StatusForbidden, "WrongUser", fmt.Sprintf("the request is of %s, and this endpoint is for user %d; --allow-user lets others in", who, self())}
}

// answer carries a request out. admit says why the one who asks may not.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, admit func(Peer) *Refusal) {
	peer := peerOf(r.Context())
	entry := Entry{Peer: peer}
	c, err := e.credentials(r, admit, peer)
	if err == nil {
		entry.AccessKeyID, entry.Expiration = c.AccessKeyID, c.Expiration
		// Nothing leaves that is not on record.
		if e.Log.write(entry) != nil {
			err = &Refusal{http.StatusServiceUnavailable, "AuditFailed", "the audit log cannot be written, and without it nothing is given out"}
			c = Credentials{}
		}
	} else {
		entry.Refused = refusal(err).Code
		if r.Context().Err() != nil {
			entry.Refused = "ClientGone"
		}
		_ = e.Log.write(entry) // it is refused in any case
	}
	if r.ContentLength != 0 {
		// What it sends is not waited for.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Connection", "close")
	if err != nil {
		f := refusal(err)
		if f.Status == http.StatusMethodNotAllowed {
			h.Set("Allow", http.MethodGet)
		}
		w.WriteHeader(f.Status)
		// The SDKs look for either spelling.
		_ = json.NewEncoder(w).Encode(map[string]string{"code": f.Code, "message": f.Message, "Code": f.Code, "Message": f.Message})
		return
	}
	_ = json.NewEncoder(w).Encode(c.document())
}

// refusal is how an error is told.
func refusal(err error) *Refusal {
	if f, ok := errors.AsType[*Refusal](err); ok {
		return f
	}
	return &Refusal{http.StatusServiceUnavailable, "ServiceUnavailable", err.Error()}
}

// A document is what the SDKs read. Some fail where Token or Expiration is
// missing.
type document struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
}

func (c Credentials) document() document {
	return document{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration.UTC().Format(time.RFC3339), c.AccountID}
}

// credentials are the answer to a request that may have one.
func (e *Endpoint) credentials(r *http.Request, admit func(Peer) *Refusal, peer Peer) (Credentials, error) {
	if f := admit(peer); f != nil {
		return Credentials{}, f
	}
	if f := plain(r); f != nil {
		return Credentials{}, f
	}
	if e.Grant.Over() {
		return Credentials{}, e.Grant.ended()
	}
	c, err := e.fetch(r.Context())
	if err != nil {
		return Credentials{}, err
	}
	// It may have taken a while.
	if e.Grant.Over() {
		return Credentials{}, e.Grant.ended()
	}
	now := time.Now()
	if c.Expiration.IsZero() {
		c.Expiration = now.Add(lasting)
	}
	if end := e.Grant.End(); !end.IsZero() && end.Before(c.Expiration) {
		c.Expiration = end
	}
	c.Expiration = c.Expiration.Truncate(time.Second)
	if !c.Expiration.After(now) {
		return Credentials{}, &Refusal{http.StatusServiceUnavailable, "ExpiredCredentials", "the credentials that were to be had have expired"}
	}
	return c, nil
}

// lasting is how long clients keep credentials that do not expire, before they
// ask again.
const lasting = time.Hour

// plain refuses what no SDK sends: requests that a browser was made to send, or
// that somebody else passes on.
func plain(r *http.Request) *Refusal {
	for name := range r.Header {
		if name == "Origin" || name == "Via" || name == "Forwarded" || strings.HasPrefix(name, "Sec-") || strings.HasPrefix(name, "X-Forwarded-") {
			return &Refusal{http.StatusForbidden, "ForwardedRequest", "requests of web pages and proxies are refused; this one has the header " + name}
		}
	}
	switch {
	case r.RequestURI != Path:
		return &Refusal{http.StatusNotFound, "NotFound", "there is nothing here but " + Path}
	case r.Method != http.MethodGet:
		return &Refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "credentials are asked for by GET"}
	case r.ContentLength != 0:
		return &Refusal{http.StatusBadRequest, "InvalidRequest", "a request for credentials has no body"}
	}
	return nil
}
