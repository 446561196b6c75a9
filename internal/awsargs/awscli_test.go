package awsargs

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// The tests here ask an installed AWS CLI what it makes of the same words. They
// skip without one, unless PORTICO_REQUIRE says it has to be there.

type awsCLI struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

// startAWSCLI starts the AWS CLI's parsers behind testdata/questions.py.
func startAWSCLI(t *testing.T) *awsCLI {
	t.Helper()
	home, problems := t.TempDir(), ""
	t.Setenv("HOME", home)
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		cmd := exec.Command(python, "-B", "testdata/questions.py") // ends with its input
		cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE="+filepath.Join(home, "config"), "AWS_EC2_METADATA_DISABLED=true", "TZ=UTC")
		var said bytes.Buffer
		cmd.Stderr = &said
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		a := &awsCLI{t, in, bufio.NewReader(out)}
		if err = cmd.Start(); err == nil {
			_, err = a.out.ReadString('\n') // ready
		}
		if err == nil {
			t.Cleanup(func() {
				in.Close()
				if err := cmd.Wait(); err != nil {
					t.Errorf("%s: %v\n%s", python, err, &said)
				}
			})
			return a
		}
		if cmd.Process != nil {
			_ = cmd.Wait() // it has said why
		}
		problems += fmt.Sprintf("\n%s: %v\n%s", python, err, &said)
	}
	if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "awscli") {
		t.Fatalf("awscli is required: %s", problems)
	}
	t.Skip("awscli: no python3 with version 2 of the AWS CLI")
	return nil
}

// One AWS CLI answers all tests: it takes seconds to start.
func TestAgainstAWSCLI(t *testing.T) {
	a := startAWSCLI(t)
	pythonLocal(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *awsCLI)
	}{
		{"names", sameNames}, {"skeletons", sameSkeletons}, {"tables", sameTables},
		{"shorthand", sameShorthand}, {"JSON", sameJSON}, {"times", sameTimes}, {"command lines", sameCommandLines},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, &awsCLI{t, a.in, a.out}) })
	}
}

type question struct {
	Ask       string   `json:"ask"`
	Service   string   `json:"service"`
	Operation string   `json:"operation"`
	Words     []string `json:"words"`
	Kind      string   `json:"kind"`
	Text      string   `json:"text"`
}

type answer struct {
	Error, Kind, Printed string
	Input, Value         any
	Paging               map[string]any
	Manual               bool
	Region               *string

	Shapes     map[string]shapeModel
	Operations []operationModel
}

type shapeModel struct {
	Name, Kind       string
	Union, Sensitive bool
	Element, Key     string
	Enum             []string
	Members          []struct {
		Name, Shape, Doc string
		Required         bool
	}
}

type operationModel struct {
	Name, Command, Input, Output string
	Flags                        map[string]string
	Paging                       *struct{ InputToken, Limit string }
}

func (a *awsCLI) ask(q question) answer {
	a.t.Helper()
	line, err := json.Marshal(q)
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		a.t.Fatal(err)
	}
	if line, err = a.out.ReadBytes('\n'); err != nil {
		a.t.Fatalf("%+v: %v", q, err)
	}
	var answer answer
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		a.t.Fatalf("%s: %v", line, err)
	}
	return answer
}

var services = []string{"sso", "sso-oidc", "sso-admin", "identitystore", "organizations", "sts"}

