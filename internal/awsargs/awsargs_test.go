package awsargs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

var (
	text    = &awsmodel.Shape{Name: "Text", Kind: awsmodel.String}
	number  = &awsmodel.Shape{Name: "Number", Kind: awsmodel.Integer}
	tagList = &awsmodel.Shape{Name: "Tags", Kind: awsmodel.List, Element: &awsmodel.Shape{Name: "Tag", Kind: awsmodel.Structure, Members: []awsmodel.Member{
		{Name: "Key", Shape: text, Required: true}, {Name: "Value", Shape: text, Required: true},
	}}}
	tree = &awsmodel.Shape{Name: "Tree", Kind: awsmodel.Structure}
)

func init() {
	tree.Members = []awsmodel.Member{{Name: "Leaf", Shape: number}, {Name: "Branches", Shape: &awsmodel.Shape{Name: "Trees", Kind: awsmodel.List, Element: tree}}}
}

// everything takes a member of each kind.
var everything = &awsmodel.Operation{Name: "PutEverything", Doc: "Puts everything.",
	Input: &awsmodel.Shape{Name: "PutEverythingRequest", Kind: awsmodel.Structure, Members: []awsmodel.Member{
		{Name: "Name", Shape: text, Required: true, Doc: "What it is called."},
		{Name: "Count", Shape: number},
		{Name: "Size", Shape: &awsmodel.Shape{Name: "Size", Kind: awsmodel.Long}},
		{Name: "Ratio", Shape: &awsmodel.Shape{Name: "Ratio", Kind: awsmodel.Double}},
		{Name: "Enabled", Shape: &awsmodel.Shape{Name: "Enabled", Kind: awsmodel.Boolean}},
		{Name: "Since", Shape: &awsmodel.Shape{Name: "Since", Kind: awsmodel.Timestamp}},
		{Name: "Key", Shape: &awsmodel.Shape{Name: "Key", Kind: awsmodel.Blob}},
		{Name: "Colour", Shape: &awsmodel.Shape{Name: "Colour", Kind: awsmodel.String, Enum: []string{"RED", "BLUE"}}},
		{Name: "Words", Shape: &awsmodel.Shape{Name: "Words", Kind: awsmodel.List, Element: text}},
		{Name: "Tags", Shape: tagList},
		{Name: "Limits", Shape: &awsmodel.Shape{Name: "Limits", Kind: awsmodel.Map, Key: text, Element: number}},
		{Name: "Tree", Shape: tree},
		{Name: "Anything", Shape: &awsmodel.Shape{Name: "Anything", Kind: awsmodel.Document}},
		{Name: "Choice", Shape: &awsmodel.Shape{Name: "Choice", Kind: awsmodel.Structure, Union: true, Members: []awsmodel.Member{{Name: "A", Shape: text}, {Name: "B", Shape: text}}}},
		{Name: "Mode", Shape: &awsmodel.Shape{Name: "Mode", Kind: awsmodel.Structure, Members: []awsmodel.Member{{Name: "Value", Shape: text}}}},
		{Name: "Secret", Shape: &awsmodel.Shape{Name: "Secret", Kind: awsmodel.String, Sensitive: true}},
		{Name: "NextToken", Shape: text},
		{Name: "MaxResults", Shape: number},
	}},
	Output: &awsmodel.Shape{Name: "PutEverythingResponse", Kind: awsmodel.Structure},
	Paging: &awsmodel.Paging{InputToken: "NextToken", OutputToken: "NextToken", Limit: "MaxResults"},
}

// someFiles are there for file://.
func someFiles(name string) ([]byte, error) {
	switch name {
	case "/home/me/tags":
		return []byte("Key=a,Value=b\r\n"), nil
	case "words":
		return []byte("one\n"), nil
	case "bytes":
		return []byte{0xff, 0}, nil
	case "input.json":
		return []byte(`{"Name": "n", "Count": 1}`), nil
	case "forbidden":
		return nil, fs.ErrPermission
	}
	return nil, fs.ErrNotExist
}

func options() Options {
	home := func(name string) (string, bool) { return "/home/me", name == "HOME" || name == "WHERE" }
	return Options{ReadFile: someFiles, LookupEnv: home, Stdin: strings.NewReader("from stdin"),
		Globals: []Global{{"profile", true}, {"no-paginate", false}, {"cli-binary-format", true}}, Extra: []Global{{"own", true}}}
}

