package seal

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// insideVariable tells the test binary that it runs on a session bus of its own.
const insideVariable = "PORTICO_SEAL_INSIDE"

// A real Secret Service keeps a session's key: GNOME's, on a bus of the test's own.
func TestSecretService(t *testing.T) {
	switch os.Getenv(insideVariable) {
	case "unlocked":
		keyringKeeps(t)
		return
	case "locked", "none":
		v := newVault(t, nil)
		_, err := v.Seal(tokenKey, "token", nil)
		e, ok := errors.AsType[*KeyError](err)
		if !ok {
			t.Fatalf("got %v, want a KeyError", err)
		}
		t.Logf("it says: %v (%v)", e, e.Cause)
		if want := map[string]Reason{"locked": Locked, "none": NoKeyring}[os.Getenv(insideVariable)]; e.Reason != want {
			t.Errorf("got %v, want reason %d", err, want)
		}
		return
	}
	t.Parallel()
	for _, program := range []string{"gnome-keyring-daemon", "dbus-run-session"} {
		if _, err := exec.LookPath(program); err != nil {
			const suite = "secret-service"
			if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), suite) {
				t.Fatalf("%s: %s is not installed and PORTICO_REQUIRE names the suite", suite, program)
			}
			t.Skipf("%s: %s is not installed", suite, program)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for state, before := range map[string]string{
		"unlocked": `printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && `,
		"locked": `printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && ` +
			`dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null && `,
		"none": "",
	} {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", "sh", "-c", before+`"$0" -test.run '^TestSecretService$' -test.v`, self)
		if state == "none" {
			cmd = exec.CommandContext(t.Context(), self, "-test.run", "^TestSecretService$", "-test.v")
		}
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "TMPDIR=" + os.TempDir(), insideVariable + "=" + state}
		if state == "none" { // nor is one to be found that belongs to whoever runs the test
			cmd.Env = append(cmd.Env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+dir+"/none")
		}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestSecretService") {
			t.Errorf("%s: %v\n%s", state, err, out)
		}
	}
}

func keyringKeeps(t *testing.T) {
	v := newVault(t, nil)
	sealed, err := v.Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again(v).Open(tokenKey, "token", sealed); err != nil || string(got) != "{}" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := v.DropKey(tokenKey); err != nil {
		t.Error(err)
	}
	if _, err := again(v).Open(tokenKey, "token", sealed); err == nil {
		t.Error("a key that was dropped still opens")
	}
}
