package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

// warnBefore is when a person is warned where the config does not say.
const warnBefore = 15 * time.Minute

// A warner warns of sign-ins that are about to end, once for each threshold,
// whoever else watches: what was warned of is kept in Dir.
type warner struct {
	App    *App
	Dir    string
	Notify func(text string) // on the terminal
}

func (st *statusCommand) warner() *warner {
	return &warner{App: st.App, Dir: filepath.Join(st.App.stateDir(), "warned")}
}

// warn is --warn: for cron and login scripts.
func (st *statusCommand) warn(ctx context.Context, r *survey) error {
	w := st.warner()
	w.Notify = func(text string) { fmt.Fprintln(st.App.Stdout, terminal.Clean(text)) }
	return w.warn(ctx, r)
}

// thresholds are how long before the end a session's warnings come, the longest
// first. "off" is none.
func thresholds(section awsconfig.SSOSession) []time.Duration {
	value, set := section.Get(awsconfig.KeyWarnBefore)
	if !set || strings.TrimSpace(value) == "" {
		return []time.Duration{warnBefore}
	}
	var all []time.Duration
	for word := range strings.SplitSeq(value, ",") {
		if d, err := parseDuration(word); err == nil && d > 0 {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return slices.Compact(all)
}

// due is the shortest threshold that has been reached, zero for none.
func due(left time.Duration, all []time.Duration) (reached time.Duration) {
	for _, d := range all {
		if left <= d {
			reached = d
		}
	}
	return reached
}

// A warned is what was warned of last: the end of a sign-in, and how long before.
type warned struct {
	Ends   time.Time     `json:"ends"`
	Before time.Duration `json:"before"` // nanoseconds
}

func (w *warner) warn(ctx context.Context, r *survey) error {
	var failed error
	for _, s := range r.Sessions {
		left := s.Ends.Sub(r.At)
		if s.Ends.IsZero() || left <= 0 || !s.Configured {
			continue
		}
		before := due(left, thresholds(s.section))
		if before == 0 || !w.first(ctx, s.tokenKey(), warned{Ends: s.Ends.UTC(), Before: before}) {
			continue
		}
		text := fmt.Sprintf("The sign-in to %s ends at %s (%s). To sign in again: %s sso login%s",
			s.name(), s.Ends.Local().Format("15:04"), remaining(left), w.App.Name, sessionFlag(session(s.SSO)))
		w.Notify(text)
		w.desktop(ctx, text)
		if command, _ := s.section.Get(awsconfig.KeyWarnCommand); command != "" {
			if err := w.run(ctx, command, s, left); err != nil {
				failed = err
			}
		}
	}
	return failed
}

// first tells whether nobody has warned of that yet, and remembers that it has
// been done. Where nothing can be remembered, silence would be worse.
func (w *warner) first(ctx context.Context, key string, now warned) bool {
	path := filepath.Join(w.Dir, key+".json")
	if atomicfile.MkdirAll(w.Dir) != nil {
		return true
	}
	waiting, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if unlock, err := atomicfile.Lock(waiting, filepath.Join(w.App.lockDir(), "warned-"+key+".lock")); err == nil {
		defer unlock()
	}
	var last warned
	if data, err := atomicfile.Read(path); err == nil && json.Unmarshal(data, &last) == nil &&
		last.Ends.Equal(now.Ends) && last.Before <= now.Before {
		return false
	}
	data, err := json.Marshal(now)
	if err == nil {
		_ = atomicfile.Write(path, data, 0o600)
	}
	return true
}

// commandLimit is how long a program that warns may take.
const commandLimit = 30 * time.Second

// run runs a session's portico_warn_command: split into words as a shell does, and
// without a shell. What it is about is in its environment.
func (w *warner) run(ctx context.Context, command string, s sessionStatus, left time.Duration) error {
	problem := func(err any) error {
		return &hintedError{Err: fmt.Errorf("%s of the sso-session %s: %v", awsconfig.KeyWarnCommand, s.name(), err),
			Hint: "It is split into words as a shell does, and run without one."}
	}
	words, ok := awsconfig.SplitCommand(command)
	if !ok || len(words) == 0 {
		return problem("a quotation mark is not closed")
	}
	path, err := w.App.command(words[0])
	if err != nil {
		return problem(err)
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Args = words
	cmd.Env = with(w.App.Env, []string{
		"PORTICO_SESSION=" + s.name(),
		"PORTICO_ENDS_AT=" + s.Ends.UTC().Format(time.RFC3339),
		"PORTICO_SECONDS_LEFT=" + strconv.Itoa(int(left.Seconds())),
	})
	cmd.WaitDelay = time.Second
	said := &bounded{Most: saidMost}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		return problem(fmt.Errorf("%w%s", err, lastLine(said.String())))
	}
	return nil
}

// desktop shows a notice where there is a desktop to show it on. The text is no
// secret; it still goes by the environment where a script would have to quote it.
func (w *warner) desktop(ctx context.Context, text string) {
	var argv, env []string
	switch runtime.GOOS {
	case "darwin":
		argv = []string{"osascript", "-e", `display notification (system attribute "PORTICO_NOTICE") with title "portico"`}
		env = []string{"PORTICO_NOTICE=" + text}
	case "windows":
		argv = []string{"powershell", "-NoProfile", "-NonInteractive", "-Command", toast}
		env = []string{"PORTICO_NOTICE=" + text}
	default:
		if w.App.getenv("DBUS_SESSION_BUS_ADDRESS") == "" && w.App.getenv("DISPLAY") == "" && w.App.getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		argv = []string{"notify-send", "--app-name=portico", "--", "portico", terminal.Clean(text)}
	}
	path, err := w.App.lookPath(argv[0])
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, argv[1:]...)
	cmd.Env = with(w.App.Env, env)
	_ = cmd.Run() // there is the terminal, too
}

// toast is Windows' own way to a notice, without a module that may be missing.
const toast = `[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null
$x = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1)
$t = $x.GetElementsByTagName('text')
$t.Item(0).AppendChild($x.CreateTextNode('portico')) | Out-Null
$t.Item(1).AppendChild($x.CreateTextNode($Env:PORTICO_NOTICE)) | Out-Null
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe').Show([Windows.UI.Notifications.ToastNotification]::new($x))`
