package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/awsmodel"
)

func TestAnswerWords(t *testing.T) {
	list := awsmodel.Member{Name: "Tags", Shape: &awsmodel.Shape{Kind: awsmodel.List}}
	for answer, want := range map[string][]string{
		"a":                        {"--tags=a"},
		" a  b ":                   {"--tags", "a", "b"},
		"Key=a,Value='b c' Key=d":  {"--tags", "Key=a,Value='b c'", "Key=d"},
		`[{"Key": "a"}]`:           {`--tags=[{"Key": "a"}]`},
		`{"Key": "a"} {"Key": ""}`: {"--tags", `{"Key": "a"}`, `{"Key": ""}`},
		"'a b' c":                  {"--tags", "a b", "c"},
		"'a b":                     {"--tags='a b"},
		"it's d":                   {"--tags=it's d"},
		"-1":                       {"--tags=-1"},
	} {
		if diff := cmp.Diff(want, answerWords(list, answer)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", answer, diff)
		}
	}
	word := awsmodel.Member{Name: "RoleArn", Shape: &awsmodel.Shape{Kind: awsmodel.String}}
	if diff := cmp.Diff([]string{"--role-arn=a b"}, answerWords(word, "a b")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
