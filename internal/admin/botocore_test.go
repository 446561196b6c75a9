package admin_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
)

// A botoShape is a shape in the words of testdata/models.py.
type botoShape struct {
	Type    string
	Union   bool
	Members []botoMember
	Element *botoShape
	Key     *botoShape
	Enum    []string
}

type botoMember struct {
	name     string
	required bool
	shape    botoShape
}

func (m *botoMember) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&m.name, &m.required, &m.shape})
}

type botoOperation struct {
	Input, Output botoShape
	Paging        *struct {
		InputToken  string `json:"input_token"`
		OutputToken string `json:"output_token"`
		LimitKey    string `json:"limit_key"`
		ResultKey   string `json:"result_key"`
	}
	Open bool
}

// boto3 returns what botocore's models say. It may be absent, or too old, unless
// PORTICO_REQUIRE says it may not.
func boto3(t *testing.T, services ...string) map[string]map[string]botoOperation {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{"-B", "testdata/models.py"}, services...)...)
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "boto3") {
			t.Fatalf("boto3 is required: %v\n%s", err, &problem)
		}
		t.Skipf("boto3: no python3 with botocore 1.43: %v", err)
	}
	var models map[string]map[string]botoOperation
	if err := json.Unmarshal(out, &models); err != nil {
		t.Fatal(err)
	}
	return models
}

// The tables agree with the models that the AWS CLI works from: in operations,
// members and their order, what is required, which strings there are, and how
// listings go on. The SDK is newer, and may have more.
func TestTablesAgreeWithBotocore(t *testing.T) {
	t.Parallel()
	var names []string
	for _, svc := range admin.Services() {
		names = append(names, svc.Command)
	}
	models := boto3(t, names...)
	for _, svc := range admin.Services() {
		c := &comparison{t: t}
		for name, want := range models[svc.Command] {
			c.path = svc.Command + " " + name
			i := slices.IndexFunc(svc.Operations, func(op *awsmodel.Operation) bool { return op.Name == name })
			if i < 0 {
				t.Errorf("%s is missing", c.path)
				continue
			}
			op := svc.Operations[i]
			c.shape(op.Input, want.Input, ".input")
			c.shape(op.Output, want.Output, ".output")
			if op.Open != want.Open {
				t.Errorf("%s: open is %v, in botocore %v", c.path, op.Open, want.Open)
			}
			switch {
			case want.Paging == nil && op.Paging != nil:
				c.newer = append(c.newer, c.path+" pages")
			case want.Paging == nil:
			case op.Paging == nil:
				t.Errorf("%s does not page, and does in botocore", c.path)
			case *want.Paging != struct {
				InputToken  string `json:"input_token"`
				OutputToken string `json:"output_token"`
				LimitKey    string `json:"limit_key"`
				ResultKey   string `json:"result_key"`
			}{op.Paging.InputToken, op.Paging.OutputToken, op.Paging.Limit, strings.Join(op.Paging.Results, ",")}:
				t.Errorf("%s: pages by %+v, in botocore by %+v", c.path, *op.Paging, *want.Paging)
			}
		}
		for _, n := range c.newer {
			t.Logf("newer than botocore: %s", n)
		}
	}
}

// What AWS has changed in newer models than botocore 1.43.11's: members that
// have moved, and one that has become required.
var (
	moved = []string{
		"identitystore CreateGroup.output", "identitystore CreateGroupMembership.output", "identitystore GetGroupId.output",
		"identitystore GetGroupMembershipId.output", "identitystore DescribeGroup.output", "identitystore ListGroups.output.Groups[]",
	}
	nowRequired = []string{
		"identitystore ListGroupMemberships.output.GroupMemberships[].MembershipId",
		"identitystore ListGroupMembershipsForMember.output.GroupMemberships[].MembershipId",
	}
)

type comparison struct {
	t     *testing.T
	path  string
	newer []string
}

var botoTypes = map[string]awsmodel.Kind{
	"structure": awsmodel.Structure, "list": awsmodel.List, "map": awsmodel.Map, "string": awsmodel.String, "boolean": awsmodel.Boolean,
	"integer": awsmodel.Integer, "long": awsmodel.Long, "float": awsmodel.Float, "double": awsmodel.Double, "timestamp": awsmodel.Timestamp,
	"blob": awsmodel.Blob, "document": awsmodel.Document,
}

func (c *comparison) shape(got *awsmodel.Shape, want botoShape, at string) {
	if want.Type == "again" {
		return
	}
	if kind, ok := botoTypes[want.Type]; !ok || kind != got.Kind || got.Union != want.Union {
		c.t.Errorf("%s%s is of kind %d, in botocore a %s", c.path, at, got.Kind, want.Type)
		return
	}
	if want.Enum != nil && got.Enum != nil && slices.ContainsFunc(want.Enum, func(v string) bool { return !slices.Contains(got.Enum, v) }) {
		c.t.Errorf("%s%s is one of %v, in botocore of %v", c.path, at, got.Enum, want.Enum)
	}
	if want.Element != nil {
		c.shape(got.Element, *want.Element, at+"[]")
	}
	if want.Key != nil {
		c.shape(got.Key, *want.Key, at+" key")
	}
	var both []string
	for _, m := range got.Members {
		if !slices.ContainsFunc(want.Members, func(w botoMember) bool { return w.name == m.Name }) {
			c.newer = append(c.newer, c.path+at+"."+m.Name)
			continue
		}
		both = append(both, m.Name)
	}
	var order []string
	for _, w := range want.Members {
		order = append(order, w.name)
		m, ok := got.Member(w.name)
		if !ok {
			continue // the order tells
		}
		if m.Required != w.required && !(m.Required && slices.Contains(nowRequired, c.path+at+"."+w.name)) {
			c.t.Errorf("%s%s.%s: required is %v, in botocore %v", c.path, at, w.name, m.Required, w.required)
		}
		c.shape(m.Shape, w.shape, at+"."+w.name)
	}
	if slices.Contains(moved, c.path+at) {
		slices.Sort(both)
		slices.Sort(order)
	}
	if !slices.Equal(both, order) {
		c.t.Errorf("%s%s has members %s\nin botocore %s", c.path, at, fmt.Sprint(both), fmt.Sprint(order))
	}
}
