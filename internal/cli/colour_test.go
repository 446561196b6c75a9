package cli

import "testing"

func TestColour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, chosen, name, want string }{
		{"", "", "prod", "red"},
		{"", "", "acme-prod-eu", "red"},
		{"", "", "acmeProd", "red"},
		{"", "", "Production/ReadOnly", "red"},
		{"", "", "prd_1", "red"},
		{"", "", "live2", "red"},
		{"", "", "non-prod", ""},
		{"", "", "pre_production", ""},
		{"", "", "nonprod", ""},
		{"", "", "products", ""},
		{"", "", "alive", ""},
		{"", "", "dev", ""},
		{"", "green", "prod", "green"},
		{"", "Blue", "dev", "blue"},
		{"", "no colour", "prod", "red"},
		{"^p-", "", "P-17", "red"},
		{"^p-", "", "prod", ""},
		{"(", "", "prod", "red"}, // no pattern is the usual words
	} {
		if got := newProductionRule(c.pattern).colour(c.chosen, c.name); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}
