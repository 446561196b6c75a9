package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func example() *report {
	s := func(ms ...float64) *series { return &series{wall: ms, mid: ms, cpu: ms, peak: 2.5} }
	lost := &flight{wall: []float64{130, 120}, lost: 1}
	lost.refreshes.add(7)
	lost.refreshes.add(10)
	lost.roles.add(1)
	lost.failures.add(9)
	sdk := program{name: "AWS SDK & co", version: "1.2"}
	return &report{
		machine: "A machine, 2 cores", rounds: 3, floor: s(1, 2, 1.5),
		hot:     []*hotRow{{program: sdk, sizes: []*series{s(3, 4, 6), s(7), s(8), s(200, 90, 1000)}, start: s(5)}},
		flights: []*flightRow{{program: sdk, valid: []*flight{lost}, expired: []*flight{{untried: "not tried"}}}},
		missing: []unmeasured{{"granted 1", "could not | be built."}},
	}
}

// The figures take their place on the page, and what stands around them stays.
func TestPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := example().writePage(page); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if !strings.HasPrefix(text, "before\n"+begin) || !strings.HasSuffix(text, end+"after\n") || strings.Contains(text, "old") {
		t.Errorf("got\n%s", text)
	}
	for _, want := range []string{
		"| AWS SDK & co 1.2 | 4.00 (3.00–6.00) | 7.00 (7.00–7.00) | 8.00 (8.00–8.00) | 200 (90.0–1000) |",
		"| granted 1 | not measured: could not \\| be built | | | |",
		"| floor | 1 (1.50 ms) | 1 (1.50 ms) | | | 2.50 MiB |",
		"| AWS SDK & co 1.2 | 3.00 | 3.00 | 200 | 200 | 2.50 MiB |", // of 3/1, 4/2 and 6/1.5 the median
		"7–10 / 1 / 9, 0.12 s, **sign-in lost** in 1 of 2",
		"| AWS SDK & co 1.2 | not tried |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if err := os.WriteFile(page, []byte("no place"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := example().writePage(page); err == nil {
		t.Error("a page without a place for the figures was written")
	}
}

// The drawing is XML, whatever the programs are called, and nothing of it lies
// outside.
func TestPlot(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(example().plot()))
	dots := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			dots++
		}
	}
	if want := 3 + 1 + 4; dots != want { // the legend's, the floor's, the program's
		t.Errorf("got %d dots, want %d", dots, want)
	}
	for _, ms := range []float64{0, 0.5, 1, 20, 3000, 1e6} {
		if x := at(ms); x < plotLeft || x > plotWidth-plotRight {
			t.Errorf("%v ms stands at %v", ms, x)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(test.of); got != test.want {
			t.Errorf("median of %v: got %v, want %v", test.of, got, test.want)
		}
	}
}
