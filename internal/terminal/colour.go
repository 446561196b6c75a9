package terminal

// colours are the names that people give a profile's, and their SGR codes: those of
// eight-colour terminals, so that everyone's own theme decides how they look.
var colours = map[string]string{
	"red": "31", "green": "32", "yellow": "33", "blue": "34", "purple": "35", "cyan": "36",
	"orange": "38;5;208", "turquoise": "38;5;44", "pink": "38;5;205", "grey": "90",
}

// Colours are the names that [Paint] knows.
func Colours() []string {
	return []string{"red", "orange", "yellow", "green", "turquoise", "cyan", "blue", "purple", "pink", "grey"}
}

// KnownColour tells whether [Paint] knows the name.
func KnownColour(name string) bool { return colours[name] != "" }

// Paint is a text in a colour, for a place that can show it (see [Terminal.Color]).
// With a name that it does not know the text stays as it is.
func Paint(colour, text string) string {
	code := colours[colour]
	if code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[m"
}
