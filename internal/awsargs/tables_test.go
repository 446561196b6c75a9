package awsargs

import (
	"testing"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// The samples of portico's own tables hold what the AWS CLI's hold, in its order.
// AWS adds members, so theirs may be fewer.
func sameTables(t *testing.T, a *awsCLI) {
	compared := 0
	for _, service := range admin.Services() {
		theirs := a.operations(service.Command)
		for _, op := range service.Operations {
			their := theirs[awsmodel.CommandName(op.Name)]
			if their == nil {
				continue
			}
			for _, kind := range []string{"input", "output"} {
				got, err := Skeleton(op, kind)
				if err != nil {
					t.Fatal(err)
				}
				want, err := Skeleton(their, kind)
				if err != nil {
					t.Fatal(err)
				}
				// AWS has since put the identifiers first in identitystore's answers.
				ordered := kind == "input" || service.Command != "identitystore"
				holds(t, service.Command+" "+op.Name+" "+kind, got, want, ordered)
				compared++
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d samples were compared", compared)
	}
}

// holds requires got to have all of want.
func holds(t *testing.T, path string, got, want any, ordered bool) {
	t.Helper()
	switch want := want.(type) {
	case output.Object:
		o, ok := got.(output.Object)
		if !ok {
			t.Errorf("%s is %v, want %v", path, got, want)
			return
		}
		next := 0
		for _, m := range want {
			i := next
			for i < len(o) && o[i].Name != m.Name {
				i++
			}
			if i == len(o) {
				t.Errorf("%s lacks %s, or has it in another place", path, m.Name)
				continue
			}
			holds(t, path+"."+m.Name, o[i].Value, m.Value, ordered)
			if ordered {
				next = i + 1
			}
		}
	case []any:
		if list, ok := got.([]any); !ok || len(list) != 1 {
			t.Errorf("%s is %v, want a list", path, got)
		} else {
			holds(t, path+"[0]", list[0], want[0], ordered)
		}
	default:
		// Of an enumeration the first may be another by now.
		if _, text := want.(string); text {
			if _, ok := got.(string); !ok {
				t.Errorf("%s is %v, want %q", path, got, want)
			}
		} else if got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}