func TestParse(t *testing.T) {
	tag := func(k, v string) output.Object {
		return output.Object{{Name: "Key", Value: k}, {Name: "Value", Value: v}}
	}
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		words string // separated by |
		want  Arguments
	}{
		{"--count|3|--name|n", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Count", Value: int64(3)}}}},
		{"--name=n|--size|-9|--ratio|1.5", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Size", Value: int64(-9)}, {Name: "Ratio", Value: 1.5}}}},
		{"--name=n|--enabled", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Enabled", Value: true}}}},
		{"--name=n|--enabled|--no-enabled", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Enabled", Value: false}}}},
		{"--name=n|--since|2020-01-02T03:04:05Z", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Since", Value: at}}}},
		{"--name=n|--since|1577934245", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Since", Value: at}}}},
		{"--name=n|--key|aGk=", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Key", Value: []byte("hi")}}}},
		{"--name=n|--key|hi|--cli-binary-format|raw-in-base64-out", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Key", Value: []byte("hi")}}, Globals: []string{"--cli-binary-format=raw-in-base64-out"}}},
		{"--name=n|--key|fileb://bytes", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Key", Value: []byte{0xff, 0}}}}},
		{"--name=n|--words|a|b", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Words", Value: []any{"a", "b"}}}}},
		{"--name=n|--words|file://words", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Words", Value: []any{"one"}}}}},
		{"--name=n|--tags|Key=a,Value=b|Key=c,Value=d", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "b"), tag("c", "d")}}}}},
		{"--name=n|--tags|file://~/tags", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "b")}}}}},
		{"--name=n|--tags|file://${WHERE}/tags", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "b")}}}}},
		{"--name=n|--tags|Key=a,Value@=file://words", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "one\n")}}}}},
		{"--name=n|--tags|Key@=a,Value=file://words", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "file://words")}}}}},
		{"--name=n|--tags|Key=é😀,Value=", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("é😀", "")}}}}},
		{"--name=n|--limits|a=1,b=2", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Limits", Value: output.Object{{Name: "a", Value: int64(1)}, {Name: "b", Value: int64(2)}}}}}},
		// The only branch becomes a list of branches, and its leaf a number.
		{"--name=n|--tree|Leaf=1,Branches={Leaf=2}", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tree", Value: output.Object{{Name: "Leaf", Value: int64(1)},
			{Name: "Branches", Value: []any{output.Object{{Name: "Leaf", Value: int64(2)}}}}}}}}},
		{`--name=n|--anything|{"a":[1,null]}`, Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Anything", Value: output.Object{{Name: "a", Value: []any{int64(1), nil}}}}}}},
		{"--name=n|--mode|fast", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Mode", Value: output.Object{{Name: "Value", Value: "fast"}}}}}},
		{"--name|file:///dev/stdin", Arguments{Input: output.Object{{Name: "Name", Value: "from stdin"}}}},
		{"--profile|p|--name|n|--own=x|--no-pag", Arguments{Input: output.Object{{Name: "Name", Value: "n"}}, Globals: []string{"--profile=p", "--own=x", "--no-paginate"}}},
		{"--name=n|--max-items|3|--page-size=2|--starting-token|s", Arguments{Input: output.Object{{Name: "Name", Value: "n"}}, MaxItems: new(3), PageSize: new(2), StartingToken: "s"}},
		{"--name=n|--max-results|3", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "MaxResults", Value: int64(3)}}, Manual: true}},
		{"--cli-input-json|file://input.json|--count|2", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Count", Value: int64(2)}}}},
		{`--cli-input-json={"NextToken":"x"}`, Arguments{Input: output.Object{{Name: "NextToken", Value: "x"}}, Manual: true}},
		{"--cli-input-yaml|{Name: 2020-01-02, Since: 2020-01-02T03:04:05Z, Key: !!binary aGk=}", Arguments{Input: output.Object{{Name: "Name", Value: "2020-01-02"}, {Name: "Since", Value: at}, {Name: "Key", Value: []byte("hi")}}}},
		{"--cli-input-yaml|{Tags: [&t {Key: a, Value: b}, {<<: *t, Value: c}], Name: n}", Arguments{Input: output.Object{{Name: "Name", Value: "n"}, {Name: "Tags", Value: []any{tag("a", "b"), output.Object{{Name: "Key", Value: "a"}, {Name: "Value", Value: "c"}}}}}}},
		{"--generate-cli-skeleton", Arguments{Input: output.Object{}, Skeleton: "input"}},
		{"--generate-cli-skeleton=yaml-input", Arguments{Input: output.Object{}, Skeleton: "yaml-input"}},
		{"--name=n|--generate-cli-skeleton|output", Arguments{Input: output.Object{{Name: "Name", Value: "n"}}, Skeleton: "output"}},
		{"help", Arguments{Help: true}},
		{"--count|3|--help", Arguments{Help: true}},
		{"-h|--profile|p", Arguments{Help: true, Globals: []string{"--profile=p"}}},
	} {
		got, err := Parse(everything, strings.Split(test.words, "|"), options())
		if err != nil {
			t.Errorf("%s\ngot error %v", test.words, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.words, diff)
		}
		if _, named := got.Input.Get("Name"); named {
			if err := Validate(everything, got.Input); err != nil {
				t.Errorf("%s\ngot %v", test.words, err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"--count|3", "the following arguments are required: --name"},
		{"--name", "argument --name: expected one argument"},
		{"--name|--count|3", "argument --name: expected one argument"},
		{"--profile|--name|n", "argument --profile: expected one argument"},
		{"--name=n|--co=3", "ambiguous option: --co=3 could match --count, --colour"},
		{"--name=n|--enabled=yes", "argument --enabled: ignored explicit argument 'yes'"},
		{"--name=n|--count|x", "argument --count: invalid int value: 'x'"},
		{"--name=n|--max-items|x", "argument --max-items: invalid int value: 'x'"},
		{"--name=n|--max-items=-1", "argument --max-items: must be 0 or more: -1"},
		{"--name=n|--page-size=0", "Parameter validation failed:\nInvalid value for parameter MaxResults, value: 0, valid min value: 1"},
		{"--name=n|--page-size|-7", "Parameter validation failed:\nInvalid value for parameter MaxResults, value: -7, valid min value: 1"},
		{"--name=n|--page-size=2147483648", "Parameter validation failed:\nInvalid value for parameter MaxResults, value: 2147483648, valid max value: 2147483647"},
		{"--name=n|--ratio|x", "argument --ratio: invalid float value: 'x'"},
		{"--name=n|stray|--x", "Unknown options: --x, stray"},
		{"--name=n|--tags|Key", "Error parsing parameter '--tags': Expected: '=', received: 'EOF' for input:\nKey\n   ^"},
		{"--name=n|--tags|Key=a,Key=b", "Error parsing parameter '--tags': Second instance of key \"Key\" encountered for input:\nKey=a,Key=b\n      ^\nThis is often because there is a preceding \",\" instead of a space."},
		{"--name=n|--tags|[{", "Error parsing parameter '--tags': Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 3 (char 2)\nJSON received: [{"},
		{"--name=n|--tree|[1]", "Error parsing parameter '--tree': Invalid JSON:\n[1]"},
		{"--name=n|--tree|Leaf=x", "Error parsing parameter '--tree': invalid literal for int() with base 10: 'x'"},
		{"--name|file://nowhere", "Error parsing parameter '--name': Unable to load paramfile file://nowhere: [Errno 2] No such file or directory: 'nowhere'"},
		{"--name|file://forbidden", "Error parsing parameter '--name': Unable to load paramfile file://forbidden: [Errno 13] Permission denied: 'forbidden'"},
		{"--name|file://bytes", "Error parsing parameter '--name': Unable to load paramfile (bytes), text contents could not be decoded.  If this is a binary file, please use the fileb:// prefix instead of the file:// prefix."},
		{"--name=n|--tags|Key=a,Value@=file://nowhere", "Error parsing parameter '--tags': Unable to load paramfile file://nowhere: [Errno 2] No such file or directory: 'nowhere'"},
		{"--name=n|--key|a", "Invalid base64: \"a\""},
		{"--cli-input-json|{", "Error parsing parameter 'cli-input-json': Invalid JSON received.\nExpecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
		{"--cli-input-json|3", "Error parsing parameter '--cli-input-json': Invalid type: expecting map, received <class 'int'>"},
		{"--cli-input-json|{}|--cli-input-yaml|{}", "Only one --cli-input- parameter may be specified."},
		{"--name=n|--generate-cli-skeleton|x", "argument --generate-cli-skeleton: Invalid choice, valid choices are:\n\n" + skeletons},
		{"--name=n|--no-paginate|--max-items|1", "Cannot specify --no-paginate along with pagination arguments: --max-items"},
		{"--name=n|--next-token|x|--page-size|1|--starting-token|s", "Cannot specify --no-paginate along with pagination arguments: --starting-token, --page-size"},
		{"--generate-cli-skeleton|output", "the following arguments are required: --name"},
	} {
		_, err := Parse(everything, strings.Split(test.words, "|"), options())
		e, ok := errors.AsType[*UsageError](err)
		if !ok || e.Problem != test.want {
			t.Errorf("%s\ngot  %v\nwant %s", test.words, err, test.want)
			continue
		}
		if unknown := strings.HasPrefix(test.want, "Unknown options"); unknown != (e.Usage != "") {
			t.Errorf("%s: got usage %q", test.words, e.Usage)
		}
	}
}

func TestParseOptional(t *testing.T) {
	o := options()
	o.Optional = []string{"Name"}
	if got, err := Parse(everything, []string{"--count", "3"}, o); err != nil || len(got.Input) != 1 {
		t.Errorf("got %+v %v, want one member", got, err)
	}
}

// Aliases of aliases would be more values than there are atoms.
func TestYAMLThatGrows(t *testing.T) {
	bomb := "a0: &a0 [x, x]\n"
	for i := range 40 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	if _, err := parseYAML(bomb); err == nil {
		t.Error("got no error")
	}
}

func TestDeepValues(t *testing.T) {
	for name, parse := range map[string]func(string) error{
		"[":   func(s string) error { _, err := parseJSON(s); return err },
		"a=[": func(s string) error { _, err := parseShorthand(s, nil); return err },
	} {
		if err := parse(name + strings.Repeat("[", 100_000)); err == nil || !strings.Contains(err.Error(), "deep") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{`{"Name":"n"}`, ""},
		{`{}`, "Parameter validation failed:\nMissing required parameter in input: \"Name\""},
		{`{"Name":"n","Tags":[{"Key":"a"},3]}`, "Parameter validation failed:\nMissing required parameter in Tags[0]: \"Value\"\nInvalid type for parameter Tags[1], value: 3, type: <class 'int'>, valid types: <class 'dict'>"},
		{`{"Name":"n","Tree":{"Leaf":true,"Root":1}}`, "Parameter validation failed:\nUnknown parameter in Tree: \"Root\", must be one of: Leaf, Branches\nInvalid type for parameter Tree.Leaf, value: True, type: <class 'bool'>, valid types: <class 'int'>"},
		{`{"Name":"n","Count":3000000000}`, "Parameter validation failed:\nInvalid value for parameter Count, value: 3000000000, valid values: -2147483648 to 2147483647"},
		{`{"Name":"n","Size":3000000000,"Ratio":1}`, ""},
		{`{"Name":"n","Limits":{"a":"b"}}`, "Parameter validation failed:\nInvalid type for parameter Limits.a, value: b, type: <class 'str'>, valid types: <class 'int'>"},
		{`{"Name":"n","Since":"soon","Key":1,"Enabled":"true","Ratio":"1"}`, "Parameter validation failed:\nInvalid type for parameter Ratio, value: 1, type: <class 'str'>, valid types: <class 'float'>, <class 'decimal.Decimal'>, <class 'int'>\n" +
			"Invalid type for parameter Enabled, value: true, type: <class 'str'>, valid types: <class 'bool'>\n" +
			"Invalid type for parameter Since, value: soon, type: <class 'str'>, valid types: <class 'datetime.datetime'>, timestamp-string\n" +
			"Invalid type for parameter Key, value: 1, type: <class 'int'>, valid types: <class 'bytes'>, <class 'bytearray'>, file-like object"},
		{`{"Name":"n","Choice":{}}`, "Parameter validation failed:\nMust set one of the following keys for tagged union structure Choice: A, B."},
		{`{"Name":"n","Choice":{"A":"a","B":"b"}}`, "Parameter validation failed:\nInvalid number of parameters set for tagged union structure Choice. Can only set one of the following keys: A, B."},
		{`{"Name":"n","Secret":12345}`, "Parameter validation failed:\nInvalid type for parameter Secret, value: ****, type: <class 'int'>, valid types: <class 'str'>"},
		{`{"Name":"n","Anything":[{"a":null}]}`, ""},
		{`{"Name":"n","Ratio":NaN,"Anything":[{"a":1e400},-Infinity]}`, "Parameter validation failed:\nInvalid value for parameter Ratio, value: nan, valid values: finite numbers\n" +
			"Invalid value for parameter a, value: inf, valid values: finite numbers\nInvalid value for parameter Anything[1], value: -inf, valid values: finite numbers"},
	} {
		a, err := Parse(everything, []string{"--cli-input-json", test.input}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := Validate(everything, a.Input); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.input, diff)
		}
	}
}

func TestSkeletonOfEverything(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSkeleton(&b, everything, "yaml-input"); err != nil {
		t.Fatal(err)
	}
	want := `Name: ''  # [REQUIRED] What it is called.
Count: 0
Size: 0
Ratio: 0.0
Enabled: true
Since: 1970-01-01T00:00:00
Key: !!binary ''
Colour: RED # Valid values are: RED, BLUE.
Words:
- ''
Tags:
- Key: ''  # [REQUIRED]
  Value: '' # [REQUIRED]
Limits:
  KeyName: 0
Tree:
  Leaf: 0
  Branches:
  - {}
Anything: {}
Choice:
  A: ''
  B: ''
Mode:
  Value: ''
Secret: ''
NextToken: ''
MaxResults: 0
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A sample is an input that can be read, apart from its union of two.
	a, err := Parse(everything, []string{"--cli-input-yaml", b.String()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Validate(everything, a.Input); err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "union") {
		t.Errorf("got %v", err)
	}
}

// FuzzShorthand holds that nothing makes the parser fall over, and that what it
// takes can be written so that it is taken as the same.
func FuzzShorthand(f *testing.F) {
	for _, s := range []string{"a=b", "a=b,c", "a=[b,{c=d}]", `a='b\'c'`, "a=", "a@=b", `a="\\"`, "a=b,c=d e", "=\n"} {
		f.Add(s)
	}
	nothing := func(string) (any, bool, error) { return nil, false, nil }
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseShorthand(s, nothing)
		if err != nil {
			return
		}
		again, err := parseShorthand(writeShorthand(o), nothing)
		if err != nil {
			t.Fatalf("%q was read as %v, written as %q: %v", s, o, writeShorthand(o), err)
		}
		if diff := cmp.Diff(o, again); diff != "" {
			t.Fatalf("%q was written as %q (-want +got):\n%s", s, writeShorthand(o), diff)
		}
	})
}

// writeShorthand writes what was read, with every word in quotes.
func writeShorthand(v any) string {
	switch v := v.(type) {
	case output.Object:
		parts := make([]string, len(v))
		for i, m := range v {
			value := writeShorthand(m.Value)
			if _, ok := m.Value.(output.Object); ok {
				value = "{" + value + "}"
			}
			parts[i] = m.Name + "=" + value
		}
		return strings.Join(parts, ",")
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = writeShorthand(e)
			if _, ok := e.(output.Object); ok {
				parts[i] = "{" + parts[i] + "}"
			}
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	word := strings.ReplaceAll(v.(string), `\`, `\\`)
	return "'" + strings.ReplaceAll(word, "'", `\'`) + "'"
}

// FuzzParse holds that no words make Parse fall over, and that what it takes
// validates or is told of.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"--name\x00n", "--name=n\x00--tags\x00Key=a,Value=b", "--cli-input-json\x00{}", "--cli-input-yaml\x00a: [", "--count\x003\x00--", "-\x00--=\x00-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, words string) {
		a, err := Parse(everything, strings.Split(words, "\x00"), options())
		if err != nil {
			if _, ok := errors.AsType[*UsageError](err); !ok {
				t.Fatalf("%q: got a %T: %v", words, err, err)
			}
			return
		}
		if err := Validate(everything, a.Input); err != nil && !strings.HasPrefix(err.Error(), "Parameter validation failed:\n") {
			t.Fatalf("%q: %v", words, err)
		}
	})
}
