package awsapi

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPageTokenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := rapid.StringMatching(`[ -~]{1,64}`).Draw(t, "after")
		listing := rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "listing")
		token := pageToken(after, listing...)
		if got, err := parsePageToken(token, listing...); err != nil || got != after {
			t.Fatalf("got %q, %v, want %q", got, err, after)
		}
		if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("got %q, want characters that every client passes on", token)
		}
		if got, err := parsePageToken(token, append(listing, "other")...); err == nil {
			t.Fatalf("got %q for another listing, want an error", got)
		}
	})
	if got := pageToken("", "accounts"); got != "" {
		t.Errorf("got token %q at the end, want none", got)
	}
}

func FuzzPageToken(f *testing.F) {
	f.Add(pageToken("111111111111", "accounts", "u"))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		after, err := parsePageToken(token, "accounts", "u")
		if err != nil || token == "" {
			return
		}
		if got := pageToken(after, "accounts", "u"); got != token {
			t.Fatalf("got %q accepted as well as %q for %q, want one encoding", token, got, after)
		}
	})
}

func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"clientName":"x","scopes":["a"],"more":{"a":[1,null,{"b":true}]}}`))
	f.Add([]byte(`{"clientName":null,"scopes":[null]}`))
	f.Add([]byte(`{"a":1,"\u0061":2}`))
	f.Add([]byte(`{"a":{"a":{"a":{}}}} `))
	f.Add([]byte(`[[[[]]]]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := parseObject(body)
		var reference map[string]any
		valid := json.Unmarshal(body, &reference) == nil && reference != nil && utf8.Valid(body)
		if err != nil {
			return
		}
		if !valid {
			t.Fatalf("got %q accepted, want a JSON object", body)
		}
		if len(o) != len(reference) {
			t.Fatalf("got %d members, want %d", len(o), len(reference))
		}
		for name, want := range reference {
			got, err := o.text(name)
			text, isText := want.(string)
			if isText != (err == nil && want != nil) || isText && got != text {
				t.Fatalf("%q: got %q, %v, want %v", name, got, err, want)
			}
			list, err := o.texts(name)
			items, isList := want.([]any)
			for _, item := range items {
				if _, ok := item.(string); !ok {
					isList = false
				}
			}
			if isList != (err == nil && want != nil) || isList && len(list) != len(items) {
				t.Fatalf("%q: got %q, %v, want %v", name, list, err, want)
			}
		}
	})
}

func FuzzParameters(f *testing.F) {
	f.Add("Action=GetCallerIdentity&Version=2011-06-15")
	f.Add("account_id=1&account_id=2&max_result=%zz;")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseParameters(text)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(text)
		if err != nil || len(want) != len(p) {
			t.Fatalf("got %v, want %v", p, want)
		}
		for name, values := range want {
			if len(values) != 1 || p[name] != values[0] {
				t.Fatalf("%q: got %q, want %q", name, p[name], values)
			}
		}
		_, _, _ = page(p, "accounts", "u")
		_, _ = accountID(p)
	})
}

func FuzzStartURL(f *testing.F) {
	f.Add("https://d-1234567890.awsapps.com/start/#/")
	f.Add("https://d-1234567890.awsapps.com@evil.test/start")
	f.Fuzz(func(t *testing.T, raw string) {
		if normalURL(raw) != "https://d-1234567890.awsapps.com/start" {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || !strings.EqualFold(u.Host, "d-1234567890.awsapps.com") || u.User != nil {
			t.Fatalf("got %q taken for ours", raw)
		}
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"ListUsers": "ListUsers", "a\nb\x1b[0mé\u202e": "a?b?[0m??", strings.Repeat("x", 101): strings.Repeat("x", 100) + "…",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q): got %q, want %q", in, got, want)
		}
	}
}
