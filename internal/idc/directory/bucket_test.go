package directory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func TestBucketNames(t *testing.T) {
	for name, want := range map[string]string{
		"abc": "", "a.b-c": "", "0123": "", strings.Repeat("a", 63): "", "10.0.0.1.a": "", "a.mrap.b": "",
		"ab": "is no bucket name", strings.Repeat("a", 64): "is no bucket name", "Abc": "is no bucket name", "a_c": "is no bucket name",
		"-abc": "is no bucket name", "abc.": "is no bucket name", "": "is no bucket name",
		"a..b": "has a dot beside", "a.-b": "has a dot beside", "a-.b": "has a dot beside",
		"10.0.0.1": "looks like an IP address", "999.999.999.999": "looks like an IP address",
		"xn--abc": "begins with xn--", "sthree-abc": "begins with sthree-",
		"abc-s3alias": "ends in -s3alias", "abc--ol-s3": "ends in --ol-s3", "abc.mrap": "ends in .mrap",
		"abc--x-s3": "ends in --x-s3", "abc--table-s3": "ends in --table-s3",
	} {
		o := directory.Organisation{StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
			Accounts: []directory.Account{{ID: "111111111111", Name: "dev", Buckets: []directory.Bucket{{Name: name}}}}}
		err := o.Validate()
		if want == "" {
			if err != nil {
				t.Errorf("%q: got %v, want a bucket name", name, err)
			}
			continue
		}
		if e, ok := errors.AsType[*directory.InvalidError](err); !ok || e.Path != "accounts[0].buckets[0].name" || !strings.Contains(e.Problem, want) {
			t.Errorf("%q: got %v, want it to say %q", name, err, want)
		}
	}
}