// operations are a service's as that AWS CLI knows them, by command name.
func (a *awsCLI) operations(service string) map[string]*awsmodel.Operation {
	a.t.Helper()
	m := a.ask(question{Ask: "model", Service: service})
	shapes := map[string]*awsmodel.Shape{"": {}}
	for name := range m.Shapes {
		shapes[name] = &awsmodel.Shape{}
	}
	kinds := map[string]awsmodel.Kind{
		"structure": awsmodel.Structure, "list": awsmodel.List, "map": awsmodel.Map, "string": awsmodel.String,
		"boolean": awsmodel.Boolean, "integer": awsmodel.Integer, "long": awsmodel.Long, "float": awsmodel.Float,
		"double": awsmodel.Double, "timestamp": awsmodel.Timestamp, "blob": awsmodel.Blob, "document": awsmodel.Document,
	}
	for name, s := range m.Shapes {
		kind, ok := kinds[s.Kind]
		if !ok {
			a.t.Fatalf("%s %s is a %s", service, name, s.Kind)
		}
		shape := shapes[name]
		*shape = awsmodel.Shape{Name: s.Name, Kind: kind, Enum: s.Enum, Union: s.Union}
		if s.Element != "" {
			shape.Element = shapes[s.Element]
		}
		if s.Key != "" {
			shape.Key = shapes[s.Key]
		}
		for _, member := range s.Members {
			shape.Members = append(shape.Members, awsmodel.Member{Name: member.Name, Shape: shapes[member.Shape], Required: member.Required, Doc: member.Doc})
		}
	}
	operations := map[string]*awsmodel.Operation{}
	for _, o := range m.Operations {
		op := &awsmodel.Operation{Name: o.Name, Input: shapes[o.Input], Output: shapes[o.Output]}
		if o.Paging != nil {
			op.Paging = &awsmodel.Paging{InputToken: o.Paging.InputToken, Limit: o.Paging.Limit}
		}
		operations[o.Command] = op
	}
	return operations
}

// comparable makes of a value what the AWS CLI's answers are made of.
func comparable(v any) any {
	switch v := v.(type) {
	case output.Object:
		m := map[string]any{}
		for _, member := range v {
			m[member.Name] = comparable(member.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = comparable(v[i])
		}
		return list
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(v)}
	case time.Time:
		return map[string]any{"$time": json.Number(fmt.Sprint(v.UnixMicro()))}
	case int64:
		return json.Number(fmt.Sprint(v))
	case float64:
		return json.Number(output.Repr(v))
	}
	return v
}

// pythonLocal puts times without a zone where the AWS CLI is run: TZ=UTC.
func pythonLocal(t *testing.T) {
	before := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = before })
}

var globalsOfAWS = []Global{{"profile", true}, {"region", true}, {"output", true}, {"query", true}, {"endpoint-url", true}, {"ca-bundle", true},
	{"debug", false}, {"no-verify-ssl", false}, {"no-paginate", false}, {"color", true}, {"no-sign-request", false}, {"version", false},
	{"cli-read-timeout", true}, {"cli-connect-timeout", true}, {"cli-binary-format", true}, {"no-cli-pager", false}, {"cli-auto-prompt", false}, {"no-cli-auto-prompt", false}}

// compare requires Parse and Validate to make of words what the AWS CLI makes.
func (a *awsCLI) compare(op *awsmodel.Operation, service, command string, words []string) {
	a.t.Helper()
	want := a.ask(question{Ask: "parse", Service: service, Operation: command, Words: words})
	got, err := Parse(op, words, Options{Globals: globalsOfAWS})
	sample := got.Skeleton == "input" || got.Skeleton == "yaml-input"
	if err == nil && !sample {
		err = Validate(op, got.Input)
	}
	if want.Error != "" {
		a.sameComplaint(words, want, err)
		return
	}
	if err != nil {
		a.t.Errorf("%s %s %q\ngot error %v, want %v", service, command, words, err, want.Input)
		return
	}
	if sample != (want.Printed != "") {
		a.t.Errorf("%s %s %q: skeleton %q, want %q", service, command, words, got.Skeleton, want.Printed)
	}
	if sample {
		return
	}
	if diff := cmp.Diff(want.Input, comparable(got.Input)); diff != "" {
		a.t.Errorf("%s %s %q (-want +got):\n%s", service, command, words, diff)
	}
	paging := map[string]any{}
	if got.StartingToken != "" {
		paging["StartingToken"] = got.StartingToken
	}
	if got.MaxItems != nil {
		paging["MaxItems"] = json.Number(fmt.Sprint(*got.MaxItems))
	}
	if got.PageSize != nil {
		paging["PageSize"] = json.Number(fmt.Sprint(*got.PageSize))
	}
	if want.Paging == nil {
		want.Paging = map[string]any{}
	}
	if diff := cmp.Diff(want.Paging, paging); diff != "" {
		a.t.Errorf("%s %s %q (-want +got):\n%s", service, command, words, diff)
	}
	if manual := got.Manual || slices.Contains(got.Globals, "--no-paginate"); manual != want.Manual {
		a.t.Errorf("%s %s %q: manual paging %v, want %v", service, command, words, manual, want.Manual)
	}
}

