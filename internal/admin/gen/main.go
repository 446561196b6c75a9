// Command gen writes the tables of AWS operations that package admin works
// from, one Go file for each service. It reads the sources of the AWS SDK that
// go.mod names, in the module cache, and asks nothing of the network.
//
// Of five services the SDK keeps the model's order of members, in their schemas
// packages. Of STS it does not; that order is in sts.txt.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// A service says what the SDK's sources do not.
type service struct {
	Package string // of the SDK
	Command string // of the AWS CLI
	Title   string
	Open    []string // operations that are not signed
	Order   string   // the file with the order of members; "" where the SDK has it
}

const every = "*"

var services = []service{
	{Package: "sso", Command: "sso", Title: "AWS Single Sign-On", Open: []string{every}},
	{Package: "ssooidc", Command: "sso-oidc", Title: "AWS SSO OIDC", Open: []string{"CreateToken", "RegisterClient", "StartDeviceAuthorization"}},
	{Package: "ssoadmin", Command: "sso-admin", Title: "AWS Single Sign-On Admin"},
	{Package: "identitystore", Command: "identitystore", Title: "AWS SSO Identity Store"},
	{Package: "organizations", Command: "organizations", Title: "AWS Organizations"},
	{Package: "sts", Command: "sts", Title: "AWS Security Token Service", Open: []string{"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}, Order: "sts.txt"},
}

func main() {
	// go generate runs in the directory of package admin.
	for _, s := range services {
		code, err := generate(s, "gen")
		if err == nil {
			err = os.WriteFile(s.file(), code, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "gen: %s: %v\n", s.Package, err)
			os.Exit(1)
		}
	}
}

// file is what the service's table is called, in package admin's directory.
func (s service) file() string { return "table_" + s.Package + ".go" }

// generate returns the file for a service. Dir is where the generator's own
// files are.
func generate(s service, dir string) ([]byte, error) {
	src, err := openSDK(s.Package)
	if err != nil {
		return nil, err
	}
	var m *model
	if s.Order == "" {
		m, err = readSchemas(src)
	} else {
		m, err = readTypes(src, filepath.Join(dir, s.Order))
	}
	if err != nil {
		return nil, err
	}
	if err := src.annotate(m, s); err != nil {
		return nil, err
	}
	return write(s, src, m)
}
