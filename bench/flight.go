package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// crowds are how many ask at once.
var crowds = []int{1, 10, 50, 200}

// latency is how much later the service answers than a process on the same
// machine would: about what a network adds.
const latency = 40 * time.Millisecond

// A flight is what became of callers that asked at once.
type flight struct {
	wall                       []float64 // ms, from the first start to the last end
	refreshes, roles, failures span
	tabs                       span
	lost                       int // how often the sign-in was gone afterwards
	untried                    string
}

// A span is from the least to the most.
type span struct {
	least, most int
	any         bool
}

func (s *span) add(n int) {
	if !s.any {
		*s = span{n, n, true}
	}
	s.least, s.most = min(s.least, n), max(s.most, n)
}

// flights measures callers that ask at once, with credentials in the cache and
// with a sign-in that has run out and can be refreshed.
func (b *bench) flights(ctx context.Context, home string, programs []program, r *report) error {
	if err := b.steer(ctx, "fault", "add", "--op", "*", "--latency", latency.String()); err != nil {
		return err
	}
	for _, p := range programs {
		row := &flightRow{program: p}
		r.flights = append(r.flights, row)
		for _, callers := range crowds {
			say("%d at once: %s", callers, p.name)
			valid, expired := &flight{}, &flight{}
			row.valid, row.expired = append(row.valid, valid), append(row.expired, expired)
			repeat := max(1, b.rounds/5)
			switch {
			case p.slow && b.rounds <= 5 && callers > 10:
				valid.untried, expired.untried = "not in the short way", "not in the short way"
				continue
			case p.slow:
				repeat = 1
			}
			for range repeat {
				if err := b.fly(ctx, p, home, callers, false, valid); err != nil {
					return err
				}
				if p.most > 0 && callers > p.most {
					expired.untried = "not tried: the local Identity Center refuses more than 100 sign-ins at once"
					continue
				}
				if err := b.fly(ctx, p, home, callers, true, expired); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fly has callers ask at once and counts what it took.
func (b *bench) fly(ctx context.Context, p program, home string, callers int, over bool, f *flight) error {
	if err := b.ready(ctx, p, home, over); err != nil {
		return err
	}
	before, err := b.count(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmds := make([]*exec.Cmd, callers)
	outs := make([]bytes.Buffer, callers)
	for i := range cmds {
		cmds[i] = b.command(ctx, p, home, p.argv)
		cmds[i].Stdout = &outs[i]
	}
	var all sync.WaitGroup
	var failures int
	var mu sync.Mutex
	began := time.Now()
	for i, cmd := range cmds {
		all.Go(func() {
			err := cmd.Run()
			if _, ok := keyOf(outs[i].Bytes()); err != nil || !ok {
				mu.Lock()
				defer mu.Unlock()
				failures++
			}
		})
	}
	all.Wait()
	f.wall = append(f.wall, float64(time.Since(began).Microseconds())/1000)
	after, err := b.count(ctx)
	if err != nil {
		return err
	}
	f.refreshes.add(after.refreshes - before.refreshes)
	f.roles.add(after.roles - before.roles)
	f.tabs.add(after.tabs - before.tabs)
	f.failures.add(failures)
	if !p.own && !b.signedIn(ctx, home) {
		f.lost++
	}
	return nil
}

// ready makes the home what it is to be before they ask.
func (b *bench) ready(ctx context.Context, p program, home string, over bool) error {
	if !p.own {
		if err := b.signIn(ctx, home); err != nil {
			return err
		}
		if err := os.RemoveAll(roles(home)); err != nil {
			return err
		}
	}
	switch {
	case over && !p.own:
		return expire(home)
	case over:
		for _, path := range p.expire {
			if err := os.RemoveAll(filepath.Join(home, path)); err != nil {
				return err
			}
		}
		if p.setup != nil {
			return p.setup(home)
		}
		return nil
	}
	cmd := b.command(ctx, p, home, p.argv)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %v\n%s", p.name, err, out)
	}
	return nil
}

// signedIn reports whether the sign-in is still good for something, by whom it
// is easiest for.
func (b *bench) signedIn(ctx context.Context, home string) bool {
	if err := os.RemoveAll(roles(home)); err != nil {
		return false
	}
	return b.command(ctx, program{}, home, []string{filepath.Join(b.tools, "portico"), "credential-process", "--profile", profile}).Run() == nil
}

func (b *bench) steer(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(b.tools, "portico"), append([]string{"local"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("portico local %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// A count is how often the service has been asked so far.
type count struct{ refreshes, roles, tabs int }

func (b *bench) count(ctx context.Context) (c count, err error) {
	out, err := exec.CommandContext(ctx, filepath.Join(b.tools, "portico"), "local", "events").Output()
	if err != nil {
		return c, fmt.Errorf("portico local events: %w", err)
	}
	for line := range bytes.Lines(out) {
		var e struct {
			EventName         string
			RequestParameters struct{ GrantType string }
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return c, err
		}
		switch {
		case e.EventName == "CreateToken" && e.RequestParameters.GrantType == "refresh_token":
			c.refreshes++
		case e.EventName == "GetRoleCredentials":
			c.roles++
		case e.EventName == "StartDeviceAuthorization":
			c.tabs++
		}
	}
	return c, nil
}

func (s span) String() string {
	if s.least == s.most {
		return strconv.Itoa(s.most)
	}
	return fmt.Sprintf("%d–%d", s.least, s.most)
}
