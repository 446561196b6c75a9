package doctor

import (
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// Facts are what the checks look at. What was not found out is left empty, and
// the checks that would need it find nothing.
type Facts struct {
	Now     time.Time
	Program string // what portico was called as
	OS      string // as runtime.GOOS
	Home    string
	Lookup  func(name string) (string, bool) // environment

	Config, Credentials *Text
	Merged              *awsconfig.Config // what both say, without their faults

	SSOCache, RoleCache []CacheFile
	Files               []File
	UID                 int // -1 where there are none
	Repositories        []Repository
	Leases              []Lease

	// Ends are when sign-ins to sessions end, however often they are refreshed, as far
	// as that is known.
	Ends map[string]time.Time
	// Typos counts by how many letters two names differ.
	Typos func(a, b string) int
	// Executable finds a program by its path or on PATH, as it would be started.
	Executable func(name string) error

	Tools       []Tool
	ToolsSought bool // so a tool that is not among Tools is not there
	NoBrowser   string
	BusyLocks   []Lock
	Bundles     []Bundle
	Keyrings    []Keyring
	Probes      []Probe
	Proxies     []Proxy
	Reaches     []Reach
}

// A CacheFile is a file of ~/.aws/sso/cache or ~/.aws/cli/cache.
type CacheFile struct {
	Path, Shown string
	Content     map[string]any // nil: it is not the JSON it should be
	Problem     string         // why it could not be read
}

func (c CacheFile) text(key string) string {
	s, _ := c.Content[key].(string)
	return s
}

// A File is something whose owner and mode matter.
type File struct {
	Path, Shown string
	Mode        uint32 // permission bits
	UID         int    // -1: unknown
	Dir         bool
	Secret      bool // nobody else may read it
	Dangling    bool // a link that leads nowhere
	Odd         bool // neither file nor directory as it should be
}

// A Repository is a git work tree that holds caches or credentials.
type Repository struct {
	Root, Shown string
	Exposed     []string // what no rule ignores, relative to Root, with slashes
}

// A Lock is one that another process holds for longer than anything takes.
type Lock struct {
	Path   string
	Holder int
}

// A Lease is a lock's sign of life for other computers, see package atomicfile.
type Lease struct {
	Path, Shown string
	Last        time.Time // its last sign of life
	Host        string
}

// A Tool is a program or a library that reads the AWS files.
type Tool struct {
	Name    string // "aws", "botocore"
	Path    string
	Version string // "" when it did not say
	Problem string // why it does not run
}

// A Reach is what was last listed of a session: all roles of a person.
type Reach struct {
	Session string
	Listed  time.Time
	Roles   map[string]bool // by ACCOUNT/ROLE
}

// A Bundle is a file of CA certificates that a setting names.
type Bundle struct {
	Path    string
	Setting string // what names it, such as AWS_CA_BUNDLE
	Problem string // why it cannot be used, or ""
	Where   string
}

// A Keyring is what there is to say of a sealed session's key.
type Keyring struct {
	Session string
	Problem string // why the key cannot be had
	Cure    string
}

// A Proxy is what a variable names.
type Proxy struct {
	Variable string
	Address  string // without user and password
	Problem  string // why it cannot be used
}

// Steps at which a probe fails.
const (
	StepProxy   = "proxy"
	StepName    = "name"
	StepConnect = "connect"
	StepTrust   = "trust"
	StepTLS     = "tls"
	StepAnswer  = "answer"
)

// A Probe is one look at one address.
type Probe struct {
	Host     string
	For      string // whose it is: "sso-session corp", "AWS_ENDPOINT_URL"
	Endpoint string // the setting that names the address, "" for AWS's own
	Session  string // whose start URL was asked, with Portal
	Portal   string // the region that the portal says it is in
	Step     string // where it failed, or ""
	Problem  string
	Issuer   string // who signed the certificate that is not trusted
	Bundle   string // the only authorities that are trusted, if a setting says so
	Ahead    time.Duration
	Dated    bool // Ahead is known
}

func (f *Facts) env(name string) string {
	v, _ := f.Lookup(name)
	return v
}

// texts are the two files.
func (f *Facts) texts() []*Text { return []*Text{f.Config, f.Credentials} }

// origin says where a key of a profile or session stands. Lines of the merged
// configuration are those of the files without their faults.
func (f *Facts) origin(o awsconfig.Origin) string {
	for _, t := range f.texts() {
		if o.File == t.Path && o.Line > 0 && o.Line <= len(t.lines) {
			return t.where(t.lines[o.Line-1].number)
		}
	}
	return ""
}

// header says where the section stands that AWS's reader uses.
func (f *Facts) header(s awsconfig.Section) string {
	t := f.Config
	if s.Kind == awsconfig.KindCredentials {
		t = f.Credentials
	}
	for i := len(t.sections) - 1; i >= 0; i-- {
		if t.sections[i].means && t.sections[i].Section == s {
			return t.where(t.sections[i].line)
		}
	}
	return ""
}

func profileSection(name string) awsconfig.Section {
	return awsconfig.Section{Kind: awsconfig.KindProfile, Name: name}
}

func sessionSection(name string) awsconfig.Section {
	return awsconfig.Section{Kind: awsconfig.KindSession, Name: name}
}
