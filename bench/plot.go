package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The drawing's measures, in its own units.
const (
	plotWidth = 760
	plotLeft  = 210 // where the time begins
	plotRight = 40
	rowHeight = 34
	plotTop   = 64
	leastMS   = 1.0
	mostMS    = 3000.0
)

// plot draws the hot path: a row for each program, a dot for each number of
// profiles, on a logarithmic scale. Its colours follow the reader's.
func (r *report) plot() string {
	rows := append([]*hotRow{{program: program{name: "floor"}, sizes: []*series{r.floor}}}, r.hot...)
	height := plotTop + rowHeight*len(rows) + 48
	var s strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-labelledby="title">`, plotWidth, height, plotWidth)
	p(`<title id="title">Cached credentials to stdout: wall time by program and number of profiles</title>`)
	p(`<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a; font-size: 12px } .head { font-weight: 600 }
line { stroke: #d0d7de }
.span { stroke: #8c959f; stroke-width: 2 }
.few { fill: #0969da } .many { fill: #bc4c00 } .between { fill: #8c959f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .quiet { fill: #9198a1 } line { stroke: #3d444d }
.few { fill: #4493f8 } .many { fill: #f0883e }
}
</style>`)
	p(`<text class="head" x="0" y="18">Cached credentials to stdout, ms</text>`)
	p(`<circle class="few" cx="6" cy="38" r="5"/><text class="quiet" x="17" y="42">10 profiles</text>`)
	p(`<circle class="many" cx="106" cy="38" r="5"/><text class="quiet" x="117" y="42">10,000 profiles</text>`)
	p(`<circle class="between" cx="226" cy="38" r="3"/><text class="quiet" x="235" y="42">100 and 1,000</text>`)
	bottom := plotTop + rowHeight*len(rows)
	for _, ms := range []float64{1, 10, 100, 1000} {
		p(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, at(ms), plotTop-8, at(ms), bottom)
		p(`<text class="quiet" x="%.1f" y="%d" text-anchor="middle">%.0f</text>`, at(ms), bottom+18, ms)
	}
	for i, row := range rows {
		y := plotTop + rowHeight*i + rowHeight/2
		p(`<text x="0" y="%d">%s</text>`, y+4, html.EscapeString(row.program.title()))
		drawRow(p, row, y)
	}
	p(`<text class="quiet" x="0" y="%d">Medians of %s, logarithmic scale. %s</text>`, bottom+40, counted(r.rounds, "round"), html.EscapeString(r.machine))
	p(`</svg>`)
	return s.String()
}

func drawRow(p func(string, ...any), row *hotRow, y int) {
	var all []float64
	for _, s := range row.sizes {
		all = append(all, median(s.wall))
	}
	last := len(row.sizes) - 1
	few, many := all[0], all[last]
	if last > 0 {
		p(`<line class="span" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, at(few), y, at(many), y)
		for _, ms := range all[1:last] {
			p(`<circle class="between" cx="%.1f" cy="%d" r="3"/>`, at(ms), y)
		}
		p(`<circle class="many" cx="%.1f" cy="%d" r="5"/>`, at(many), y)
	}
	p(`<circle class="few" cx="%.1f" cy="%d" r="5"/>`, at(few), y)
	label := figure(few)
	if last > 0 {
		label += " – " + figure(many)
	}
	x, anchor := at(slices.Max(all))+10, "start"
	if x > plotWidth-100 {
		x, anchor = at(slices.Min(all))-10, "end"
	}
	p(`<text class="quiet" x="%.1f" y="%d" text-anchor="%s">%s</text>`, x, y+4, anchor, label)
}

// at is where a time stands.
func at(ms float64) float64 {
	ms = min(max(ms, leastMS), mostMS)
	return plotLeft + (plotWidth-plotLeft-plotRight)*math.Log(ms/leastMS)/math.Log(mostMS/leastMS)
}
