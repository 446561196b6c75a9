package cli

import (
	"testing"
	"testing/fstest"
)

func TestNoBrowser(t *testing.T) {
	const (
		ssh, container = "an SSH session", "a container"
		wsl            = "WSL without its way to Windows programs"
		display        = "a machine without a display"
	)
	osrelease := map[string]string{"proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"}
	interop := func(name, state string) map[string]string {
		return map[string]string{"proc/sys/kernel/osrelease": osrelease["proc/sys/kernel/osrelease"], "proc/sys/fs/binfmt_misc/" + name: state + "\ninterpreter /init\n"}
	}
	type env = map[string]string
	for _, tt := range []struct {
		name  string
		os    string // default linux
		env   env
		files map[string]string
		want  string
	}{
		{name: "desktop, X", env: env{"DISPLAY": ":0"}},
		{name: "desktop, Wayland", env: env{"WAYLAND_DISPLAY": "wayland-0"}},
		{name: "no display", want: display},
		{name: "empty display", env: env{"DISPLAY": ""}, want: display},
		{name: "no display, $BROWSER", env: env{"BROWSER": "w3m"}},
		{name: "no display, empty $BROWSER", env: env{"BROWSER": ""}, want: display},
		{name: "macOS", os: "darwin"},
		{name: "Windows", os: "windows"},
		{name: "SSH", env: env{"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}, want: ssh},
		{name: "SSH with a terminal", env: env{"SSH_TTY": "/dev/pts/3"}, want: ssh},
		{name: "SSH, $BROWSER", env: env{"SSH_TTY": "/dev/pts/3", "BROWSER": "lynx"}},
		{name: "SSH, forwarded display", env: env{"SSH_TTY": "/dev/pts/3", "DISPLAY": "localhost:10.0"}},
		{name: "SSH to macOS", os: "darwin", env: env{"SSH_TTY": "/dev/ttys003"}, want: ssh},
		{name: "SSH to Windows", os: "windows", env: env{"SSH_CONNECTION": "x"}, want: ssh},
		{name: "docker", env: env{"DISPLAY": ":0"}, files: map[string]string{".dockerenv": ""}, want: container},
		{name: "podman", env: env{"DISPLAY": ":0"}, files: map[string]string{"run/.containerenv": "engine=podman"}, want: container},
		{name: "kubernetes", env: env{"DISPLAY": ":0"}, files: map[string]string{"proc/1/cgroup": "1:name=systemd:/kubepods/besteffort/pod1\n"}, want: container},
		{name: "no container", env: env{"DISPLAY": ":0"}, files: map[string]string{"proc/1/cgroup": "0::/init.scope\n"}},
		{name: "docker, $BROWSER", env: env{"BROWSER": "/vscode/bin/helpers/browser.sh"}, files: map[string]string{".dockerenv": ""}},
		{name: "WSL", files: interop("WSLInterop", "enabled")},
		{name: "WSL, later", files: interop("WSLInterop-late", "enabled")},
		{name: "WSL, interop off", env: env{"DISPLAY": ":0"}, files: interop("WSLInterop", "disabled"), want: wsl},
		{name: "WSL, no interop", env: env{"WSL_DISTRO_NAME": "Ubuntu"}, files: osrelease, want: wsl},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range tt.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			s := surroundings{OS: tt.os, Files: files, Lookup: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
			if s.OS == "" {
				s.OS = "linux"
			}
			if got := s.noBrowser(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
