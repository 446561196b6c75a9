package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// A chosenSession is what the questions about a session lead to.
type chosenSession struct {
	Name, StartURL, Region, Scopes string

	IssuerURL string // what to send to the service, once that is known
	Fresh     bool   // new, or not what the config says: sign in whatever token there is
}

func (s chosenSession) signin() signin.Session {
	c := signin.Session{Name: s.Name, StartURL: s.StartURL, Region: s.Region, IssuerURL: s.IssuerURL}
	if s.Scopes != "" {
		c.Scopes = awsconfig.ParseScopes(s.Scopes)
	}
	return c
}

// edit is what the config file is to say about the session.
func (s chosenSession) edit() awsconfig.Edit {
	e := awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: s.Name}, Set: []awsconfig.KeyValue{
		awsconfig.Set("sso_start_url", s.StartURL), awsconfig.Set("sso_region", s.Region),
	}}
	if s.Scopes != "" {
		e.Set = append(e.Set, awsconfig.Set("sso_registration_scopes", s.Scopes))
	}
	return e
}

// where asks for the two values that say where the Identity Center is. A
// company's own address is asked where it leads, which tells the region.
func (w *wizard) where(ctx context.Context, s *chosenSession, startURL, region string) error {
	var err error
	s.StartURL, err = w.ask(ctx, question{Flag: "sso-start-url", Text: "SSO start URL", Current: startURL, Validate: validStartURL,
		Complete: terminal.Completions(w.startURLs()...)})
	if err != nil {
		return err
	}
	found, err := w.resolve(ctx, s)
	if err != nil || found {
		return err
	}
	if own := signin.RegionOf(s.StartURL); own != "" && (region == "" || s.StartURL != startURL) {
		region = own // the configured one is that of another start URL
	}
	s.Region, err = w.ask(ctx, question{Flag: "sso-region", Text: "SSO region", Current: region,
		Validate: validRegion, Complete: terminal.Completions(ssoRegions...)})
	return err
}

// resolveLimit is how long a start URL may take to say where it leads.
const resolveLimit = 10 * time.Second

// resolve finds what a company's own start URL stands for; found means that its
// region is known now. One that leads nowhere is sent to the service as it is.
func (w *wizard) resolve(ctx context.Context, s *chosenSession) (found bool, err error) {
	if awsconfig.CheckStartURL(s.StartURL) != nil {
		return false, nil
	}
	waiting := w.Terminal.Progress("Looking up the start URL")
	bound, cancel := context.WithTimeout(ctx, resolveLimit)
	defer cancel()
	r, err := w.Resolve(bound, s.StartURL)
	waiting.Done()
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		w.Warn(err.Error())
		s.IssuerURL = s.StartURL
		return false, nil
	case r.URL == s.StartURL: // AWS's own
		return false, nil
	}
	s.IssuerURL = r.URL
	if r.Region == "" {
		return false, nil
	}
	s.Region = r.Region
	return true, nil
}

const defaultScopes = "sso:account:access"

func (w *wizard) scopes(ctx context.Context, s *chosenSession, current string) error {
	var err error
	s.Scopes, err = w.ask(ctx, question{Flag: "sso-registration-scopes", Text: "SSO registration scopes",
		Current: orElse(current, defaultScopes), Validate: validScopes, Complete: w.knownScopes(), List: true})
	return err
}

// startURLs are those of all sessions and profiles.
func (w *wizard) startURLs() []string {
	var urls []string
	add := func(url string) {
		if url != "" && !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	for _, name := range w.Config.Sessions() {
		s, _ := w.Config.Session(name)
		add(s.StartURL)
	}
	for _, name := range w.Config.Profiles() {
		p, _ := w.Config.Profile(name)
		url, _ := p.Get("sso_start_url")
		add(url)
	}
	slices.Sort(urls)
	return urls
}

// knownScopes are the scope that listing accounts needs, and what the sessions
// use besides.
func (w *wizard) knownScopes() []terminal.Completion {
	users := map[string][]string{}
	for _, name := range w.sessionNames() {
		s, _ := w.Config.Session(name)
		for _, scope := range slices.Compact(slices.Sorted(slices.Values(s.Scopes))) {
			users[scope] = append(users[scope], name)
		}
	}
	list := terminal.Completions(defaultScopes)
	delete(users, defaultScopes)
	for scope, names := range users {
		list = append(list, terminal.Completion{Text: scope, Note: "Used in SSO sessions: " + strings.Join(names, ", ")})
	}
	slices.SortFunc(list[1:], func(a, b terminal.Completion) int { return strings.Compare(a.Text, b.Text) })
	return list
}

func (w *wizard) sessionNames() []string {
	return slices.Sorted(slices.Values(w.Config.Sessions()))
}

// aboutSession shows what is configured for a session while its name is typed.
func (w *wizard) aboutSession(answer string) (title, text string) {
	name := strings.TrimSpace(answer)
	s, ok := w.Config.Session(name)
	if !ok {
		return "", ""
	}
	var lines []string
	for _, key := range s.Keys() {
		var value any = s.Sub(key)
		if v, ok := s.Get(key); ok {
			value = v
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", inJSON(key), inJSON(value)))
	}
	text = "{}"
	if len(lines) > 0 {
		text = "{\n" + strings.Join(lines, ",\n") + "\n}"
	}
	return "Configuration for SSO session: " + name, text
}

func inJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("  ", "  ")
	_ = e.Encode(v) // text is always encodable
	return strings.TrimSuffix(b.String(), "\n")
}

// ssoRegions are the commercial regions that have an Identity Center.
var ssoRegions = []string{
	"af-south-1",
	"ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1",
	"eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
	"il-central-1",
	"me-central-1", "me-south-1",
	"mx-central-1",
	"sa-east-1",
	"us-east-1", "us-east-2", "us-west-1", "us-west-2",
}
