package idc

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/events"
)

// An entrance is a request that the listener lets in, and how its family words a
// refusal.
type entrance struct {
	name, method, target, media string
	refused                     string // a media type that a refusal has
	bodiless                    bool
}

// entrances are all operations, a page of each kind, and control.
var entrances = []entrance{
	{"RegisterClient", "POST", "/client/register", "application/json", "application/json", false},
	{"StartDeviceAuthorization", "POST", "/device_authorization", "application/json", "application/json", false},
	{"CreateToken", "POST", "/token", "application/json", "application/json", false},
	{"Logout", "POST", "/logout", "application/json", "application/json", false},
	{"GetCallerIdentity", "POST", "/", "application/x-www-form-urlencoded", "text/xml", false},
	{"another service", "POST", "/", "application/x-amz-json-1.1", "application/x-amz-json-1.1", false},
	{"ListAccounts", "GET", "/assignment/accounts", "", "application/json", true},
	{"ListAccountRoles", "GET", "/assignment/roles?account_id=" + devAccount, "", "application/json", true},
	{"GetRoleCredentials", "GET", "/federation/credentials?account_id=" + devAccount + "&role_name=x", "", "application/json", true},
	{"ListBuckets", "GET", "/?x-id=ListBuckets", "", "application/xml", true},
	{"signin", "POST", "/signin", "application/x-www-form-urlencoded", "text/html", false},
	{"signout", "POST", "/signout", "application/x-www-form-urlencoded", "text/html", false},
	{"device", "POST", "/device", "application/x-www-form-urlencoded", "text/html", false},
	{"consent", "POST", "/consent", "application/x-www-form-urlencoded", "text/html", false},
	{"start", "GET", "/start", "", "text/html", true},
	{"authorize", "GET", "/authorize", "", "text/html", true},
	{"control", "POST", control.Path + "sign-in", "application/json", "application/json", false},
}

// head is the request's head, without the line that ends it.
func (e entrance) head(key string) string {
	head := e.method + " " + e.target + " HTTP/1.1\r\nHost: 127.0.0.1:8642\r\n"
	if e.media != "" {
		head += "Content-Type: " + e.media + "\r\n"
	}
	switch e.name {
	case "ListBuckets":
		head += "Authorization: AWS4-HMAC-SHA256 Credential=ASIAQQQQQQQQQQQQQQQQ/20261121/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\nX-Amz-Date: 20261121T235800Z\r\n"
	case "another service":
		head += "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
	case "control":
		head += "Authorization: Bearer " + key + "\r\n"
	}
	return head
}

// hostile dials and sends pieces with pauses in between. end hangs up.
func (l *listening) hostile(t *testing.T, pause time.Duration, pieces ...string) (r *bufio.Reader, end func()) {
	t.Helper()
	c, err := l.pipes.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, p := range pieces {
			if _, err := io.WriteString(c, p); err != nil {
				return // hung up on
			}
			time.Sleep(pause)
		}
	}()
	return bufio.NewReader(c), func() {
		c.Close()
		<-sent
	}
}

