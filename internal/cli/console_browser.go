package cli

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// A consoleBrowser is where the console opens.
type consoleBrowser struct {
	Name   string // of the container or profile, by which people tell what is open where
	Chosen bool   // by a flag or in the config, so that it is there
	open   func(address string) error
}

// browser is that of --browser, or of portico_browser in the session, or the one
// that everything else opens in.
func (c *consoleCommand) browser(s *setup) (consoleBrowser, error) {
	name, colour := c.containerOf(s)
	b := consoleBrowser{Name: name, open: c.App.openURL}
	how, from := c.Browser, "argument --browser"
	if how == "" {
		session, _ := s.settings.Profile.SSO("sso_session")
		of, _ := s.settings.Config.Session(session)
		how, _ = of.Get(awsconfig.KeyBrowser)
		from = awsconfig.KeyBrowser + " of the sso-session " + session
	}
	if how = strings.TrimSpace(how); how == "" {
		return b, nil
	}
	command, problem := browserCommand(how, name, colour)
	if problem != "" {
		problem = from + ": " + problem
		if c.Browser != "" {
			return b, &usageError{Problem: problem}
		}
		return b, &configError{Kind: "Configuration", Problem: problem, Hint: fmt.Sprintf("%s console --help lists the ways.", c.App.Name)}
	}
	b.Chosen = true
	b.open = func(address string) error { return c.App.startBrowser(command(address)) }
	return b, nil
}

// browserWords make the command line that opens an address; the first is the
// program, by the name of a browser or as people write it.
type browserWords = func(address string) []string

// browserCommand reads how a browser is to be opened for what has a name and a
// colour.
func browserCommand(how, name, colour string) (command browserWords, problem string) {
	if strings.Contains(how, "{url}") {
		words, ok := awsconfig.SplitCommand(how)
		if !ok || len(words) == 0 {
			return nil, fmt.Sprintf("%q is no command", how)
		}
		return func(address string) []string {
			// The command may be a shell's, and names of roles are a stranger's.
			fill := strings.NewReplacer("{url}", address, "{name}", promptText(name), "{color}", containerColour(colour, name))
			line := []string{words[0]}
			for _, w := range words[1:] {
				line = append(line, fill.Replace(w))
			}
			return line
		}, ""
	}
	kind, of, given := strings.Cut(how, ":")
	if given && of == "" || strings.HasPrefix(of, "-") {
		return nil, fmt.Sprintf("%q names no profile", how)
	}
	switch browser, ok := strings.CutSuffix(kind, "-profile"); {
	case how == "firefox-container":
		return container("ext+container:", name, colour), ""
	case how == "granted-container":
		return container("ext+granted-containers:", name, colour), ""
	case ok && browser == "firefox":
		return func(address string) []string {
			return []string{"firefox", "-P", cmp.Or(of, profileDirectory(name)), address}
		}, ""
	case ok && browserPrograms(browser, runtime.GOOS) != nil:
		// Chromium makes the profile when there is none.
		return func(address string) []string {
			return []string{browser, "--profile-directory=" + cmp.Or(of, profileDirectory(name)), "--no-first-run", address}
		}, ""
	}
	return nil, fmt.Sprintf("%q is none of the ways to open a browser, and no command with {url}", how)
}

// container is how Firefox opens an address in a container, which the extension
// makes when there is none.
func container(scheme, name, colour string) browserWords {
	return func(address string) []string {
		return []string{"firefox", scheme + "name=" + url.QueryEscape(name) + "&url=" + url.QueryEscape(address) +
			"&color=" + containerColour(colour, name) + "&icon=briefcase"}
	}
}

// containerColour is Firefox's name for a colour. Without one each name has its
// own, but never production's red.
func containerColour(colour, name string) string {
	switch colour {
	case "cyan":
		return "turquoise"
	case "grey":
		return "toolbar"
	case "":
		others := []string{"blue", "turquoise", "green", "yellow", "orange", "pink", "purple"}
		h := fnv.New32a()
		h.Write([]byte(name))
		return others[h.Sum32()%uint32(len(others))]
	}
	return colour
}

// profileDirectory is a name as the directory of a browser's profile can have it.
func profileDirectory(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == ' ':
			return r
		}
		return '_'
	}, name)
	return strings.TrimLeft(name, "- ")
}

// browserPrograms are where a browser's program is found on a system: names on
// PATH, or whole paths in which a variable stands for where programs are.
func browserPrograms(browser, system string) []string {
	for _, b := range [...]struct{ name, linux, darwin, windows string }{
		{"firefox", "firefox firefox-esr", "Firefox.app/Contents/MacOS/firefox", `Mozilla Firefox\firefox.exe`},
		{"chrome", "google-chrome google-chrome-stable chrome", "Google Chrome.app/Contents/MacOS/Google Chrome", `Google\Chrome\Application\chrome.exe`},
		{"chromium", "chromium chromium-browser", "Chromium.app/Contents/MacOS/Chromium", `Chromium\Application\chrome.exe`},
		{"edge", "microsoft-edge microsoft-edge-stable", "Microsoft Edge.app/Contents/MacOS/Microsoft Edge", `Microsoft\Edge\Application\msedge.exe`},
		{"brave", "brave-browser brave", "Brave Browser.app/Contents/MacOS/Brave Browser", `BraveSoftware\Brave-Browser\Application\brave.exe`},
		{"vivaldi", "vivaldi vivaldi-stable", "Vivaldi.app/Contents/MacOS/Vivaldi", `Vivaldi\Application\vivaldi.exe`},
	} {
		switch {
		case b.name != browser:
		case system == "darwin":
			return []string{"/Applications/" + b.darwin, "$HOME/Applications/" + b.darwin}
		case system == "windows":
			return []string{`$ProgramFiles\` + b.windows, `$ProgramFiles(x86)\` + b.windows, `$LocalAppData\` + b.windows}
		default:
			return strings.Fields(b.linux)
		}
	}
	return nil
}

// startBrowser starts a browser by its command line and does not wait.
func (a *App) startBrowser(words []string) error {
	programs := browserPrograms(words[0], runtime.GOOS)
	if programs == nil {
		return a.start(words, a.Stderr)
	}
	err := error(&exec.Error{Name: words[0], Err: exec.ErrNotFound})
	for _, program := range programs {
		if where, rest, ok := strings.Cut(program, string(filepath.Separator)); ok && strings.HasPrefix(where, "$") {
			root := a.getenv(where[1:])
			if root == "" {
				continue
			}
			program = filepath.Join(root, rest)
		}
		if path, found := a.lookPath(program); found == nil {
			return a.start(append([]string{path}, words[1:]...), nil)
		}
	}
	return err
}
