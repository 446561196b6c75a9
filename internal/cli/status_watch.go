package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/portico-sso/portico/internal/terminal"
)

// lookEvery is how often --watch looks at the files.
const lookEvery = 5 * time.Second

// watch shows the status until somebody leaves it, and warns before a sign-in
// ends. Without a screen it prints a line whenever something changes.
func (st *statusCommand) watch(ctx context.Context) error {
	quiet := *st.App
	quiet.Stderr = io.Discard // what is wrong with the config must not be written over the screen
	st.Surveyor.app = &quiet
	first, err := st.look()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var now atomic.Pointer[survey]
	now.Store(first)
	changed, again := make(chan struct{}, 1), make(chan struct{}, 1)
	notices := make(chan string, 16)
	w := st.warner()
	w.Notify = func(text string) {
		select {
		case notices <- text:
		default:
		}
	}
	go func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		w.warn(ctx, first)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			case <-again:
			}
			// What cannot be read for a moment is shown as it was.
			if r, err := st.look(); err == nil {
				now.Store(r)
				w.warn(ctx, r)
				poke(changed)
			}
		}
	}()
	err = st.App.terminal().Live(ctx, terminal.Live{
		Draw:    func(width int) terminal.Scene { return st.scene(now.Load(), time.Now()) },
		Changed: changed, Notices: notices,
		Refresh: func() { poke(again) },
	})
	if !errors.Is(err, terminal.ErrNoScreen) {
		return err
	}
	return st.follow(ctx, now.Load, changed, notices)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// scene is the survey as it stands now: what was read a few seconds ago has less
// time left.
func (st *statusCommand) scene(r *survey, now time.Time) terminal.Scene {
	moved := *r
	moved.At = now
	how := showing{steps: st.Why, name: st.App.Name, home: st.App.Home}
	scene := terminal.Scene{Head: []terminal.Row{{Text: fmt.Sprintf("%s status  %s", st.App.Name, now.Local().Format("15:04:05")), Heavy: true}, {}}}
	scene.Body = moved.rows(how)
	scene.Foot = []terminal.Row{{Text: "q: leave  r: look again  up, down, space: scroll"}}
	return scene
}

// follow prints how each session stands, and again what has changed.
func (st *statusCommand) follow(ctx context.Context, now func() *survey, changed <-chan struct{}, notices <-chan string) error {
	was := map[string]string{}
	for {
		r := now()
		for _, s := range r.Sessions {
			if mark := fmt.Sprint(s.State, s.Expires, s.Ends); was[s.tokenKey()] != mark {
				was[s.tokenKey()] = mark
				if _, err := fmt.Fprintln(st.App.Stdout, terminal.Clean(time.Now().Local().Format("15:04:05")+" "+s.name()+": "+s.words(time.Now()))); err != nil {
					return err
				}
			}
		}
		if mark := r.Shell.Profile + r.Shell.role() + r.Shell.Problem; was[""] != mark {
			was[""] = mark
			if _, err := fmt.Fprintln(st.App.Stdout, terminal.Clean(time.Now().Local().Format("15:04:05")+" this shell: "+r.Shell.words(time.Now()))); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case text := <-notices:
			if _, err := fmt.Fprintln(st.App.Stdout, terminal.Clean(time.Now().Local().Format("15:04:05")+" "+text)); err != nil {
				return err
			}
		}
	}
}
