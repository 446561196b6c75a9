package control

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// ask sends one request and returns the answer, which must be JSON, must let no
// page read it, and must not hold the key.
func (c *center) ask(t *testing.T, method, operation, body string, header http.Header) (status int, code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.Address+Path+operation, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	c.checkAnswer(t, method, resp.StatusCode, resp.Header, answer)
	var refusal Error
	_ = json.Unmarshal(answer, &refusal) // a reply has no code
	return resp.StatusCode, refusal.Code
}

func (c *center) checkAnswer(t *testing.T, method string, status int, header http.Header, body []byte) {
	t.Helper()
	if got := header.Get("Content-Type"); got != "application/json" {
		t.Errorf("got Content-Type %q", got)
	}
	if header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got header %v", header)
	}
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("answered with %s", name)
		}
	}
	if method != http.MethodHead && !json.Valid(body) {
		t.Errorf("got %s, want JSON", body)
	}
	if status >= 400 && method != http.MethodHead {
		var refusal Error
		if err := json.Unmarshal(body, &refusal); err != nil || refusal.Code == "" || refusal.Message == "" {
			t.Errorf("got %d %s, want a code and a message", status, body)
		}
	}
	if strings.Contains(string(body), c.Key) {
		t.Error("the answer holds the key")
	}
}

func (c *center) header(set ...string) http.Header {
	h := http.Header{"Authorization": {"Bearer " + c.Key}, "Content-Type": {"application/json"}}
	for i := 0; i+1 < len(set); i += 2 {
		if h.Del(set[i]); set[i+1] != "" {
			h.Set(set[i], set[i+1])
		}
	}
	return h
}

// Every operation is closed to whoever may not ask, and to what it does not take.
func TestEveryOperationIsGuarded(t *testing.T) {
	c, earlier := newCenter(t), newCenter(t)
	before := c.state(t)
	for name, op := range operations() {
		body := "{}"
		if op.method == http.MethodGet {
			body = ""
		}
		for _, test := range []struct {
			what   string
			header http.Header
			want   int
			code   string
		}{
			{"a page of this origin", c.header("Origin", c.Address), 403, "forbidden"},
			{"a page of another", c.header("Origin", "http://evil.test"), 403, "forbidden"},
			{"a sandboxed page", c.header("Origin", "null"), 403, "forbidden"},
			{"an empty origin", http.Header{"Authorization": {"Bearer " + c.Key}, "Content-Type": {"application/json"}, "Origin": {""}}, 403, "forbidden"},
			{"a fetch of this origin", c.header("Sec-Fetch-Site", "same-origin"), 403, "forbidden"},
			{"an address bar", c.header("Sec-Fetch-Site", "none"), 403, "forbidden"},
			{"a form", c.header("Sec-Fetch-Mode", "navigate"), 403, "forbidden"},
			{"no key", c.header("Authorization", ""), 401, "unauthorized"},
			{"an empty key", c.header("Authorization", "Bearer "), 401, "unauthorized"},
			{"a wrong key", c.header("Authorization", "Bearer "+NewKey()), 401, "unauthorized"},
			{"the key of another run", c.header("Authorization", "Bearer "+earlier.Key), 401, "unauthorized"},
			{"a key that is too long", c.header("Authorization", "Bearer "+c.Key+"A"), 401, "unauthorized"},
			{"a key that is too short", c.header("Authorization", "Bearer "+c.Key[:len(c.Key)-1]), 401, "unauthorized"},
			{"the id for the key", c.header("Authorization", "Bearer "+ID(c.Key)), 401, "unauthorized"},
			{"another scheme", c.header("Authorization", "Basic "+c.Key), 401, "unauthorized"},
			{"the key twice", http.Header{"Authorization": {"Bearer " + c.Key, "Bearer " + c.Key}, "Content-Type": {"application/json"}}, 401, "unauthorized"},
		} {
			if op.open && test.want == 401 {
				continue // it tells nobody anything but that it knows the key
			}
			if got, code := c.ask(t, op.method, name, body, test.header); got != test.want || code != test.code {
				t.Errorf("%s, %s: got %d %s, want %d %s", name, test.what, got, code, test.want, test.code)
			}
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"} {
			if got, _ := c.ask(t, method, name, body, c.header()); method != op.method && got != 405 {
				t.Errorf("%s by %s: got %d, want 405", name, method, got)
			}
		}
		if op.method != http.MethodPost {
			for _, query := range []string{"no_such_parameter=1", "%zz", "Nonce=" + strings.Repeat("x", 32), "a;b"} {
				if got, code := c.ask(t, "GET", name+"?"+query, "", c.header()); got != 400 || code != "invalid_request" {
					t.Errorf("%s?%s: got %d %s, want 400", name, query, got, code)
				}
			}
			for _, parameter := range op.query {
				if got, code := c.ask(t, "GET", name+"?"+url.Values{parameter: {"x", "x"}}.Encode(), "", c.header()); got != 400 || code != "invalid_request" {
					t.Errorf("%s with %s twice: got %d %s, want 400", name, parameter, got, code)
				}
			}
			continue
		}
		for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json-seq", "text/json", ";"} {
			if got, code := c.ask(t, "POST", name, `{}`, c.header("Content-Type", media)); got != 415 || code != "unsupported_media_type" {
				t.Errorf("%s as %q: got %d %s, want 415", name, media, got, code)
			}
		}
		for _, body := range []string{"", "x", "[]", `"x"`, "1", `{"no_such_field":1}`, "{}{}", "{}x", strings.Repeat("[", 10_000), "{\"\xff\":1}"} {
			if got, code := c.ask(t, "POST", name, body, c.header()); got != 400 || code != "invalid_request" {
				t.Errorf("%s with %.40s: got %d %s, want 400", name, body, got, code)
			}
		}
		for _, body := range []string{`{"user":"` + strings.Repeat("x", maxBody) + `"}`, strings.Repeat(" ", maxBody+1)} {
			if got, code := c.ask(t, "POST", name, body, c.header()); got != 413 || code != "too_large" {
				t.Errorf("%s with %d bytes: got %d %s, want 413", name, len(body), got, code)
			}
		}
		if got, code := c.ask(t, "POST", name+"?id=x", `{}`, c.header()); got != 400 || code != "invalid_request" {
			t.Errorf("%s with a parameter in the address: got %d %s, want 400", name, got, code)
		}
	}
	if after := c.state(t); after != before {
		t.Errorf("refused requests changed something: got %s, had %s", after, before)
	}
}

