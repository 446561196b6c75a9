package cli

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestBrowserCommand(t *testing.T) {
	t.Parallel()
	const address = "http://127.0.0.1:1/x"
	for _, tt := range []struct {
		how, name, colour string
		want              []string // nil: refused
	}{
		{"firefox-container", "prod & co", "red", []string{"firefox", "ext+container:name=prod+%26+co&url=http%3A%2F%2F127.0.0.1%3A1%2Fx&color=red&icon=briefcase"}},
		{"granted-container", "dev", "grey", []string{"firefox", "ext+granted-containers:name=dev&url=http%3A%2F%2F127.0.0.1%3A1%2Fx&color=toolbar&icon=briefcase"}},
		{"chrome-profile", "corp/dev", "", []string{"chrome", "--profile-directory=corp_dev", "--no-first-run", address}},
		{"chrome-profile:Profile 1", "dev", "", []string{"chrome", "--profile-directory=Profile 1", "--no-first-run", address}},
		{"edge-profile", "--load-extension=x", "", []string{"edge", "--profile-directory=load-extension_x", "--no-first-run", address}},
		{"firefox-profile:work", "dev", "", []string{"firefox", "-P", "work", address}},
		{"open -na 'My Browser' --args {url}", "dev", "", []string{"open", "-na", "My Browser", "--args", address}},
		{"x --name={name} --color={color} {url}", "a b", "orange", []string{"x", "--name=a b", "--color=orange", address}},
		{"chrome-profile:", "dev", "", nil}, {"chrome-profile:--x", "dev", "", nil}, {"netscape-profile", "dev", "", nil}, {"firefox", "dev", "", nil}, {"x 'y {url}", "dev", "", nil},
	} {
		command, problem := browserCommand(tt.how, tt.name, tt.colour)
		if (problem == "") != (tt.want != nil) {
			t.Errorf("%s: got problem %q", tt.how, problem)
		}
		if tt.want != nil && problem == "" {
			if got := command(address); !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %q, want %q", tt.how, got, tt.want)
			}
		}
	}
	// A container without a colour of its own has the same one each time, and never
	// production's.
	for _, name := range []string{"a", "b", "c", "dev", "stage", "x"} {
		if first := containerColour("", name); first == "red" || first != containerColour("", name) {
			t.Errorf("%s: got %s", name, first)
		}
	}
}

func TestBrowserPrograms(t *testing.T) {
	t.Parallel()
	for _, browser := range []string{"firefox", "chrome", "chromium", "edge", "brave", "vivaldi"} {
		for _, system := range []string{"linux", "darwin", "windows"} {
			programs := browserPrograms(browser, system)
			if len(programs) == 0 {
				t.Errorf("%s on %s: none", browser, system)
			}
			for _, p := range programs {
				if whole := strings.ContainsAny(p, `/\`); whole != (system != "linux") {
					t.Errorf("%s on %s: got %s", browser, system, p)
				}
			}
		}
	}
	if browserPrograms("--x", runtime.GOOS) != nil {
		t.Error("got programs for no browser")
	}
}
