package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile/location"
	"github.com/portico-sso/portico/internal/awsconfig/scan"
	"github.com/portico-sso/portico/internal/statedir"
	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// cached is what portico would print for the command line, if that is beyond
// doubt.
func cached(args []string) ([]byte, bool) {
	profile, ok := chosen(args)
	home := os.Getenv(statedir.HomeVariable())
	if !ok || home == "" || os.Getenv("_AWS_CLI_PROFILE_CHAIN") != "" {
		return nil, false
	}
	f := files{home: home, locks: statedir.Locks(statedir.In(home, os.LookupEnv))}
	sso, ok := f.profile(profile)
	if !ok {
		return nil, false
	}
	c, ok := f.credentials(sso)
	if !ok || !c.Lasts(time.Now()) {
		return nil, false
	}
	return c.Process(), true
}

// chosen is the profile of a command line that has nothing but --profile, or of
// the environment, where nothing in the environment comes before it.
func chosen(args []string) (name string, ok bool) {
	switch {
	case len(args) == 2 && args[0] == "--profile":
		return args[1], args[1] != "" && args[1][0] != '-'
	case len(args) == 1 && strings.HasPrefix(args[0], "--profile="):
		name = args[0][len("--profile="):]
		return name, name != ""
	case len(args) > 0 || os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		return "", false
	}
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if name, ok := os.LookupEnv(variable); ok {
			return name, name != ""
		}
	}
	return "default", true
}

// files are the AWS tools' files of one user.
type files struct{ home, locks string }

// profile finds the profile in the config file, if the credentials file has
// nothing to add to it.
func (f files) profile(name string) (c scan.SSO, ok bool) {
	config, known := f.open("AWS_CONFIG_FILE", "config")
	if config == nil || !known {
		return c, false
	}
	if c, ok = scan.Profile(config, name); !ok {
		return c, false
	}
	credentials, known := f.open("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	return c, known && (credentials == nil || !scan.HasHeader(credentials, name))
}

// open opens a file; nil is one that counts as empty. What would have to be
// expanded in a variable is not known here, and neither is a file that somebody
// is writing or died while doing so.
func (f files) open(variable, name string) (r io.Reader, known bool) {
	path := os.Getenv(variable)
	switch {
	case path == "":
		path = filepath.Join(f.home, ".aws", name)
	case strings.ContainsAny(path, "~$%"):
		return nil, false
	}
	if !filepath.IsAbs(path) {
		return nil, false
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, true
	case err != nil:
		return nil, false
	case !info.Mode().IsRegular():
		return nil, true
	}
	target, err := location.Resolve(path)
	if err != nil {
		return nil, false
	}
	if _, err := os.Lstat(location.Journal(f.locks, target)); err == nil {
		return nil, false
	}
	file, err := os.Open(path)
	return file, err == nil
}

// maxFile is many times the size of a cached role.
const maxFile = 64 << 10

// credentials reads the cached credentials of a role.
func (f files) credentials(sso scan.SSO) (c rolecache.Credentials, ok bool) {
	key := rolecache.Key{AccountID: sso.AccountID, RoleName: sso.RoleName, Session: sso.Session, StartURL: sso.StartURL}
	path := filepath.Join(f.home, ".aws", "cli", "cache", key.Name()+".json")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return c, false
	}
	file, err := os.Open(path)
	if err != nil {
		return c, false
	}
	data := make([]byte, maxFile)
	n, err := io.ReadFull(file, data)
	if err != io.ErrUnexpectedEOF {
		return c, false // as large as that, empty, or not to be read
	}
	return rolecache.Read(data[:n], sso.StartURL)
}