// Who sends byte by byte, always something, is given no more time than who sends
// nothing: five seconds for the head, ten for all. Those who behave are served
// meanwhile, and an answer that comes is one in the caller's protocol.
func TestByteByByte(t *testing.T) {
	key := control.NewKey()
	for _, e := range entrances {
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{ControlKey: key})
				drip := func(whole, slowly string, want time.Duration) (status int) {
					t.Helper()
					began := time.Now()
					r, end := l.hostile(t, 100*time.Millisecond, append([]string{whole}, strings.Split(slowly, "")...)...)
					defer end()
					resp, err := http.ReadResponse(r, nil)
					if err == nil {
						if media := resp.Header.Get("Content-Type"); !strings.HasPrefix(media, e.refused) && resp.StatusCode != http.StatusRequestTimeout {
							t.Errorf("got %s of type %s, want %s", resp.Status, media, e.refused)
						}
						_, _ = io.Copy(io.Discard, resp.Body)
						status = resp.StatusCode
					}
					_, _ = io.Copy(io.Discard, r)
					// net/http lingers half a second over a request that was cut short.
					if took := time.Since(began); took > want+time.Second {
						t.Errorf("was hung up on after %s, want %s", took, want)
					}
					if status == http.StatusOK {
						t.Error("half a request was answered with 200")
					}
					return status
				}
				head := e.head(key)
				drip(head, "X-Slow: "+strings.Repeat("x", 1000), headerTimeout)
				if !e.bodiless {
					drip(head+"Content-Length: 1000\r\n\r\n", strings.Repeat("x", 1000), readTimeout)
					drip(head+"Transfer-Encoding: chunked\r\n\r\n3e8\r\n", strings.Repeat("x", 1000), readTimeout)
				}
				resp, err := l.client.Get(base + "/signin")
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatalf("afterwards: got %v, %v", resp, err)
				}
				resp.Body.Close()
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Whatever is wrong with a request, the answer is a refusal in the caller's own
// protocol that names the request, and the server lives on.
func TestHostileRequests(t *testing.T) {
	key := control.NewKey()
	big := strings.Repeat("x", 1<<20+1)
	for _, e := range entrances {
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{ControlKey: key})
				head := e.head(key)
				withMedia := func(media string) string {
					return strings.Replace(head, "Content-Type: "+e.media, "Content-Type: "+media, 1)
				}
				for _, tt := range []struct {
					what, request string
					want          []int
					bodiless      bool // asked of those without a body too
				}{
					{"too large, as it says", head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(big), big), []int{413}, e.refused != "text/html"},
					{"too large, in chunks", head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(big), big), []int{413}, e.refused != "text/html"},
					{"a terabyte, as it says", head + "Content-Length: 1099511627776\r\n\r\n", []int{413, 400}, e.refused != "text/html"},
					{"another method", strings.Replace(head, e.method, "DELETE", 1) + "Content-Length: 0\r\n\r\n", []int{403, 405, 400, 404}, true},
					{"an unknown method", strings.Replace(head, e.method, "FROB", 1) + "Content-Length: 0\r\n\r\n", []int{403, 405, 400, 404}, true},
					{"another media type", withMedia("text/csv") + "Content-Length: 3\r\n\r\na,b", []int{400, 401, 403, 404, 415}, false},
					{"rubbish", head + "Content-Length: 4\r\n\r\n\x00\xff{&", []int{400, 401, 403, 303}, false},
					{"an empty body", head + "Content-Length: 0\r\n\r\n", []int{400, 401, 403, 303}, false},
					{"a deep body", head + "Content-Length: 8000\r\n\r\n" + strings.Repeat("[", 8000), []int{400, 401, 403, 303}, false},
					{"ten thousand fields", head + "Content-Length: 15000\r\n\r\n" + strings.Repeat("a=&", 5000), []int{400, 401, 403, 413, 303}, false},
					{"another site", head + "Origin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 2\r\n\r\n{}", []int{400, 401, 403}, false},
				} {
					if e.bodiless && !tt.bodiless {
						continue
					}
					if tt.what == "another method" && e.name == "another service" {
						continue // that is S3's DeleteBucket
					}
					r, end := l.hostile(t, 0, tt.request)
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Errorf("%s: no answer: %v", tt.what, err)
						end()
						continue
					}
					body, _ := io.ReadAll(resp.Body)
					// A page sends who is not signed in to where they can.
					if !slices.Contains(tt.want, resp.StatusCode) || resp.StatusCode == http.StatusSeeOther && e.refused != "text/html" {
						t.Errorf("%s: got %s %s, want one of %v", tt.what, resp.Status, body, tt.want)
					}
					if resp.Header.Get("X-Amzn-Requestid") == "" {
						t.Errorf("%s: got %s without a request id: %v", tt.what, resp.Status, resp.Header)
					}
					// What is at "/" is told from its method and media type alone.
					told := e.name != "GetCallerIdentity" || !strings.HasPrefix(tt.what, "an")
					if media := resp.Header.Get("Content-Type"); told && !strings.HasPrefix(media, e.refused) && resp.StatusCode != http.StatusSeeOther {
						t.Errorf("%s: got %s of type %s, want %s: %s", tt.what, resp.Status, media, e.refused, body)
					}
					end()
				}
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Heads that are larger than any client's, or that two readers could read in two
// ways, are refused before anything is done, and cost nobody else anything.
func TestHeaderBombs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		const line, host = "POST /token HTTP/1.1\r\n", "Host: 127.0.0.1:8642\r\n"
		for what, tt := range map[string]struct {
			request string
			want    string
		}{
			"one long field":         {line + host + "X-Long: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "431"},
			"many fields":            {line + host + strings.Repeat("X-Many: x\r\n", 10_000) + "\r\n", "431"},
			"many different fields":  {line + host + different(10_000) + "\r\n", "431"},
			"a long address":         {"GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\n" + host + "\r\n", "431"},
			"two hosts":              {line + host + host + "Content-Length: 0\r\n\r\n", "400"},
			"no host":                {line + "Content-Length: 0\r\n\r\n", "400"},
			"two lengths":            {line + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
			"a negative length":      {line + host + "Content-Length: -1\r\n\r\n", "400"},
			"an unknown coding":      {line + host + "Transfer-Encoding: gzip\r\n\r\n", "501"},
			"a NUL":                  {line + host + "X-A: a\x00b\r\n\r\n", "400"},
			"a space before a colon": {line + host + "Content-Length : 5\r\n\r\n", "400"},
			"no HTTP":                {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
			"another HTTP":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "421"},
			"a huge chunk":           {line + host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", "400"},
		} {
			r, end := l.hostile(t, 0, tt.request)
			got, err := r.ReadString('\n')
			if err != nil || !strings.Contains(got, " "+tt.want+" ") {
				t.Errorf("%s: got %q, %v; want %s", what, got, err, tt.want)
			}
			end()
		}
		if es, err := l.Events().Query(t.Context(), events.Query{}, 0); err != nil || len(es) > 1 { // the huge chunk is CreateToken's body
			t.Errorf("got %d events, %v", len(es), err)
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

func different(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: x\r\n", i)
	}
	return b.String()
}

// A thousand connections that stop at the same place hold a bounded amount of
// memory, keep nobody out, and are gone with their time.
func TestThousandHalfOpenConnections(t *testing.T) {
	const many = 1000
	for what, tt := range map[string]struct {
		sent  string
		limit time.Duration
	}{
		"silent":      {"", headerTimeout},
		"half a head": {"POST /token HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nX-A: " + strings.Repeat("x", 4000), headerTimeout},
		"half a body": {"POST /token HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nContent-Type: application/json\r\nContent-Length: 16000\r\n\r\n" + strings.Repeat("x", 15_000), readTimeout},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{})
				get := func() {
					t.Helper()
					resp, err := l.client.Get(base + "/signin")
					if err != nil || resp.StatusCode != http.StatusOK {
						t.Fatalf("got %v, %v", resp, err)
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				get()
				heap, goroutines := inUse()
				began := time.Now()
				readers := make([]*bufio.Reader, many)
				ends := make([]func(), many)
				for i := range many {
					readers[i], ends[i] = l.hostile(t, 0, tt.sent)
				}
				synctest.Wait()
				get() // nobody is kept out
				held, _ := inUse()
				// net/http takes two buffers of four kilobytes for each, and so does the
				// test; a body as long as it says comes to sixteen.
				if each := (held - heap) / many; each > 64<<10 {
					t.Errorf("a connection holds %d bytes", each)
				}
				for i := range many {
					_, _ = io.Copy(io.Discard, readers[i])
				}
				if took := time.Since(began); took < tt.limit || took > tt.limit+time.Second {
					t.Errorf("the last was hung up on after %s, want %s", took, tt.limit)
				}
				for _, end := range ends {
					end()
				}
				clear(readers)
				clear(ends)
				get()
				synctest.Wait()
				left, running := inUse()
				if running > goroutines+5 {
					t.Errorf("%d goroutines before, %d after", goroutines, running)
				}
				if grown := left - heap; grown > 4<<20 {
					t.Errorf("%d bytes are held after the last has gone", grown)
				}
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// inUse is the heap that is reachable, and how many goroutines there are.
func inUse() (heap int64, goroutines int) {
	runtime.GC()
	runtime.GC() // of what pools keep over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), runtime.NumGoroutine()
}

// What was good once is refused the second time, or as long as it is good answered
// the same: a client that lost an answer asks again, a thief gains nothing.
func TestReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := control.NewKey()
		l := listen(t, Config{ControlKey: key})
		p := l.program(t)
		refused := func(what string, r *http.Request, status int, code string) {
			t.Helper()
			if got, gotCode := p.try(r); got != status || gotCode != code {
				t.Errorf("%s: got %d %s, want %d %s", what, got, gotCode, status, code)
			}
		}
		p.until("ListAccounts")
		refused("the device code again", p.redeem(), 400, "InvalidGrantException")
		thief := *p
		thief.must(operation("RegisterClient")(&thief))
		refused("the device code by another client", thief.redeem(), 400, "InvalidGrantException")
		refused("the refresh token by another client", thief.refreshing(), 400, "InvalidGrantException")
		p.must(operation("ListAccounts")(p)) // which has harmed nobody

		first := p.refresh
		p.must(p.refreshing())
		second := p.refresh
		p.must(p.refreshing())
		p.refresh = first
		refused("a refresh token whose successor was used", p.refreshing(), 400, "InvalidGrantException")
		p.refresh = second
		p.must(p.refreshing()) // within its grace, the same answer
		p.must(operation("ListAccounts")(p))
		time.Sleep(2 * time.Minute)
		p.refresh = second
		refused("a refresh token after its grace", p.refreshing(), 400, "InvalidGrantException")
		refused("the tokens of that family", operation("ListAccounts")(p), 401, "UnauthorizedException")

		p.must(operation("StartDeviceAuthorization")(p))
		p.allow()
		p.must(p.redeem())
		p.must(operation("GetRoleCredentials")(p))
		presigned := p.request("GET", "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60", "")
		empty := sha256.Sum256(nil)
		address, _, err := signer.NewSigner().PresignHTTP(t.Context(), p.role, presigned, hex.EncodeToString(empty[:]), "sts", "eu-west-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		target := strings.TrimPrefix(address, base)
		again := func() *http.Request { return p.request("GET", target, "") }
		p.must(again())
		p.must(again()) // as long as it is good, as with AWS
		time.Sleep(16 * time.Minute)
		refused("a presigned request a quarter of an hour later", again(), 403, "SignatureDoesNotMatch")

		signed := operation("GetCallerIdentity")(p)
		header := signed.Header.Clone()
		replayed := func(target, body string) *http.Request {
			r := p.request("POST", target, body)
			r.Header = header.Clone()
			return r
		}
		const body = "Action=GetCallerIdentity&Version=2011-06-15"
		p.must(replayed("/", body))
		refused("a signature with another body", replayed("/", body+"&x=y"), 403, "SignatureDoesNotMatch")
		refused("a signature with another query", replayed("/?x=y", body), 403, "SignatureDoesNotMatch")
		time.Sleep(16 * time.Minute)
		refused("a signed request a quarter of an hour later", replayed("/", body), 403, "SignatureDoesNotMatch")

		// An authorization code: the request that redeemed it, once more.
		var redeemed string
		send := p.send
		p.send = func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/token" {
				b, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				redeemed, r.Body = string(b), io.NopCloser(strings.NewReader(string(b)))
			}
			return send(r)
		}
		l.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		p.signInByCode(signIn(t, l.Server, key, "alice"))
		p.must(operation("ListAccounts")(p))
		replay := p.request("POST", "/token", redeemed)
		replay.Header.Set("Content-Type", "application/json")
		refused("the authorization code again", replay, 400, "InvalidGrantException")
		refused("the tokens of a code that was used twice", operation("ListAccounts")(p), 401, "UnauthorizedException")
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}
