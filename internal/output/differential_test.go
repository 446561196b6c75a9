package output

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A question is one for testdata/formats.py.
type question struct {
	Format   Format `json:"format"`
	Document string `json:"document"`
	Query    string `json:"query"`
	Columns  int    `json:"columns"`
	Color    bool   `json:"color"`
}

type answer struct{ Text, Error string }

// askAWSCLI asks the formatters of an installed AWS CLI. They may be absent,
// unless PORTICO_REQUIRE says they may not.
func askAWSCLI(t *testing.T) func(question) answer {
	t.Helper()
	const script = "testdata/formats.py"
	python, problems := "", ""
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		out, err := exec.CommandContext(t.Context(), candidate, script, "check").CombinedOutput()
		if err == nil {
			python = candidate
			break
		}
		problems += fmt.Sprintf("\n%s: %v\n%s", candidate, err, out)
	}
	if python == "" {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "awscli") {
			t.Fatalf("awscli is required: %s", problems)
		}
		t.Skip("awscli: no python3 with version 2 of the AWS CLI and libyaml")
	}
	cmd := exec.Command(python, script) // ends with its input
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	})
	answers := bufio.NewReader(out)
	return func(q question) answer {
		t.Helper()
		line, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(line, '\n')); err != nil {
			t.Fatal(err)
		}
		var a answer
		if line, err = answers.ReadBytes('\n'); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// compareToAWSCLI requires the two to print the same, and reports whether the AWS
// CLI printed at all. Where it fails, it is for Printer to decide.
func compareToAWSCLI(t *testing.T, ask func(question) answer, q question) bool {
	t.Helper()
	want := ask(q)
	if want.Error != "" {
		return false
	}
	got, err := printed(Printer{Format: q.Format, Operation: "ListAccounts", Query: compile(t, q.Query), Columns: q.Columns, Color: q.Color}, document(t, q.Document))
	if err != nil {
		t.Fatalf("%+v\ngot error %v, want %s", q, err, want.Text)
	}
	if diff := cmp.Diff(want.Text, got); diff != "" {
		t.Fatalf("%+v (-want +got):\n%s", q, diff)
	}
	return true
}

func TestAgainstAWSCLI(t *testing.T) {
	ask := askAWSCLI(t)
	formats := []Format{JSON, Text, Table, YAML, YAMLStream}
	asked, compared := 0, 0
	compare := func(q question) {
		asked++
		if compareToAWSCLI(t, ask, q) {
			compared++
		}
	}
	for _, format := range formats {
		for _, c := range formatCases {
			compare(question{Format: format, Document: c.document, Query: c.query})
		}
		for _, c := range shapeCases {
			if format != Table || !c.noTable {
				compare(question{Format: format, Document: c.document, Query: c.query, Columns: c.columns})
			}
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		document := randomDocument(random)
		query := []string{"", "", "", "a", "[a, b, a]", "*", "a[]", "{x: a, y: [a]}"}[random.IntN(8)]
		columns := []int{0, 20, 40, 200}[random.IntN(4)]
		for _, format := range formats {
			compare(question{Format: format, Document: document, Query: query, Columns: columns, Color: random.IntN(2) == 0})
		}
	}
	if compared < asked*3/4 {
		t.Errorf("the AWS CLI printed %d of %d, want most", compared, asked)
	}
	t.Logf("%d of %d", compared, asked)
}

// randomDocument makes a JSON object of pieces that formats treat differently.
func randomDocument(random *rand.Rand) string {
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	words := []string{
		"a", "b", "c", "Name", "", " ", "  ", "123", "0x1f", "1e3", ".5", "1_0", "2020-09-13T12:26:40.123000+00:00", "2020-01-02",
		"true", "null", "~", "yes", "=", "<<", "-", "- x", "?", "? x", ":", "a: b", "a:b", "a #b", "#", "'", "''", `"`, "it's", "---", "...x",
		"\n", "\n\n", "x\ny", "\t", "\r", "\u2028", "\u0085", "\u00a0", "\ufeff", "é", "日本", "😀", "\x00", "\x1b", "\x7f", "\\", "@", "%", "`", "!x", "&x", "*x",
		"{", "[", ",", "a word or two", strings.Repeat("word ", 30), strings.Repeat("x", 130), "arn:aws:iam::111111111111:role/" + strings.Repeat("r", 40),
	}
	text := func() string {
		s := pick(words)
		for random.IntN(4) == 0 {
			s += pick([]string{"", " ", "  ", "\n", "\u2029"}) + pick(words)
		}
		return s
	}
	quote := func(s string) string {
		b, err := appendJSON(nil, s, jsonStyle{}, 0)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	scalars := []string{"null", "true", "false", "0", "-1", "1786752000123", "1.5", "-0.0", "1e22", "1e-7", `""`}
	var value func(depth int) string
	list := func(depth, kind int) string {
		var parts []string
		for range random.IntN(4) {
			switch kind {
			case 0:
				parts = append(parts, quote(text()))
			case 1:
				parts = append(parts, fmt.Sprintf(`{"a":%s,%s:%s}`, value(0), quote(pick(words[:4])+"2"), value(depth-1)))
			case 2:
				parts = append(parts, fmt.Sprintf("[%s,%s]", value(0), value(0)))
			default:
				parts = append(parts, value(depth-1))
			}
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	object := func(depth int) string {
		var parts []string
		for i := range random.IntN(5) {
			name := []string{"a", "b", "c", "d", "e"}[i]
			if random.IntN(3) == 0 {
				name = text()
			}
			parts = append(parts, quote(name)+":"+value(depth-1))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	value = func(depth int) string {
		n := random.IntN(10)
		switch {
		case depth > 0 && n < 3:
			return list(depth, random.IntN(4))
		case depth > 0 && n < 6:
			return object(depth)
		case n < 8:
			return quote(text())
		}
		return pick(scalars)
	}
	return object(5)
}
