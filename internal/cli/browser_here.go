package cli

import (
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// surroundings are what tells whether a browser that is started here can come
// back to this machine's loopback interface.
type surroundings struct {
	OS     string                      // as runtime.GOOS
	Lookup func(string) (string, bool) // environment
	Files  fs.FS                       // from the root directory
}

func (s surroundings) getenv(name string) string {
	v, _ := s.Lookup(name)
	return v
}

// noBrowser says why there is no such browser, for "this is …"; "" if there may
// be one. A set $BROWSER is one: whoever sets it knows what it does.
func (s surroundings) noBrowser() string {
	switch {
	case s.getenv("BROWSER") != "":
		return ""
	case (s.getenv("SSH_CONNECTION") != "" || s.getenv("SSH_TTY") != "") && !s.display():
		return "an SSH session"
	case s.OS != "linux":
		return ""
	case s.container():
		return "a container"
	case s.wsl() && !s.interop():
		return "WSL without its way to Windows programs"
	case !s.wsl() && !s.display():
		return "a machine without a display"
	}
	return ""
}

func (s surroundings) display() bool {
	return s.getenv("DISPLAY") != "" || s.getenv("WAYLAND_DISPLAY") != ""
}

func (s surroundings) container() bool {
	if s.OS != "linux" {
		return false
	}
	for _, name := range []string{".dockerenv", "run/.containerenv"} {
		if _, err := fs.Stat(s.Files, name); err == nil {
			return true
		}
	}
	groups := s.read("proc/1/cgroup")
	for _, name := range []string{"docker", "kubepods", "containerd", "libpod", "lxc"} {
		if strings.Contains(groups, name) {
			return true
		}
	}
	return false
}

func (s surroundings) wsl() bool {
	return s.OS == "linux" && strings.Contains(strings.ToLower(s.read("proc/sys/kernel/osrelease")), "microsoft")
}

// interop reports whether programs of Windows can be started from WSL.
func (s surroundings) interop() bool {
	for _, name := range []string{"WSLInterop", "WSLInterop-late"} {
		if strings.HasPrefix(s.read("proc/sys/fs/binfmt_misc/"+name), "enabled") {
			return true
		}
	}
	return false
}

func (s surroundings) read(name string) string {
	text, err := fs.ReadFile(s.Files, name)
	if err != nil {
		return ""
	}
	return string(text)
}

func (a *App) surroundings() surroundings {
	s := surroundings{OS: runtime.GOOS, Lookup: a.Lookup, Files: a.Root}
	if s.Files == nil {
		s.Files = os.DirFS("/")
	}
	return s
}

// noBrowser says why no browser here can come back, see [surroundings].
func (a *App) noBrowser() string {
	if a.OpenURL != nil {
		return ""
	}
	return a.surroundings().noBrowser()
}
