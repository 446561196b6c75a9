package awsconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What botocore makes of a command on Windows.
func TestSplitWindows(t *testing.T) {
	for command, want := range map[string][]string{
		``:                                   nil,
		"  \t ":                              nil,
		`C:\tools\keys.exe --role x`:         {`C:\tools\keys.exe`, "--role", "x"},
		`"C:\Program Files\keys.exe"  "a b"`: {`C:\Program Files\keys.exe`, "a b"},
		`\\server\share\keys.exe 'a b'`:      {`\\server\share\keys.exe`, `'a`, `b'`},
		`a "" b`:                             {"a", "", "b"},
		`a\"b c\\"d e" f\\\"g`:               {`a"b`, `c\d e`, `f\"g`},
		`"dir\\" x\`:                         {`dir\`, `x\`},
		`"{\"Version\": 1}"`:                 {`{"Version": 1}`},
		`a"b c"d`:                            {"ab cd"},
	} {
		got, ok := splitWindows(command)
		if !ok || !cmp.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", command, got, ok, want)
		}
	}
	for _, command := range []string{`"`, `a "b`, `"a\"`} {
		if got, ok := splitWindows(command); ok {
			t.Errorf("%s: got %q, want it refused", command, got)
		}
	}
}
