package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What one contestant took, round by round, in milliseconds.
type series struct {
	wall []float64 // every run
	cpu  []float64 // user and system, the mean of each round's runs
	mid  []float64 // the median of each round's runs, to set rounds against each other
	peak float64   // MiB
}

// A contest is a command that is measured in a home.
type contest struct {
	program program
	argv    []string
	home    home
	into    *series
}

// runs is how many there are in a round: a slow one is not to take all the time.
func (c contest) runs() (runs, warm int) {
	switch {
	case c.program.slow:
		return 1, 0
	case c.home.profiles >= 10000:
		return 4, 1
	}
	return 10, 1
}

// hot measures the hot path in every home and what it takes to start, all in
// turn, so that a busy moment of the machine is everybody's.
func (b *bench) hot(ctx context.Context, homes []home, programs []program, r *report) error {
	cached, err := role(homes[0].dir)
	if err != nil {
		return err
	}
	floor := program{name: "floor"}
	floorArgv := []string{filepath.Join(b.tools, "floor"), filepath.Join(homes[0].dir, ".aws", "config"), cached}
	r.floor = &series{}
	contests := []contest{{floor, floorArgv, homes[0], r.floor}}
	for _, p := range programs {
		row := &hotRow{program: p}
		r.hot = append(r.hot, row)
		for _, h := range homes {
			s := &series{}
			row.sizes = append(row.sizes, s)
			contests = append(contests, contest{p, p.argv, h, s})
		}
		if p.start != nil {
			row.start = &series{}
			contests = append(contests, contest{p, p.start, homes[0], row.start})
		}
	}
	for round := range b.rounds {
		say("round %d of %d", round+1, b.rounds)
		for _, c := range contests {
			if err := b.time(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", c.program.name, err)
			}
		}
	}
	for _, c := range contests {
		if c.into.peak, err = b.peak(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.program.name, err)
		}
	}
	return nil
}

// time has hyperfine run a contest some times.
func (b *bench) time(ctx context.Context, c contest) error {
	file := filepath.Join(b.tools, "hyperfine.json")
	runs, warm := c.runs()
	words := make([]string, len(c.argv))
	for i, w := range c.argv {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	cmd := b.command(ctx, c.program, c.home.dir, []string{"hyperfine", "--shell=none", "--style=none", "--warmup=" + strconv.Itoa(warm), "--runs=" + strconv.Itoa(runs),
		"--export-json=" + file, strings.Join(words, " ")})
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("hyperfine: %v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var measured struct {
		Results []struct {
			Median, User, System float64
			Times                []float64
		}
	}
	if err := json.Unmarshal(data, &measured); err != nil {
		return err
	}
	const ms = 1000
	for _, m := range measured.Results {
		for _, t := range m.Times {
			c.into.wall = append(c.into.wall, ms*t)
		}
		c.into.mid = append(c.into.mid, ms*m.Median)
		c.into.cpu = append(c.into.cpu, ms*(m.User+m.System))
	}
	return nil
}

// peak is the most memory a program had, by GNU time; 0 where there is none. A
// process that is larger than what it starts cannot measure that itself.
func (b *bench) peak(ctx context.Context, c contest) (mib float64, err error) {
	const gnuTime = "/usr/bin/time"
	file := filepath.Join(b.tools, "peak")
	if exec.CommandContext(ctx, gnuTime, "-f", "%M", "-o", file, "true").Run() != nil {
		return 0, nil
	}
	var peaks []float64
	for range 3 {
		cmd := b.command(ctx, c.program, c.home.dir, append([]string{gnuTime, "-f", "%M", "-o", file}, c.argv...))
		if err := cmd.Run(); err != nil {
			return 0, err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		kib, err := strconv.ParseFloat(string(bytes.TrimSpace(data)), 64)
		if err != nil {
			return 0, err
		}
		peaks = append(peaks, kib/1024)
	}
	return median(peaks), nil
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

// times says how many times as long a takes as b: the median of the rounds.
func times(a, b []float64) float64 {
	ratios := make([]float64, min(len(a), len(b)))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}
