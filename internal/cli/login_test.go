package cli

import (
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
)

// The command line comes before the session's portico_login, and that before
// what the machine can do.
func TestWayToSignIn(t *testing.T) {
	document, err := awsconfig.Parse("config", []byte("[sso-session corp]\n[sso-session code]\nportico_login = device-code\n"+
		"[sso-session browser]\nportico_login = pkce\n[sso-session wrong]\nportico_login = PKCE\n[sso-session none]\nportico_login =\n"))
	if err != nil {
		t.Fatal(err)
	}
	config := awsconfig.NewConfig(document, nil)
	const ssh = "an SSH session"
	for _, tt := range []struct {
		name      string
		session   string
		noBrowser string
		flags     loginFlags
		want      way
		problem   string
	}{
		{name: "a browser here", session: "corp", want: way{}},
		{name: "no browser here", session: "corp", noBrowser: ssh, want: way{deviceCode: true, quiet: true, automatic: true}},
		{name: "a session nobody has configured yet", session: "new", noBrowser: ssh, want: way{deviceCode: true, quiet: true, automatic: true}},
		{name: "an empty choice", session: "none", noBrowser: ssh, want: way{deviceCode: true, quiet: true, automatic: true}},
		{name: "--no-browser", session: "corp", noBrowser: ssh, flags: loginFlags{NoBrowser: true}, want: way{quiet: true}},
		{name: "--use-device-code", session: "corp", noBrowser: ssh, flags: loginFlags{DeviceCode: true}, want: way{deviceCode: true}},
		{name: "both", session: "corp", flags: loginFlags{DeviceCode: true, NoBrowser: true}, want: way{deviceCode: true, quiet: true}},
		{name: "--callback-port", session: "corp", noBrowser: ssh, flags: loginFlags{CallbackPort: "8400"}, want: way{quiet: true}},
		{name: "--callback-port, a browser here", session: "corp", flags: loginFlags{CallbackPort: "8400"}, want: way{}},
		{name: "--callback-port over device-code", session: "code", flags: loginFlags{CallbackPort: "8400"}, want: way{}},
		{name: "device-code", session: "code", want: way{deviceCode: true}},
		{name: "device-code --no-browser", session: "code", flags: loginFlags{NoBrowser: true}, want: way{deviceCode: true, quiet: true}},
		{name: "pkce", session: "browser", noBrowser: ssh, want: way{}},
		{name: "pkce --use-device-code", session: "browser", flags: loginFlags{DeviceCode: true}, want: way{deviceCode: true}},
		{name: "neither", session: "wrong", problem: `The value "PKCE" of portico_login`},
		{name: "neither, whatever the flags", session: "wrong", flags: loginFlags{DeviceCode: true}, problem: `The value "PKCE" of portico_login`},
		{name: "legacy", want: way{deviceCode: true}},
		{name: "legacy, no browser here", noBrowser: ssh, want: way{deviceCode: true}},
		{name: "legacy --callback-port", flags: loginFlags{CallbackPort: "8400"}, problem: "signs in by device code"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &login{Config: config, Flags: tt.flags, NoBrowser: tt.noBrowser, CallbackAddress: tt.flags.CallbackPort}
			got, err := l.way(signin.Session{Name: tt.session})
			switch {
			case tt.problem != "":
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got %v, want %q", err, tt.problem)
				}
			case err != nil || got != tt.want:
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestCallbackPort(t *testing.T) {
	for _, tt := range []struct {
		flag      string
		container bool
		want      string // "": refused
	}{
		{"8400", false, "127.0.0.1:8400"},
		{"8400", true, "127.0.0.1:8400"},
		{"127.0.0.1:8400", false, "127.0.0.1:8400"},
		{"0.0.0.0:8400", true, "0.0.0.0:8400"},
		{"172.17.0.2:8400", true, "172.17.0.2:8400"},
		{"0.0.0.0:8400", false, ""},
		{"192.0.2.1:8400", false, ""},
		{"[::1]:8400", false, ""},
		{"[::]:8400", true, ""},
		{"localhost:8400", false, ""},
		{":8400", true, ""},
		{"0", false, ""},
		{"65536", false, ""},
		{"-1", false, ""},
		{"http", false, ""},
		{"1:2:3", false, ""},
	} {
		got, err := (&loginFlags{CallbackPort: tt.flag}).callbackAddress(tt.container)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s, in a container %v: got %q, %v; want %q", tt.flag, tt.container, got, err, tt.want)
		}
	}
}