func TestNoSuchOperation(t *testing.T) {
	c := newCenter(t)
	for _, name := range []string{"", "nothing", "Info", "info/", "/info", "..", "sign-in/x", strings.Repeat("x", 200)} {
		if got, code := c.ask(t, "GET", name, "", c.header()); got != 404 || code != "not_found" {
			t.Errorf("%q: got %d %s, want 404", name, got, code)
		}
		// Who has no key does not hear what there is.
		if got, code := c.ask(t, "GET", name, "", nil); got != 401 || code != "unauthorized" {
			t.Errorf("%q without a key: got %d %s, want 401", name, got, code)
		}
	}
}

// A record whose Identity Center was killed is there still when another one has
// taken its port. It is not found, and its key opens nothing.
func TestStaleRecord(t *testing.T) {
	c := newCenter(t)
	dead := deadRecord(t)
	dead.Address = c.Address
	dir := t.TempDir() + "/local"
	for _, r := range []Record{dead, c.Record} {
		if _, err := Publish(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(t.Context(), dir, c.Address)
	if err != nil || found.Key != c.Key {
		t.Errorf("got record %s, %v; want %s", found.ID, err, ID(c.Key))
	}
	for name, op := range operations() {
		if op.open {
			continue
		}
		if got, _ := c.ask(t, op.method, name, "{}", c.header("Authorization", "Bearer "+dead.Key)); got != 401 {
			t.Errorf("%s: got %d, want 401", name, got)
		}
	}
}

// FuzzHandler: whatever is asked, it is an answer, and never a fault of ours.
func FuzzHandler(f *testing.F) {
	documented, _ := readDocumentation(f)
	for name, d := range documented {
		f.Add(d.method, name, "", d.request, "application/json")
		for _, parameter := range d.parameters {
			f.Add(d.method, name, parameter+"=1", "", "")
		}
	}
	f.Add("POST", "revoke", "", `{"session":"\u0000"}`, "application/json")
	f.Add("POST", "advance-clock", "", `{"by":"2562047h47m16.854775807s"}`, "application/json")
	f.Add("POST", "skew-clock", "", `{"by":"-2562047h47m16.854775808s"}`, "application/json")
	f.Add("POST", "add-fault", "", `{"op":"[","rate":1e308,"nth":-1,"status":99999}`, "application/json")
	f.Add("POST", "assign", "", `{"user":"alice","permission_set":"x","accounts":[]}`, "application/json")
	f.Add("GET", "events", "after=9223372036854775807&limit=1&user=%5B&op=%5C&since=0000-01-01T00:00:00Z", "", "")
	f.Add("GET", "proof", "nonce="+strings.Repeat("%00", 64), "", "")
	names := []string{}
	for name := range operations() {
		names = append(names, name)
	}
	slices.Sort(names)
	c := newCenter(f)
	f.Fuzz(func(t *testing.T, method, operation, query, body, media string) {
		if _, known := operations()[operation]; !known && len(operation) > 0 {
			operation = names[int(operation[0])%len(names)] // what is known is what can break
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.Address+Path+operation, strings.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		r.Header = c.header("Content-Type", media)
		if r.URL.Query().Has("wait") { // which is no fault either, but takes its time
			r.URL.RawQuery = strings.ReplaceAll(query, "wait", "after")
		}
		w := httptest.NewRecorder()
		began := time.Now()
		c.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %s?%s %q: got %d %s", method, operation, query, body, w.Code, w.Body)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s %s?%s %q: took %s", method, operation, query, body, took)
		}
		c.checkAnswer(t, method, w.Code, w.Result().Header, w.Body.Bytes())
	})
}
