package cli

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

// A productionRule tells names of production from others.
type productionRule struct{ pattern *regexp.Regexp }

// newProductionRule makes the rule of a session: its portico_production is a regular
// expression, in any case. Without one, or with one that is none, names of
// production have one of the usual words in them.
func newProductionRule(pattern string) productionRule {
	if pattern == "" {
		return productionRule{}
	}
	compiled, _ := regexp.Compile("(?i:" + pattern + ")")
	return productionRule{compiled}
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

// A palette gives the profiles and roles of a config their colours.
type palette struct {
	config *awsconfig.Config
	rules  map[string]productionRule // of sessions: a list asks for each of its rows
}

func newPalette(config *awsconfig.Config) *palette {
	return &palette{config: config, rules: map[string]productionRule{}}
}

// rule is that of a session, "" for none.
func (p *palette) rule(session string) productionRule {
	rule, known := p.rules[session]
	if !known {
		section, _ := p.config.Session(session)
		pattern, _ := section.Get(awsconfig.KeyProduction)
		rule = newProductionRule(pattern)
		p.rules[session] = rule
	}
	return rule
}

// profile is a profile's colour. accounts are names of its account, where they are
// known.
func (p *palette) profile(name string, accounts ...string) string {
	of, rule := p.ruleOf(name)
	chosen, _ := of.Get(awsconfig.KeyColor)
	return rule.colour(chosen, append(accounts, name)...)
}

// role is the colour of a role for which there is no profile.
func (p *palette) role(session, accountName string) string {
	return p.rule(session).colour("", accountName)
}

// production tells whether a profile is one of production.
func (p *palette) production(profile string) bool {
	_, rule := p.ruleOf(profile)
	return rule.matches(profile)
}

func (p *palette) ruleOf(profile string) (awsconfig.Profile, productionRule) {
	of, _ := p.config.Profile(profile)
	session, _ := of.SSO("sso_session")
	return of, p.rule(session)
}
