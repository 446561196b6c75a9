package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmespath/go-jmespath"
)

func document(t testing.TB, text string) Object {
	t.Helper()
	v, err := ParseJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return v.(Object)
}

func compile(t testing.TB, expression string) *Query {
	t.Helper()
	q, err := Compile(expression)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// printed is what a printer prints.
func printed(p Printer, v Object) (string, error) {
	var b bytes.Buffer
	p.Out = &b
	err := p.Print(v)
	return b.String(), err
}

func TestFormats(t *testing.T) {
	for _, c := range formatCases {
		t.Run(c.name, func(t *testing.T) {
			for format, want := range map[Format]string{JSON: c.json, Text: c.text} {
				got, err := printed(Printer{Format: format, Query: compile(t, c.query)}, document(t, c.document))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}

func TestQueries(t *testing.T) {
	d := document(t, queryDocument)
	for _, c := range queryCases {
		t.Run(c.expression, func(t *testing.T) {
			q, err := Compile(c.expression)
			if err != nil || c.problem != "" {
				want := &QueryError{c.expression, c.problem}
				if e, ok := errors.AsType[*QueryError](err); !ok || *e != *want {
					t.Fatalf("got %v, want %v", err, want)
				}
				return
			}
			v, err := q.search(d)
			if err != nil || c.failure != "" {
				if err == nil || err.Error() != c.failure {
					t.Fatalf("got %v, want %q", err, c.failure)
				}
				return
			}
			got, err := toString([]any{v}) // in a list, so that text is quoted too
			if err != nil {
				t.Fatal(err)
			}
			if want := "[" + c.result + "]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	if got := queryDocumentAgain(t, d); got != queryDocument {
		t.Errorf("a query changed the document: got %s", got)
	}
}

func queryDocumentAgain(t *testing.T, d Object) string {
	b, err := appendJSON(nil, d, jsonStyle{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What the AWS CLI answers with a Python traceback or nothing at all.
func TestQueriesWithoutAnAnswer(t *testing.T) {
	d := document(t, queryDocument)
	for expression, want := range map[string]string{
		"&o":                 "the query selects an expression, not a value",
		"[a, &o]":            "the query selects an expression, not a value",
		"contains(s, z)":     `In function contains(), invalid type for value: 1, expected one of: ['string'], received: "number"`,
		"abs(&o)":            `In function abs(), invalid type for value: an expression, expected one of: ['number'], received: "expref"`,
		"sort_by(mixed, &@)": `In function sort_by(), invalid type for value: a, expected one of: ['number'], received: "string"`,
	} {
		if _, err := compile(t, expression).search(d); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", expression, err, want)
		}
	}
}

func TestQueryErrorText(t *testing.T) {
	_, err := Compile("accountList[")
	want := "Bad value for --query accountList[: Invalid jmespath expression: Incomplete expression:\n\"accountList[\"\n             ^"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if q, err := Compile(""); q != nil || err != nil {
		t.Errorf("the empty query: got %v, %v, want none", q, err)
	}
}

// Where order and kinds of numbers play no part, go-jmespath must agree.
func TestQueriesAgainstGoJMESPath(t *testing.T) {
	compared := 0
	for _, c := range queryCases {
		if c.result == "" || strings.ContainsAny(c.expression, "*<>") || strings.Contains(c.expression, "to_") ||
			strings.Contains(c.expression, "keys") || strings.Contains(c.expression, "values") || c.result == "null" {
			continue
		}
		var data any // each time, because its sort_by sorts in place
		if err := json.Unmarshal([]byte(queryDocument), &data); err != nil {
			t.Fatal(err)
		}
		got, err := jmespath.Search(c.expression, data)
		if err != nil {
			continue // it is stricter about commas
		}
		compared++
		var want any
		if err := json.Unmarshal([]byte(c.result), &want); err != nil {
			t.Fatal(err)
		}
		if got, want := canonical(t, got), canonical(t, want); got != want {
			t.Errorf("%s: go-jmespath says %s, want %s", c.expression, got, want)
		}
	}
	if compared < 40 {
		t.Errorf("got %d comparisons, want at least 40", compared)
	}
}

func canonical(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTimes(t *testing.T) {
	for want, at := range map[string]time.Time{
		"2020-09-13T12:26:40.123000+00:00": time.UnixMilli(1600000000123).UTC(),
		"2020-09-13T14:26:40+02:00":        time.UnixMilli(1600000000000).In(time.FixedZone("", 7200)),
		"2020-09-13T12:26:40.000001+00:00": time.Unix(1600000000, 1999).UTC(),
	} {
		// A time is text to the query too, so that it can be compared.
		o := Object{{"l", []any{Object{{"at", at}}}}}
		got, err := printed(Printer{Format: Text, Query: compile(t, "l[?at > '2020'].at | [0]")}, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(got); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNilContainersAndInts(t *testing.T) {
	got, err := printed(Printer{Format: JSON}, Object{{"l", []any(nil)}, {"o", Object(nil)}, {"n", 7}, {"bad", "a\xffb"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n    \"l\": [],\n    \"o\": {},\n    \"n\": 7,\n    \"bad\": \"a\uFFFDb\"\n}\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWriteIndented(t *testing.T) {
	var b bytes.Buffer
	if err := WriteIndented(&b, Object{{"Version", 1}, {"AccessKeyId", "A"}}, 2); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"A\"\n}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPrintErrors(t *testing.T) {
	_, err := printed(Printer{Format: "tabel"}, nil)
	if e, ok := errors.AsType[*UnknownFormatError](err); !ok || e.Error() != "Unknown output type: tabel" {
		t.Errorf("got %v, want Unknown output type: tabel", err)
	}
	for _, format := range []Format{JSON, Text, Table, YAML, YAMLStream} {
		_, err = printed(Printer{Format: format}, Object{{"a", []any{Object{{"b", struct{}{}}}}}})
		if want := "a: b: a value of type struct {} cannot be printed"; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", format, err, want)
		}
	}
	r, w := io.Pipe()
	r.Close()
	if err := (&Printer{Out: w, Format: JSON}).Print(Object{{"a", 1}}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
	for _, format := range []Format{JSON, Text, Table, YAML, YAMLStream, Off} {
		if err := (&Printer{Out: w, Format: format}).Print(Object{}); err != nil {
			t.Errorf("nothing to write as %s: got %v, want none", format, err)
		}
	}
}

func TestFloatText(t *testing.T) {
	for want, f := range map[string]float64{
		"0.0": 0, "-0.0": math.Copysign(0, -1), "1.0": 1, "1e+16": 1e16, "9999999999999998.0": 9999999999999998,
		"0.0001": 0.0001, "1e-05": 0.00001, "1.7976931348623157e+308": math.MaxFloat64, "5e-324": math.SmallestNonzeroFloat64,
		"inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN(),
	} {
		if got := floatText(f); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNumbersPastTheirRange(t *testing.T) {
	d := document(t, `{"most":9223372036854775807,"least":-9223372036854775808,"more":92233720368547758070}`)
	for expression, want := range map[string]string{
		"most":                             "9223372036854775807",
		"more":                             "9.223372036854776e+19",
		"sum([most, most])":                "1.8446744073709552e+19",
		"sum([least, least])":              "-1.8446744073709552e+19",
		"abs(least)":                       "-9223372036854775808",
		"ceil(more)":                       "9.223372036854776e+19",
		"most == `9223372036854775807`":    "true",
		"to_number('9223372036854775808')": "9.223372036854776e+18",
		"to_number('0x10')":                "null",
	} {
		v, err := compile(t, expression).search(d)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := toString(v); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// What is written must read back as what it was.
func FuzzJSON(f *testing.F) {
	for _, c := range formatCases {
		f.Add(c.document)
	}
	f.Add("[\"\x80\xff\u2028\x7f\\u0000\", 1e400, 12345678901234567890, -0.0]")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseJSON(text)
		if err != nil {
			return
		}
		for _, style := range []jsonStyle{{}, {ASCII: true}, {Indent: 4}} {
			b, err := appendJSON(nil, v, style, 0)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatalf("got %s: %v", b, err)
			}
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", b, diff)
			}
			again, err := ParseJSON(string(b))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v, again); diff != "" {
				t.Errorf("%s, read again (-want +got):\n%s", b, diff)
			}
		}
	})
}

// No expression may do more than fail.
func FuzzQuery(f *testing.F) {
	for _, c := range queryCases {
		f.Add(c.expression)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		q, err := Compile(expression)
		if err != nil {
			if _, ok := errors.AsType[*QueryError](err); !ok {
				t.Fatalf("got %T, want *QueryError", err)
			}
			return
		}
		for _, format := range []Format{JSON, Text, Table, YAML} {
			_, _ = printed(Printer{Format: format, Query: q}, document(t, queryDocument))
		}
	})
}

// Times are shown in the zone they came in.
func TestTimestampZones(t *testing.T) {
	at := time.Date(2020, 9, 13, 12, 26, 40, 123e6, time.UTC)
	for _, tt := range []struct {
		time time.Time
		want string
	}{
		{at, "2020-09-13T12:26:40.123000+00:00"},
		{at.Truncate(time.Second), "2020-09-13T12:26:40+00:00"},
		{at.In(time.FixedZone("", 2*3600)), "2020-09-13T14:26:40.123000+02:00"},
		{at.In(time.FixedZone("", -(3*3600 + 1800))), "2020-09-13T08:56:40.123000-03:30"},
	} {
		if got := timestamp(tt.time); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.time, got, tt.want)
		}
	}
}

// As many members as a service may send are read in no time; looked for one by
// one they took a minute.
func TestParseJSONOfManyMembers(t *testing.T) {
	var b strings.Builder
	const many = 100_000
	for i := range many {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	started := time.Now()
	v, err := ParseJSON("{" + b.String()[1:] + `,"k0":"last"}`)
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	o, _ := v.(Object)
	if err != nil || len(o) != many || o[0] != (Member{"k0", "last"}) {
		t.Errorf("got %d members (%v), want %d", len(o), err, many)
	}
}
