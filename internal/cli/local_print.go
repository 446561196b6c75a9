package cli

import (
	"bytes"
	"encoding/json"

	"github.com/portico-sso/portico/internal/output"
)

// show prints what a command has to tell of a local Identity Center: as a person
// reads it, or, where --output or --query asks for data, as any answer is printed.
// A profile's output does not count here, for it is about AWS. A list goes by a
// name.
func (a *App) show(g *globals, name string, data any, forPeople func() error) error {
	if g.Output == "" && g.Query == "" {
		return forPeople()
	}
	s, err := a.setupForNew(g)
	if err != nil {
		return err
	}
	answers, err := a.printer(g, s.settings, name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(data); err != nil {
		return err
	}
	v, err := output.ParseJSON(text.String())
	if err != nil {
		return err
	}
	o, isObject := v.(output.Object)
	if !isObject {
		if v == nil {
			v = []any{} // none of them is no reason to print null
		}
		o = output.Object{{Name: name, Value: v}}
	}
	return answers.Print(o)
}

// done is what a command did, for those who ask for data.
func done(what string, n int) map[string]int { return map[string]int{what: n} }
