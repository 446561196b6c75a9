// Package portico holds the tests of the repository as a whole: who may import
// whom, and that what the README says works.
package portico

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/portico-sso/portico"

type goPackage struct {
	ImportPath string
	Imports    []string
}

// listPackages lists the module's packages with what they import on any of the
// systems portico runs on.
func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	packages := map[string]goPackage{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
			var p goPackage
			if err := d.Decode(&p); err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(p.ImportPath, module+"/")
			p.Imports = append(p.Imports, packages[name].Imports...)
			slices.Sort(p.Imports)
			p.Imports = slices.Compact(p.Imports)
			packages[name] = p
		}
	}
	return packages
}

// mayImport says which of portico's packages each may import, tests apart.
var mayImport = map[string][]string{
	"cmd/portico": {"internal/cli"},
	// What it links is its cost: see budget_test.go.
	"cmd/portico-credential-process": {"internal/atomicfile/location", "internal/awsconfig/scan", "internal/statedir", "internal/wallet/rolecache"},
	// They measure, and are linked by nothing.
	"bench":       {},
	"bench/floor": {},
	"bench/gosdk": {},

	// scan: completions and prompts are waited for at each key. pace: one limit for
	// all the calls of a command, however many places make them.
	"internal/cli": {"internal/terminal", "internal/output", "internal/awsconfig", "internal/awsconfig/scan", "internal/awsmodel", "internal/awsargs",
		"internal/signin", "internal/creds", "internal/pace", "internal/catalog", "internal/admin", "internal/access", "internal/profiles", "internal/doctor",
		"internal/console", "internal/wallet", "internal/wallet/rolecache", "internal/seal", "internal/serve", "internal/atomicfile", "internal/statedir",
		"internal/idc", "internal/idc/browse", "internal/idc/control", "internal/idc/directory", "internal/idc/proxy", "internal/idc/seed"},
	// It judges what others say of files, and takes their words for it: what a start URL
	// names, what a cache file is called, what a header means.
	"internal/doctor": {"internal/awsconfig", "internal/awsconfig/syntax", "internal/signin", "internal/wallet", "internal/atomicfile"},
	// For who documents: it writes docs/reference and man pages.
	"internal/cli/reference": {"internal/cli"},
	// For tests alone: a keyring.
	"internal/cli/clitest": {"internal/cli", "internal/seal"},
	"internal/terminal":    {},
	// For tests alone: what a person sees.
	"internal/terminal/screen": {},
	"internal/output":          {"internal/pyjson"},
	"internal/pyjson":          {},
	"internal/statedir":        {},
	"internal/atomicfile":      {"internal/atomicfile/location"},
	"internal/awsmodel":        {},
	"internal/awsargs":         {"internal/awsmodel", "internal/output"},
	"internal/awsconfig":       {"internal/atomicfile", "internal/awsconfig/syntax"},
	"internal/wallet":          {"internal/atomicfile", "internal/pyjson", "internal/wallet/rolecache"},
	// How one of many callers renews what all of them use: signin's tokens and creds'
	// role credentials go the same way.
	"internal/renewal": {"internal/wallet", "internal/wallet/rolecache"},
	// The wallet says what it wants of a vault, so that it links no cryptography.
	"internal/seal": {"internal/wallet", "internal/atomicfile"},
	// Leaves, for a program that must start fast.
	"internal/atomicfile/location": {},
	"internal/awsconfig/syntax":    {},
	"internal/awsconfig/scan":      {"internal/awsconfig/syntax"},
	"internal/wallet/rolecache":    {"internal/pyjson"},
	// signin, creds and admin take from awsconfig what a region may look like, so that
	// there is one answer to what may become part of a host name.
	"internal/signin": {"internal/renewal", "internal/wallet", "internal/awsconfig", "internal/pace"},
	"internal/creds":  {"internal/renewal", "internal/signin", "internal/wallet", "internal/awsconfig"},
	// From what a person reaches and the config to the edits: it asks nobody.
	"internal/profiles": {"internal/awsconfig"},
	"internal/catalog":  {"internal/signin", "internal/wallet", "internal/atomicfile", "internal/pace"},
	// How fast to call what has a limit: it knows no network.
	"internal/pace":  {},
	"internal/serve": {"internal/atomicfile"},
	"internal/admin": {"internal/signin", "internal/awsconfig", "internal/awsmodel", "internal/output"},
	// The console's federation endpoint takes credentials as they are, and plain HTTP.
	"internal/console": {},
	// An administrator's question, asked by admin's calls.
	"internal/access": {"internal/admin", "internal/atomicfile", "internal/awsmodel", "internal/output", "internal/signin"},
	// It runs when the tables are made, and reads the SDK's sources.
	"internal/admin/gen": {"internal/awsmodel"},

	"internal/idc": {"internal/idc/awsapi", "internal/idc/portal", "internal/idc/control", "internal/idc/seed",
		"internal/idc/sqlstore", "internal/idc/grant", "internal/idc/directory", "internal/idc/events", "internal/idc/fault"},
	"internal/idc/awsapi":                {"internal/idc/sigv4", "internal/idc/policy", "internal/idc/grant", "internal/idc/directory", "internal/idc/events"},
	"internal/idc/portal":                {"internal/idc/grant", "internal/idc/directory", "internal/idc/events"},
	"internal/idc/control":               {"internal/idc/grant", "internal/idc/directory", "internal/idc/events", "internal/idc/fault", "internal/atomicfile"},
	"internal/idc/events":                {},
	"internal/idc/fault":                 {},
	"internal/idc/proxy":                 {},
	"internal/idc/browse":                {"internal/idc/control"},
	"internal/idc/seed":                  {"internal/idc/directory"},
	"internal/idc/sqlstore":              {"internal/idc/grant", "internal/idc/directory", "internal/idc/events"},
	"internal/idc/sigv4":                 {},
	"internal/idc/policy":                {},
	"internal/idc/grant":                 {},
	"internal/idc/directory":             {},
	"internal/idc/grant/conformance":     {"internal/idc/grant"},
	"internal/idc/directory/conformance": {"internal/idc/directory"},

	"idctest":     {"internal/idc", "internal/idc/browse", "internal/idc/control", "internal/idc/events", "internal/idc/grant", "internal/idc/seed"},
	"interop":     {}, // tests alone, as the next two
	"docs/images": {},

	"internal/idc/portal/browser": {},
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	for name, p := range packages {
		allowed, known := mayImport[name]
		if name == module || strings.HasSuffix(name, "_test") {
			continue
		}
		if !known {
			t.Errorf("%s is new: say in mayImport what it may import", name)
			continue
		}
		for _, i := range p.Imports {
			if own, ok := strings.CutPrefix(i, module+"/"); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s, which it may not", name, own)
			}
		}
	}
	for name, allowed := range mayImport {
		if _, ok := packages[name]; !ok {
			t.Errorf("mayImport speaks of %s, which does not exist", name)
		}
		for _, own := range allowed {
			if !slices.Contains(packages[name].Imports, module+"/"+own) {
				t.Errorf("%s may import %s and does not: take the permission back", name, own)
			}
		}
	}
}

