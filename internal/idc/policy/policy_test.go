package policy

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func statements(s string) string { return `{"Version": "2012-10-17", "Statement": [` + s + `]}` }

func TestParseRefuses(t *testing.T) {
	const ok = `"Effect": "Allow", "Action": "s3:*", "Resource": "*"`
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":          {"", "invalid Json"},
		"half":             {`{"Statement": [`, "invalid Json"},
		"more":             {`{} {}`, "invalid Json"},
		"a list":           {"[]", "Syntax errors"},
		"no statement":     {`{"Version": "2012-10-17"}`, "Syntax errors"},
		"empty":            {statements(""), "Syntax errors"},
		"unknown member":   {statements(`{` + ok + `, "Effects": "Allow"}`), "Syntax errors"},
		"version":          {`{"Version": "2024-01-01", "Statement": {` + ok + `}}`, "valid version string"},
		"effect":           {statements(`{"Effect": "allow", "Action": "s3:*", "Resource": "*"}`), "Syntax errors"},
		"no effect":        {statements(`{"Action": "s3:*", "Resource": "*"}`), "Syntax errors"},
		"no action":        {statements(`{"Effect": "Allow", "Resource": "*"}`), "must contain actions"},
		"both actions":     {statements(`{` + ok + `, "NotAction": "s3:*"}`), "must contain actions"},
		"no resource":      {statements(`{"Effect": "Allow", "Action": "s3:*"}`), "must contain resources"},
		"no vendor":        {statements(`{"Effect": "Allow", "Action": "ListBuckets", "Resource": "*"}`), "prefaced by a vendor"},
		"an action's type": {statements(`{"Effect": "Allow", "Action": 7, "Resource": "*"}`), "Syntax errors"},
		"no actions":       {statements(`{"Effect": "Allow", "Action": [], "Resource": "*"}`), "Syntax errors"},
		"resource":         {statements(`{"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}`), "Resource bucket must be in ARN format"},
		"principal":        {statements(`{` + ok + `, "Principal": "*"}`), "should not specify a principal"},
	} {
		_, err := Parse(tt.text)
		wrong, ok := errors.AsType[*SyntaxError](err)
		if !ok || !strings.Contains(wrong.Problem, tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a:b/c", true}, {"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"a**c", "ac", true}, {"*ab*ab", "abxabab", true}, {"*ab*abc", "abxabab", false},
		{"s3:List*", "s3:ListAllMyBuckets", true}, {"s3:list*", "s3:ListAllMyBuckets", false}, {"?", "", false}, {"a.c", "abc", false},
	} {
		if got := Matches(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q on %q: got %t, want %t", tt.pattern, tt.name, got, tt.want)
		}
	}
	// What would take other matchers for ever.
	started := time.Now()
	if Matches(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 2000)) {
		t.Error("got a match without the last letter")
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestEncode(t *testing.T) {
	one, two := statements(`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`), statements(`{"Effect": "Deny", "Action": "s3:Put*", "NotResource": "arn:aws:s3:::mine/*"}`)
	session, err := Decode(Encode([]string{one, two}))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		action, resource string
		want             Verdict
	}{
		{"s3:GetObject", "arn:aws:s3:::yours/x", Allowed},
		{"s3:PutObject", "arn:aws:s3:::yours/x", Denied},
		{"s3:PutObject", "arn:aws:s3:::mine/x", Allowed},
		{"sts:AssumeRole", "*", NotAllowed},
	} {
		if got := Decide(session, tt.action, tt.resource); got != tt.want {
			t.Errorf("%s on %s: got %d, want %d", tt.action, tt.resource, got, tt.want)
		}
	}
	if _, err := Decode("[{}]"); err == nil {
		t.Error("got no error for what is no policy")
	}
	if _, ok := Managed("arn:aws-cn:iam::aws:policy/ReadOnlyAccess"); !ok {
		t.Error("a managed policy of another partition is not known")
	}
	for _, arn := range []string{"arn:aws:iam::111111111111:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/", "arn:aws:iam::aws:policy/Other", "arn:aws9:iam::aws:policy/ReadOnlyAccess"} {
		if _, ok := Managed(arn); ok {
			t.Errorf("%s is known", arn)
		}
	}
}
