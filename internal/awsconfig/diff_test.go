package awsconfig

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"pgregory.net/rapid"
)

// Whatever the texts, the edits make the one of the other.
func TestLineEdits(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"[profile a]\n", "[profile b]\n", "[profile c]\n", "region = x\n", "\n", "k = 1\n", "end"}), 0, 20).Draw(t, "lines"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		got, err := udiff.Apply(before, lineEdits(before, after))
		if err != nil || got != after {
			t.Fatalf("got %q, %v, want %q", got, err, after)
		}
	})
}

// A section in every tenth place: the diff has them, and nothing else.
func TestDiffOfManyPlaces(t *testing.T) {
	t.Parallel()
	var before, after strings.Builder
	const sections = 3000
	for i := range sections {
		text := fmt.Sprintf("[profile p%d]\nregion = eu-west-1\noutput = json\n\n", i)
		after.WriteString(text)
		if i%10 != 5 {
			before.WriteString(text)
		}
	}
	added, removed := Change{Before: []byte(before.String()), After: []byte(after.String())}.Lines()
	if added != sections/10*4 || removed != 0 {
		t.Errorf("got +%d -%d, want +%d -0", added, removed, sections/10*4)
	}
}

// What is a secret within a value is hidden there alone, and what differs shows.
func TestDiffMasksWithinValues(t *testing.T) {
	t.Parallel()
	c := Change{File: "config",
		Before: []byte("[default]\nendpoint_url = https://me:old-hush@example.test/x\ncredential_process = /opt/get --api-token=a-hush --for me@example.test\nregion = a\n"),
		After:  []byte("[default]\nendpoint_url = https://me:new-hush@example.test/x\ncredential_process = /opt/get --api-token=a-hush --for me@example.test\nregion = b\n"),
	}
	const want = `--- config
+++ config
@@ -1,4 +1,4 @@
 [default]
-endpoint_url = https://me:****@example.test/x
+endpoint_url = https://me:****@example.test/x
 credential_process = /opt/get --api-token=**** --for me@example.test
-region = a
+region = b
`
	if got := c.Diff(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiffMasksSecrets(t *testing.T) {
	t.Parallel()
	c := Change{File: "config",
		Before: []byte("[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = old-hush\n# aws_session_token=note-hush\nclient_secret =\n   more-hush\nregion = a\n"),
		After:  []byte("[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = new-hush\n# aws_session_token=note-hush\nclient_secret =\n   more-hush\nregion = b\n"),
	}
	const want = `--- config
+++ config
@@ -1,7 +1,7 @@
 [default]
 aws_access_key_id = AKIAEXAMPLE
-aws_secret_access_key = ****
+aws_secret_access_key = ****
 # aws_session_token=****
 client_secret =
    ****
-region = a
+region = b
`
	if got := c.Diff(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
