// Package policy reads session policies and says what they allow.
//
// A session policy narrows the role that is assumed with it: what is done must be
// allowed by one of the session's policies, and denied by none. Of IAM's language
// it knows Effect, Action, NotAction, Resource and NotResource with the wildcards
// * and ?. A Condition is not judged: under one nothing is allowed, and
// everything that the statement names is denied. Policy variables stand for
// themselves.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A SyntaxError says, in IAM's words where they are known, why a text is no
// session policy.
type SyntaxError struct{ Problem string }

func (e *SyntaxError) Error() string { return e.Problem }

func broken(format string, args ...any) error {
	return &SyntaxError{Problem: fmt.Sprintf(format, args...)}
}

// A Document is one session policy.
type Document struct{ statements []statement }

type statement struct {
	deny, conditional       bool
	actions, notActions     []string
	resources, notResources []string
}

// Parse reads a policy document. Its error is a *SyntaxError.
func Parse(text string) (Document, error) {
	var written struct {
		Version   *string
		ID        *string `json:"Id"`
		Statement json.RawMessage
	}
	if !json.Valid([]byte(text)) {
		return Document{}, broken("This policy contains invalid Json")
	}
	if err := strict([]byte(text), &written); err != nil {
		return Document{}, err
	}
	if v := written.Version; v != nil && *v != "2012-10-17" && *v != "2008-10-17" {
		return Document{}, broken("The policy must contain a valid version string")
	}
	var one []json.RawMessage
	switch s := bytes.TrimSpace(written.Statement); {
	case len(s) == 0 || bytes.Equal(s, []byte("null")) || bytes.Equal(s, []byte("[]")):
		return Document{}, broken("Syntax errors in policy.")
	case s[0] == '[':
		if err := json.Unmarshal(s, &one); err != nil {
			return Document{}, broken("Syntax errors in policy.")
		}
	default:
		one = []json.RawMessage{s}
	}
	var d Document
	for _, raw := range one {
		s, err := parseStatement(raw)
		if err != nil {
			return Document{}, err
		}
		d.statements = append(d.statements, s)
	}
	return d, nil
}

// strict decodes an object that has no members but those of into.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil { // json.Valid has seen to what follows
		return broken("Syntax errors in policy.")
	}
	return nil
}

// words are one string or a list of them.
type words []string

func (w *words) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = words{one}
		return nil
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		return errors.New("neither text nor a list of it")
	}
	*w = all
	return nil
}

func parseStatement(raw json.RawMessage) (statement, error) {
	var s struct {
		Sid                                      *string
		Effect                                   string
		Action, NotAction, Resource, NotResource words
		Principal, NotPrincipal                  json.RawMessage
		Condition                                map[string]json.RawMessage
	}
	if err := strict(raw, &s); err != nil {
		return statement{}, err
	}
	switch {
	case s.Principal != nil || s.NotPrincipal != nil:
		return statement{}, broken("Policy document should not specify a principal.")
	case s.Effect != "Allow" && s.Effect != "Deny":
		return statement{}, broken("Syntax errors in policy.")
	case (s.Action == nil) == (s.NotAction == nil):
		return statement{}, broken("Policy statement must contain actions.")
	case (s.Resource == nil) == (s.NotResource == nil):
		return statement{}, broken("Policy statement must contain resources.")
	}
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		if vendor, _, ok := strings.Cut(action, ":"); action != "*" && (!ok || vendor == "") {
			return statement{}, broken("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		if !strings.HasPrefix(resource, "*") && (!strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 2) {
			return statement{}, broken("Resource %s must be in ARN format or \"*\".", resource)
		}
	}
	return statement{
		deny: s.Effect == "Deny", conditional: len(s.Condition) > 0,
		actions: s.Action, notActions: s.NotAction, resources: s.Resource, notResources: s.NotResource,
	}, nil
}

// A Verdict is what policies say of one action on one resource.
type Verdict int

// Without an Allow nothing is allowed; a Deny is stronger than any Allow.
const (
	NotAllowed Verdict = iota
	Allowed
	Denied
)

// Decide says what the policies of one session say together.
func Decide(session []Document, action, resource string) Verdict {
	verdict := NotAllowed
	for _, d := range session {
		for _, s := range d.statements {
			if !s.names(action, resource) {
				continue
			}
			if s.deny {
				return Denied
			}
			if !s.conditional {
				verdict = Allowed
			}
		}
	}
	return verdict
}

func (s statement) names(action, resource string) bool {
	return listed(s.actions, s.notActions, strings.ToLower(action), strings.ToLower) &&
		listed(s.resources, s.notResources, resource, func(p string) string { return p })
}

func listed(patterns, not []string, name string, fold func(string) string) bool {
	matches := func(p string) bool { return Matches(fold(p), name) }
	if patterns != nil {
		return slices.ContainsFunc(patterns, matches)
	}
	return !slices.ContainsFunc(not, matches)
}

// Matches says whether a name is one of a pattern's, in which * stands for any
// letters and ? for one. It takes time by the product of both lengths at most.
func Matches(pattern, name string) bool {
	star, retry := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Encode is how the documents of a session are kept.
func Encode(documents []string) string {
	all := make([]json.RawMessage, len(documents))
	for i, d := range documents {
		all[i] = json.RawMessage(d)
	}
	text, _ := json.Marshal(all) // Parse has read them
	return string(text)
}

// Decode reads what Encode wrote.
func Decode(text string) ([]Document, error) {
	var all []json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, err
	}
	documents := make([]Document, len(all))
	for i, raw := range all {
		var err error
		if documents[i], err = Parse(string(raw)); err != nil {
			return nil, err
		}
	}
	return documents, nil
}
