package output

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func TestShapes(t *testing.T) {
	for _, c := range shapeCases {
		t.Run(c.name, func(t *testing.T) {
			p := Printer{Operation: "ListAccounts", Query: compile(t, c.query), Columns: c.columns}
			for _, f := range []struct {
				format Format
				want   string
				absent bool
			}{{YAML, c.yaml, c.noYAML}, {Table, c.table, c.noTable}} {
				if f.absent {
					continue
				}
				p.Format = f.format
				got, err := printed(p, document(t, c.document))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(f.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.format, diff)
				}
			}
		})
	}
}

// Each response is a list of its own.
func TestYAMLStream(t *testing.T) {
	var b bytes.Buffer
	want := ""
	for _, c := range streamCases {
		want += c.stream
		if err := (&Printer{Out: &b, Format: YAMLStream, Query: compile(t, c.query)}).Print(document(t, c.document)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestColouredTable(t *testing.T) {
	got, err := printed(Printer{Format: Table, Operation: "ListAccounts", Color: true}, document(t, `{"a":1,"t":[{"k":"v","n":null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(colouredTable, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOff(t *testing.T) {
	got, err := printed(Printer{Format: Off, Query: compile(t, "nope(@)")}, Object{{"a", 1}})
	if got != "" || err != nil {
		t.Errorf("got %q, %v, want nothing", got, err)
	}
}

func TestTimesInYAML(t *testing.T) {
	got, err := printed(Printer{Format: YAML}, Object{{"at", time.UnixMilli(1600000000123)}, {"s", "a\xffb"}, {"n", []any{math.Inf(1), math.Inf(-1), math.NaN()}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "at: '2020-09-13T12:26:40.123000+00:00'\nn:\n- .inf\n- -.inf\n- .nan\ns: a\uFFFDb\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the AWS CLI fails on, and with what where it says so.
func TestNoTable(t *testing.T) {
	for _, c := range []struct{ document, query, want string }{
		{`{"l":[["a","b"],["c"]]}`, "l", "Row should have 2 elements, instead it has 1"},
		{`{"l":["a",["b","c"]]}`, "", "Row should have 1 elements, instead it has 2"},
		{`{"l":[[],["b"]]}`, "", "Row should have 0 elements, instead it has 1"},
		{`{"l":["a",{"b":1,"c":2}]}`, "l", "Row should have 1 elements, instead it has 2"},
		{`{"l":[{"a":1},"x"]}`, "l", errMixedList.Error()},
		{`{"l":[{"a":1},""]}`, "l", errMixedList.Error()},
		{`{"l":[{"a":[1]},null]}`, "l", errMixedList.Error()},
		{`{"l":[{"a":{"m":[["a","b"],["c"]]}},{"a":1}]}`, "l", "Row should have 2 elements, instead it has 1"},
		{`{"l":["x",[[1],[{"a":1,"b":2}]]]}`, "l", errColumns.Error()},
		{`{"o":{"a":1,"b":2,"m":[[1,2],[3]]}}`, "", "Row should have 2 elements, instead it has 1"},
	} {
		got, err := printed(Printer{Format: Table, Operation: "ListAccounts", Query: compile(t, c.query)}, document(t, c.document))
		if err == nil || err.Error() != c.want || got != "" {
			t.Errorf("%s: got %q, %v, want %s", c.document, got, err, c.want)
		}
	}
}

// The core schema of YAML 1.2: what has to be quoted to be text. The parser also
// knows YAML 1.1, which the AWS CLI does not care about.
var coreSchema = regexp.MustCompile(`^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)

// Numbers that the AWS CLI does not recognize, such as .1e5.
var overlooked = regexp.MustCompile(`^[-+]?\.[0-9]+[eE][0-9]+$`)

// sameYAML returns how a document differs from the value it was written for.
func sameYAML(n *yaml.Node, v any) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch v := v.(type) {
	case []any:
		if n.Kind != yaml.SequenceNode || len(n.Content) != len(v) {
			return fmt.Errorf("got %d items and kind %d, want a list of %d", len(n.Content), n.Kind, len(v))
		}
		for i := range v {
			if err := sameYAML(n.Content[i], v[i]); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	case Object:
		v = alphabetical(v)
		if n.Kind != yaml.MappingNode || len(n.Content) != 2*len(v) {
			return fmt.Errorf("got %d nodes and kind %d, want an object of %d", len(n.Content), n.Kind, len(v))
		}
		for i, m := range v {
			if err := sameYAML(n.Content[2*i], m.Name); err != nil {
				return fmt.Errorf("name %d: %w", i, err)
			}
			if err := sameYAML(n.Content[2*i+1], m.Value); err != nil {
				return fmt.Errorf("%q: %w", m.Name, err)
			}
		}
		return nil
	}
	same, tag := false, ""
	switch v := v.(type) {
	case nil:
		same, tag = n.Value == "null", "!!null"
	case bool:
		same, tag = n.Value == strconv.FormatBool(v), "!!bool"
	case int64:
		got, err := strconv.ParseInt(n.Value, 10, 64)
		same, tag = err == nil && got == v, "!!int"
	case float64:
		got, err := strconv.ParseFloat(n.Value, 64)
		same, tag = err == nil && got == v, "!!float"
	case string:
		same, tag = n.Value == v, "!!str"
		if !coreSchema.MatchString(v) || overlooked.MatchString(v) {
			tag = n.ShortTag()
		}
	}
	if n.Kind != yaml.ScalarNode || !same || n.ShortTag() != tag {
		return fmt.Errorf("got %s %q of kind %d, want %s %q", n.ShortTag(), n.Value, n.Kind, tag, v)
	}
	return nil
}

// What is written must read back as what it was.
func FuzzYAML(f *testing.F) {
	for _, c := range shapeCases {
		f.Add(c.document)
	}
	f.Add(`[["\u0000\u0085\u2028 \u2029", "` + strings.Repeat("word ", 40) + `"], {"\n": -0.0, "` + strings.Repeat("x", 200) + `": [[{}]]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseJSON(text)
		if err != nil || isScalar(v) {
			return
		}
		if v, err = plain(v); err != nil {
			t.Fatal(err)
		}
		out, err := yamlText(v)
		if err != nil {
			t.Fatal(err)
		}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(out), &n); err != nil {
			t.Fatalf("got\n%s\n%v", out, err)
		}
		if err := sameYAML(n.Content[0], v); err != nil {
			t.Errorf("got\n%s\n%v", out, err)
		}
	})
}

// Whatever the value and the width, a table is a rectangle or an error.
func FuzzTable(f *testing.F) {
	for _, c := range shapeCases {
		f.Add(c.document, c.columns)
	}
	f.Fuzz(func(t *testing.T, text string, columns int) {
		v, err := ParseJSON(text)
		if err != nil {
			return
		}
		out, err := tableText("ListAccounts", v, columns, false)
		if err != nil || out == "" || strings.Contains(text, `\`) {
			return // an escape may be a line break, which a cell keeps
		}
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		for _, line := range lines {
			if got, want := cellsOf(line), cellsOf(lines[0]); got != want {
				t.Fatalf("got a line of %d, want %d\n%s", got, want, out)
			}
		}
	})
}