// outside says which packages may import a library from elsewhere. Whatever is
// not listed may be imported by nobody.
var outside = []struct {
	prefix string
	by     []string
}{
	{"github.com/spf13/", []string{"internal/cli", "internal/cli/reference"}},
	{"charm.land/", []string{"internal/terminal"}},
	{"github.com/aymanbagabas/go-udiff", []string{"internal/awsconfig"}},
	{"github.com/sahilm/fuzzy", []string{"internal/terminal"}},
	{"github.com/mattn/go-runewidth", []string{"internal/terminal", "internal/terminal/screen"}},
	{"golang.org/x/term", []string{"internal/terminal"}},
	{"rsc.io/qr", []string{"internal/terminal"}}, // QR codes for phones
	{"github.com/gofrs/flock", []string{"internal/atomicfile"}},
	{"github.com/aws/", []string{"internal/signin", "internal/creds", "internal/catalog", "internal/admin", "idctest", "bench/gosdk"}},
	{"golang.org/x/sync/", []string{"internal/access"}},
	{"modernc.org/", []string{"internal/idc/sqlstore"}},
	{"go.yaml.in/", []string{"internal/idc/seed", "internal/awsargs"}},
	{"golang.org/x/crypto/", []string{"internal/idc/directory"}},
	{"filippo.io/age", []string{"internal/seal"}},
	{"github.com/zalando/go-keyring", []string{"internal/seal", "internal/cli/clitest"}},
	{"golang.org/x/net/html", []string{"internal/idc/browse"}},
	{"golang.org/x/net/netutil", []string{"internal/idc", "internal/idc/proxy"}},
	{"golang.org/x/sys/", []string{"internal/atomicfile", "internal/terminal", "internal/serve", "internal/seal"}}, // serve: whose process asks
	{"github.com/google/go-cmp/", []string{"internal/idc/grant/conformance", "internal/idc/directory/conformance"}},
}

func TestOutsideImports(t *testing.T) {
	used := map[string]bool{}
	for name, p := range listPackages(t) {
	imports:
		for _, i := range p.Imports {
			if first, _, _ := strings.Cut(i, "/"); !strings.Contains(first, ".") || strings.HasPrefix(i, module) {
				continue
			}
			for _, rule := range outside {
				if strings.HasPrefix(i, rule.prefix) {
					used[rule.prefix+name] = true
					if !slices.Contains(rule.by, name) {
						t.Errorf("%s imports %s, which only %v may", name, i, rule.by)
					}
					continue imports
				}
			}
			t.Errorf("%s imports %s, which nobody may", name, i)
		}
	}
	for _, rule := range outside {
		for _, name := range rule.by {
			if !used[rule.prefix+name] {
				t.Errorf("%s may import %s and does not: take the permission back", name, rule.prefix)
			}
		}
	}
}

// The two halves meet on the wire: nothing the server links is of the client or
// of the AWS SDK.
func TestServerLinksNoClient(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./internal/idc/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		own, ours := strings.CutPrefix(dep, module+"/")
		if strings.HasPrefix(dep, "github.com/aws/") ||
			(ours && !strings.HasPrefix(own, "internal/idc") && own != "internal/atomicfile" && own != "internal/atomicfile/location") {
			t.Errorf("internal/idc links %s", dep)
		}
	}
}
