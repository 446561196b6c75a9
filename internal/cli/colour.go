package cli

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

// A productionRule tells names of production from others.
type productionRule struct{ pattern *regexp.Regexp }

// productionRules are those that were made: a list asks for the same one for each
// of its rows.
var productionRules sync.Map

// newProductionRule makes the rule of a session: its portico_production is a regular
// expression, in any case. Without one, or with one that is none, names of
// production have one of the usual words in them.
func newProductionRule(pattern string) productionRule {
	if pattern == "" {
		return productionRule{}
	}
	if rule, ok := productionRules.Load(pattern); ok {
		return rule.(productionRule)
	}
	compiled, _ := regexp.Compile("(?i:" + pattern + ")")
	rule := productionRule{compiled}
	productionRules.Store(pattern, rule)
	return rule
}

// matches tells whether one of the names is production's: of a profile, of an
// account, its alias.
func (r productionRule) matches(names ...string) bool {
	for _, name := range names {
		if r.pattern != nil && r.pattern.MatchString(name) || r.pattern == nil && productionWord(name) {
			return true
		}
	}
	return false
}

// colour is that of a profile or a role: the one that somebody chose, red for
// production, or none.
func (r productionRule) colour(chosen string, names ...string) string {
	if chosen = strings.ToLower(chosen); terminal.KnownColour(chosen) {
		return chosen
	}
	if r.matches(names...) {
		return "red"
	}
	return ""
}

// productionWord looks for the usual words in a name. Words end where letters do,
// and where a small letter is followed by a capital one. What is about production
// and comes before it is not meant.
func productionWord(name string) bool {
	var words []string
	word, last := "", ' '
	for _, r := range name {
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && unicode.IsLower(last) {
			words, word = append(words, word), ""
		}
		if unicode.IsLetter(r) {
			word += string(unicode.ToLower(r))
		}
		last = r
	}
	for i, word := range append(words, word) {
		switch word {
		case "prod", "production", "prd", "live":
			if i == 0 || words[i-1] != "non" && words[i-1] != "pre" && words[i-1] != "not" {
				return true
			}
		}
	}
	return false
}

// isProduction tells whether a profile is one of production.
func (a *App) isProduction(c *awsconfig.Config, profile string, accounts ...string) bool {
	_, rule := ruleOf(c, profile)
	return rule.matches(append(accounts, profile)...)
}

// colourOf is a profile's colour. accounts are names of its account, where they are
// known.
func (a *App) colourOf(c *awsconfig.Config, profile string, accounts ...string) string {
	p, rule := ruleOf(c, profile)
	chosen, _ := p.Get(awsconfig.KeyColor)
	return rule.colour(chosen, append(accounts, profile)...)
}

func ruleOf(c *awsconfig.Config, profile string) (awsconfig.Profile, productionRule) {
	p, _ := c.Profile(profile)
	name, _ := p.SSO("sso_session")
	session, _ := c.Session(name)
	pattern, _ := session.Get(awsconfig.KeyProduction)
	return p, newProductionRule(pattern)
}
