package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const documentation = "../../../docs/control-api.md"

// described is what the documentation says of one operation.
type described struct {
	method         string
	parameters     []string
	request, reply string // JSON
	errors         []string
}

// readDocumentation takes docs/control-api.md apart: its operations by name, and
// its table of errors.
func readDocumentation(t testing.TB) (operations map[string]described, errors map[string]bool) {
	t.Helper()
	data, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	operations, errors = map[string]described{}, map[string]bool{}
	heading := regexp.MustCompile("^`([A-Z]+) " + regexp.QuoteMeta(Path) + "([a-z-]+)`\n")
	code := regexp.MustCompile("`([a-z_]+)`")
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
	jsonAfter := func(section, title string) string {
		_, after, found := strings.Cut(section, "\n"+title+":\n\n```json\n")
		if !found {
			return ""
		}
		block, _, _ := strings.Cut(after, "\n```")
		return block
	}
	for section := range strings.SplitSeq("\n"+string(data), "\n### ") {
		section, _, _ = strings.Cut(section, "\n## ")
		m := heading.FindStringSubmatch(section)
		if m == nil {
			continue
		}
		d := described{method: m[1], request: jsonAfter(section, "Request"), reply: jsonAfter(section, "Reply")}
		if m[1] == http.MethodGet { // the tables of others tell of fields
			for _, r := range row.FindAllStringSubmatch(section, -1) {
				d.parameters = append(d.parameters, r[1])
			}
		}
		if _, line, found := strings.Cut(section, "\nErrors: "); found {
			line, _, _ = strings.Cut(line, "\n")
			for _, c := range code.FindAllStringSubmatch(line, -1) {
				d.errors = append(d.errors, c[1])
			}
		}
		if _, twice := operations[m[2]]; twice {
			t.Errorf("%s is documented twice", m[2])
		}
		operations[m[2]] = d
	}
	_, table, _ := strings.Cut(string(data), "\n## Errors\n")
	for _, r := range row.FindAllStringSubmatch(table, -1) {
		errors[r[1]] = true
	}
	return operations, errors
}

func TestDocumentation(t *testing.T) {
	documented, table := readDocumentation(t)
	for name := range documented {
		if _, ok := operations()[name]; !ok {
			t.Errorf("%s is documented and does not exist", name)
		}
	}
	for name, op := range operations() {
		d, ok := documented[name]
		if !ok {
			t.Errorf("%s is not documented", name)
			continue
		}
		if d.method != op.method {
			t.Errorf("%s: documented as %s, is %s", name, d.method, op.method)
		}
		if !slices.Equal(d.parameters, op.query) {
			t.Errorf("%s: documented parameters %v, takes %v", name, d.parameters, op.query)
		}
		holdsTo(t, name+" request", d.request, op.request)
		for _, missing := range holdsTo(t, name+" reply", d.reply, op.reply) {
			t.Errorf("%s: the reply lacks %s", name, missing)
		}
		for _, code := range d.errors {
			if !table[code] {
				t.Errorf("%s: error %s is not in the table", name, code)
			}
		}
	}
}

// holdsTo checks that an example in JSON is of the type of value, nil for none.
// missing are the fields that it does not show, and that may not be left out.
func holdsTo(t *testing.T, what, example string, value any) (missing []string) {
	t.Helper()
	if value == nil || example == "" {
		if value != nil || example != "" {
			t.Errorf("%s: documented as %q, is %T", what, example, value)
		}
		return nil
	}
	into := reflect.New(reflect.TypeOf(value))
	d := json.NewDecoder(strings.NewReader(example))
	d.DisallowUnknownFields()
	if err := d.Decode(into.Interface()); err != nil {
		t.Errorf("%s: %v in %s", what, err, example)
		return nil
	}
	if d.More() {
		t.Errorf("%s: something follows the JSON value", what)
	}
	var shown any
	if err := json.Unmarshal([]byte(example), &shown); err != nil {
		t.Fatal(err)
	}
	return missingFields(into.Elem().Type(), shown)
}

// missingFields names the fields of a type that JSON of it would always have,
// and an example has not.
func missingFields(of reflect.Type, example any) (missing []string) {
	switch shown := example.(type) {
	case []any:
		if len(shown) == 0 {
			return []string{"an element"}
		}
		for _, element := range shown {
			missing = append(missing, missingFields(of.Elem(), element)...)
		}
	case map[string]any:
		if of.Kind() != reflect.Struct {
			return nil
		}
		for i := range of.NumField() {
			name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			value, there := shown[name]
			switch {
			case name == "-" || name == "":
			case there:
				for _, m := range missingFields(of.Field(i).Type, value) {
					missing = append(missing, name+"."+m)
				}
			case !strings.Contains(options, "omit"):
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// Every code that this package has is explained, and so are those it takes from
// package grant, as far as decide-device can meet them.
func TestErrorCodesAreDocumented(t *testing.T) {
	_, table := readDocumentation(t)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`(?:Code: |"code":)"([a-z_]+)"`)
	found := map[string]bool{}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
	}
	if len(found) < 10 {
		t.Errorf("found %d codes in the source: is this test still reading them?", len(found))
	}
	for code := range found {
		if !table[code] {
			t.Errorf("error %s is not documented", code)
		}
	}
}

// The examples run as they stand, against an Identity Center that is found by its
// record.
func TestExamplesRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	data, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		language, program string
		needs             []string
		want              []string
	}{
		{"sh", "sh", []string{"sh", "curl"}, []string{`"users":["zoe","alice","gone"]`, `"count":2`, `"eventName":"AddFault"`}},
		{"python", "python3", []string{"python3"}, []string{"['zoe', 'alice', 'gone']", "AddDecision", "ClearFaults", "ClearDecisions"}},
	} {
		t.Run(test.language, func(t *testing.T) {
			for _, needed := range test.needs {
				if _, err := exec.LookPath(needed); err != nil {
					t.Skip(needed + " is not installed")
				}
			}
			_, after, found := strings.Cut(string(data), "\n```"+test.language+"\n")
			if !found {
				t.Fatalf("there is no example in %s", test.language)
			}
			example, _, _ := strings.Cut(after, "\n```")
			c := newCenter(t)
			dir := filepath.Join(t.TempDir(), "local")
			dead := deadRecord(t)
			dead.Started = time.Now().Add(-time.Hour)
			for _, r := range []Record{dead, c.Record} {
				if _, err := Publish(dir, r); err != nil {
					t.Fatal(err)
				}
			}
			if test.language == "sh" { // which takes the latest and asks for no proof
				old := time.Now().Add(-time.Hour)
				if err := os.Chtimes(filepath.Join(dir, ID(dead.Key)+suffix), old, old); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), test.program)
			cmd.Stdin = strings.NewReader(example)
			cmd.Env = append(os.Environ(), "PORTICO_LOCAL_DIR="+dir, "HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1")
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("got %s, want %s in it", &stdout, want)
				}
			}
			if strings.Contains(stdout.String()+stderr.String(), c.Key) {
				t.Error("the key was printed")
			}
		})
	}
}