// sameComplaint requires the first words to be the AWS CLI's, where they are words
// and not a traceback of its own.
func (a *awsCLI) sameComplaint(words []string, want answer, err error) {
	a.t.Helper()
	text := want.Error
	switch want.Kind {
	case "ArgParseException":
		_, text, _ = strings.Cut(text, "error: ")
		text = strings.TrimSuffix(text, "\n")
	case "ParamError", "ParamSyntaxError", "UnknownArgumentError", "ParamValidationError", "InvalidBase64Error":
	default:
		return // a fault of its own: a crash on odd input
	}
	if err == nil {
		a.t.Errorf("%q\ngot no error, want %s: %s", words, want.Kind, text)
		return
	}
	// What it says of unions lacks a space, and separates names by full stops.
	text = strings.ReplaceAll(text, "unionstructure", "union structure")
	text = strings.ReplaceAll(text, "ExternalId. UniqueAttribute", "ExternalId, UniqueAttribute")
	got := err.Error()
	if want.Kind == "ParamValidationError" {
		text, got = sortedLines(text), sortedLines(got) // ours are in the model's order
	}
	if got != text && !strings.HasPrefix(got, text+"\n") {
		a.t.Errorf("%q\ngot:\n%s\nwant %s:\n%s", words, got, want.Kind, text)
	}
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func sameNames(t *testing.T, a *awsCLI) {
	names := 0
	for _, service := range services {
		for _, o := range a.ask(question{Ask: "model", Service: service}).Operations {
			if got := awsmodel.CommandName(o.Name); got != o.Command {
				t.Errorf("CommandName(%s) = %s, want %s", o.Name, got, o.Command)
			}
			for member, want := range o.Flags {
				if got := awsmodel.FlagName(member); got != want {
					t.Errorf("FlagName(%s) = %s, want %s", member, got, want)
				}
				names++
			}
		}
	}
	if names < 300 {
		t.Errorf("only %d names were compared", names)
	}
}

func sameSkeletons(t *testing.T, a *awsCLI) {
	compared := 0
	for _, service := range services {
		for _, op := range a.operations(service) {
			for _, kind := range []string{"input", "output", "yaml-input"} {
				var got bytes.Buffer
				err := WriteSkeleton(&got, op, kind)
				if kind == "output" {
					var o output.Object
					if o, err = Skeleton(op, kind); err == nil {
						got.Reset()
						err = output.WriteIndented(&got, o, 4)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				want := a.ask(question{Ask: "skeleton", Service: service, Operation: op.Name, Kind: kind})
				if diff := cmp.Diff(want.Printed, got.String()); diff != "" {
					t.Errorf("%s %s %s (-want +got):\n%s", service, op.Name, kind, diff)
				}
				compared++
			}
		}
	}
	if compared < 3*100 {
		t.Errorf("only %d skeletons were compared", compared)
	}
}

// Texts made of the syntax's own characters find its corners.
func randomText(r *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range r.IntN(most) + 1 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func sameShorthand(t *testing.T, a *awsCLI) {
	texts := []string{"", "a", "a=", "a=b", "a=b,c", "a=b,c=d", "a=b,c,d=e", "a=[b,c]", "a={b=c,d=e}", "a=[{b=c},{d=e}]", "a='b,c'", `a="b'c"`, `a='b\'c'`,
		`a='b\\'`, `a='b\\',c='d'`, `a='b\'`, `a=b\,c`, "a=b,a=c", "a=b c", "a = b , c = d", "a=\nb,\nc==d", "a=[", "a={", "a={b", "a={b=", "a=[b", "=", ",", "a==b", "a=b=c",
		"a=b,c=d=e", "a=b,", "a=b,,c", "a.b=c", "a-b_c#d/e:f=g", "é=b", "a=é", "a= b ", "a=[ b , c ]", "a=b]", "a=b}", "a={b=c", "a=x{y", "a=[[b],[c]]", "a=[]", "a={}", "a=\u00a0b", "a=b\u00a0", "a=b\x1f"}
	pieces := []string{"a", "b", "Key", "=", "=", ",", ",", "[", "]", "{", "}", "'", `"`, `\`, " ", "\n", "é", "<", "|", "~", "1", `\,`, "a=b", "{a=b}", "[a,b]", "'x'"}
	r := rand.New(rand.NewPCG(1, 2))
	sound := []string{"a", "b c", "k=", "l=", ",", ",", ",k=", ",l=", ",m=", "[", "]", "[x,y]", "{n=o}", "{n=[x],p=q}", "'q,r'", `"s"`, `'\''`, " ", `\,`, "=", "]", "}"}
	for range 2000 {
		texts = append(texts, randomText(r, pieces, 12), "k="+randomText(r, sound, 6))
	}
	taken := 0
	for _, text := range texts {
		want := a.ask(question{Ask: "shorthand", Text: text})
		got, err := parseShorthand(text, func(string) (any, bool, error) { return nil, false, nil })
		if want.Error != "" {
			if err == nil || err.Error() != want.Error {
				t.Errorf("%q\ngot  %v %v\nwant %s", text, got, err, want.Error)
			}
			continue
		}
		taken++
		if err != nil {
			t.Errorf("%q\ngot error %v\nwant %v", text, err, want.Value)
			continue
		}
		if diff := cmp.Diff(want.Value, comparable(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if taken < 500 {
		t.Errorf("only %d of %d texts were in the syntax", taken, len(texts))
	}
}

func sameJSON(t *testing.T, a *awsCLI) {
	texts := []string{"", " ", "{", "{}", "[", "[1,2]", "[1,]", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `"a`, `"\x"`, `"\u12"`, `"\u12`, `"\ud83d\ude00"`, "\"a\nb\"", "1 2", "-", "-0", "01",
		"1.", "1.5e3", "1e", "nul", "{\n\"a\": 1\n\"b\": 2}", `{"é": "é", x}`, `"\`, `[1 2]`, `{"a":1 "b"}`, `{"a":1,"a":2}`, "tru", `{"a" 1}`, `"\u00zz"`, `"\u00e9"`, `{"a":}`, `[,]`}
	pieces := []string{"{", "}", "[", "]", ",", ":", `"a"`, `"b"`, `"`, "1", "-2.5", "true", "null", " ", "\n", "é", `\`, `\n`, `{"a":1}`}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1500 {
		texts = append(texts, randomText(r, pieces, 8))
	}
	for _, text := range texts {
		want := a.ask(question{Ask: "loads", Text: text})
		got, err := parseJSON(text)
		switch {
		case want.Error != "" && (err == nil || err.Error() != want.Error):
			t.Errorf("%q\ngot  %v %v\nwant %s", text, got, err, want.Error)
		case want.Error == "" && err != nil:
			t.Errorf("%q\ngot error %v\nwant %v", text, err, want.Value)
		case want.Error == "":
			if diff := cmp.Diff(want.Value, comparable(got)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", text, diff)
			}
		}
	}
}

// Command lines that hold every kind of member, and every kind of mistake.
func sameCommandLines(t *testing.T, a *awsCLI) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tags := write("tags.json", `[{"Key": "a", "Value": "b"}]`)
	policy := write("policy.json", "{\r\n}\n")
	binary := write("binary", "\xff\xfe")
	input := write("input.yaml", "RoleArn: x # why\nRoleSessionName: y\nTags:\n- Key: a\n  Value: b\n")
	for _, service := range []struct {
		name     string
		commands map[string][][]string
	}{
		{"sts", map[string][][]string{
			"assume-role": {
				{}, {"--generate-cli-skeleton", "output"}, {"--role-arn", "x"}, {"--role-arn", "x", "--role-session-name", "y", "--generate-cli-skeleton=output"}, {"--role-a", "x", "--role-s=y"}, {"--role", "x"}, {"--role=x"}, {"--role-arn"}, {"--role-arn", "--tags"}, {"--role-arn="},
				{"--role-arn", "x", "--role-session-name", "y", "foo", "bar", "--baz", "qux"}, {"foo", "--role-arn", "x", "--role-session-name", "y"}, {"-x"}, {"--role-arn", "x", "--role-session-name", "y", "-x"},
				{"--role-arn", "-5", "--role-session-name", "-5.5"}, {"--role-arn", "-a b", "--role-session-name", "-"}, {"--", "--role-arn", "x", "--role-session-name", "y"},
				{"--role-arn", "x", "--role-session-name", "y", "--", "z"}, {"--role-arn", "x", "--role-session-name", "y", "z", "--", "--a"}, {"z", "--role-arn", "x", "--role-session-name", "y", "--", "--a"}, {"--role-arn", "x", "--role-session-name", "y", "--"}, {"--role-arn", "--", "x"}, {"--role-arn", "x", "--role-arn", "z", "--role-session-name", "y"},
				{"--region", "r", "--role-arn", "x", "--output", "json", "--role-session-name", "y", "--debug=1"}, {"--reg", "r", "--role-arn", "x", "--role-session-name", "y"}, {"--role-arn", "x", "--role-session-name", "y", "--region"},
				{"--role-arn", "x", "--role-session-name", "y", "--no-sign"}, {"--role-arn", "x", "--role-session-name", "y", "--no-"},
				{"--role-arn", "x", "--role-session-name", "y", "--duration-seconds", " 3_6 "}, {"--role-arn", "x", "--role-session-name", "y", "--duration-seconds=-1"},
				{"--role-arn", "x", "--role-session-name", "y", "--tags"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "Key"},
				{"--role-arn", "x", "--role-session-name", "y", "--tags", "Key=a,Value=b", "Key=c,Value='d e'"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "Key=a,Value=b,Key=c"},
				{"--role-arn", "x", "--role-session-name", "y", "--tags", `[{"Key":"a","Value":"b"}]`}, {"--role-arn", "x", "--role-session-name", "y", "--tags", `{"Key":"a","Value":"b"}`, `{"Key":"c","Value":"d"}`},
				{"--role-arn", "x", "--role-session-name", "y", "--tags", `{"Key":"a","Value":"b"}`, "Key=c,Value=d"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", `[{"a"`}, {"--role-arn", "x", "--role-session-name", "y", "--tags", `{"a"`},
				{"--role-arn", "x", "--role-session-name", "y", "--tags", "Key=a,Valu=b"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "Key=[a],Value={b=c}"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "Key=a,b"},
				{"--role-arn", "x", "--role-session-name", "y", "--tags", "file://" + tags}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "file:///nowhere"}, {"--role-arn", "x", "--role-session-name", "y", "--tags", "file://" + dir},
				{"--role-arn", "x", "--role-session-name", "y", "--policy", "file://" + policy}, {"--role-arn", "x", "--role-session-name", "y", "--policy", "file://" + binary}, {"--role-arn", "x", "--role-session-name", "y", "--policy", "file://~/$NOTHING/${NOTHING}/x"},
				{"--role-arn", "x", "--role-session-name", "y", "--transitive-tag-keys", "a", "b"}, {"--role-arn", "x", "--role-session-name", "y", "--transitive-tag-keys", `["a", "b"]`}, {"--role-arn", "x", "--role-session-name", "y", "--transitive-tag-keys"},
				{"--role-arn", "x", "--role-session-name", "y", "--transitive-tag-keys", `["a", 1, null]`}, {"--role-arn", "x", "--role-session-name", "y", "--policy-arns", "arn=a", "arn=b"},
				{"--cli-input-json", `{"RoleArn":"x","RoleSessionName":"y","DurationSeconds":3}`}, {"--cli-input-json", `{"RoleArn":"x","RoleSessionName":"y"}`, "--role-arn", "z"}, {"--cli-input-json", "{}"}, {"--cli-input-json", "[1]"}, {"--cli-input-json", "{"},
				{"--cli-input-json", `{"RoleArn":1,"RoleSessionName":null,"DurationSeconds":"3","Tags":{"Key":"a"},"Policy":true,"PolicyArns":[1.5]}`}, {"--cli-input-json", `{"RoleArn":"x","RoleSessionName":"y","Nonsense":1,"Tags":[{"Value":"b","x":{}}]}`},
				{"--cli-input-yaml", "{RoleArn: x, RoleSessionName: yes}"}, {"--cli-input-yaml", "a: ["}, {"--cli-input-yaml", ""}, {"--cli-input-yaml", "file://" + input}, {"--cli-input-yaml", "file://" + input, "--role-arn", "z"}, {"--cli-input-yaml", "file:///nowhere"},
				{"--cli-input-yaml", "RoleArn: 1\nRoleSessionName: ~\n"}, {"--cli-input-yaml", "RoleArn: &a x\nRoleSessionName: *a\n"}, {"--cli-input-json", "{}", "--cli-input-yaml", "{}"},
				{"--generate-cli-skeleton"}, {"--generate-cli-skeleton", "nothing"}, {"--generate-cli-skeleton", "yaml-input"}, {"--generate-cli-skeleton", "input", "--role-arn", "x", "y"},
			},
			"get-caller-identity": {{}, {"--x"}, {"x"}},
		}},
		{"sso", map[string][][]string{
			"list-accounts": {{"--access-token", "t"}, {"--access-token", "t", "--max-items", "3"}, {"--access-token", "t", "--max-items", "abc"}, {"--access-token", "t", "--page-size", "2", "--starting-token", "x"}, {"--access-token", "t", "--max-results", "5"},
				{"--access-token", "t", "--next-token", "n"}, {"--access-token", "t", "--next-token", "n", "--max-items", "1"}, {"--access-token", "t", "--no-paginate", "--page-size", "1", "--starting-token", "s"}, {"--access-token", "t", "--no-paginate"},
				{"--cli-input-json", `{"accessToken":"t","maxResults":1}`}, {"--access-token", "t", "--m", "1"}},
			"get-role-credentials": {{"--role-name", "r", "--account-id", "1", "--access-token", "t"}, {"--role-name", "r", "--max-items", "1"}},
		}},
		{"identitystore", map[string][][]string{
			"create-user": {
				{"--identity-store-id", "d-1", "--user-name", "u", "--name", "FamilyName=f,GivenName=g", "--emails", "Value=a@b,Type=Work,Primary=true"}, {"--identity-store-id", "d-1", "--emails", "Value=a,Primary=maybe"},
				{"--identity-store-id", "d-1", "--name", "{"}, {"--identity-store-id", "d-1", "--name", "["}, {"--identity-store-id", "d-1", "--name", ""}, {"--identity-store-id", "d-1", "--name", "a=b\nc=d"}, {"--identity-store-id", "d-1", "--name", "file://" + policy},
				{"--identity-store-id", "d-1", "--emails", `[{"Primary":"yes"}]`},
			},
			"list-users": {{"--identity-store-id", "d-1", "--filters", "AttributePath=UserName,AttributeValue=a b"}, {"--identity-store-id", "d-1", "--filters", "AttributePath=UserName"}, {"--identity-store-id", "d-1", "--max-items=0", "--no-paginate"}},
			"get-user-id": {{"--identity-store-id", "d-1", "--alternate-identifier", "UniqueAttribute={AttributePath=a,AttributeValue=b}"}, {"--identity-store-id", "d-1", "--alternate-identifier", `{"UniqueAttribute":{"AttributePath":"a","AttributeValue":"b"}}`},
				{"--identity-store-id", "d-1", "--alternate-identifier", `{"UniqueAttribute":{"AttributePath":"a","AttributeValue":"b"},"ExternalId":{"Id":"i","Issuer":"i"}}`}, {"--identity-store-id", "d-1", "--alternate-identifier", "{}"},
				{"--identity-store-id", "d-1", "--alternate-identifier", `{"UniqueAttribute":{"AttributePath":"a","AttributeValue":[1,{"a":null}]}}`}},
			"update-group": {{"--identity-store-id", "d-1", "--group-id", "g", "--operations", "AttributePath=a,AttributeValue=b"}, {"--identity-store-id", "d-1", "--group-id", "g", "--operations", `[{"AttributePath":"a","AttributeValue":{"x":[1,2.5,true,null]}}]`}},
		}},
		{"organizations", map[string][][]string{
			"tag-resource":               {{"--resource-id", "1", "--tags", "Key=a,Value="}, {"--resource-id", "1", "--tags", "Key=a,Value=\"b,c\"", "Key=d,Value=e\\,f"}, {"--resource-id", "1", "--tags", "[Key=a]"}},
			"list-create-account-status": {{"--states", "SUCCEEDED", "FAILED", "--max-items", "4"}},
			"list-accounts":              {{"--max-items", "1"}, {"--max-results=1"}, {"--max-results", "2", "--next-token", "x"}},
		}},
		{"sso-admin", map[string][][]string{
			"create-account-assignment":                              {{"--instance-arn", "i", "--target-id", "1", "--target-type", "NONSENSE", "--permission-set-arn", "p", "--principal-type", "USER", "--principal-id", "u"}, {"--instance-arn", "i", "--target-type", "X"}},
			"create-instance-access-control-attribute-configuration": {{"--instance-arn", "i", "--instance-access-control-attribute-configuration", "AccessControlAttributes=[{Key=k,Value={Source=[s,t]}},{Key=l,Value={Source=u}}]"}},
		}},
	} {
		operations := a.operations(service.name)
		for command, lines := range service.commands {
			op := operations[command]
			if op == nil {
				t.Fatalf("%s %s is unknown", service.name, command)
			}
			for _, words := range lines {
				a.compare(op, service.name, command, words)
			}
		}
	}
}

func sameTimes(t *testing.T, a *awsCLI) {
	for _, text := range []string{"2020-01-02", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05", "2020-01-02 03:04:05", "2020-01-02T03:04", "2020-01-02T03", "20200102T030405Z", "20200102", "2020",
		"1577934245", "1577934245.5", "-5", "2020-01-02T03:04:05.123456Z", "2020-01-02T03:04:05+02:00", "2020-01-02T03:04:05+0200", "2020-01-02T03:04:05-07", "2020-01-02t03:04:05z",
		"Thu, 02 Jan 2020 03:04:05 GMT", "2020/01/02", "x", "2020-13-01", "2020-01-02T25:00:00Z", "2020-01-02T03:04:05 Z", "2020-01-02 03:04:05 +0100"} {
		want := a.ask(question{Ask: "time", Text: text})
		got, ok := parseTime(text)
		if ok != (want.Error == "") {
			t.Errorf("%q: got %v %v, want %v %s", text, got, ok, want.Value, want.Error)
			continue
		}
		if diff := cmp.Diff(want.Value, comparable(got)); ok && diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
