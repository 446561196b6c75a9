package awsconfig

import (
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Locate finds the two files: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE,
// with variables and ~ expanded, else config and credentials in .aws of home.
// lockDir is where locks and journals of interrupted writes are kept.
func Locate(getenv func(string) (string, bool), home, lockDir string) Files {
	locate := func(variable, name string) (path, shown string) {
		if v, ok := getenv(variable); ok && v != "" {
			return expand(v, home, getenv), v
		}
		return filepath.Join(home, ".aws", name), "~/.aws/" + name
	}
	f := Files{LockDir: lockDir}
	f.Config, f.ConfigShown = locate("AWS_CONFIG_FILE", "config")
	f.Credentials, f.CredentialsShown = locate("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	return f
}

// expand replaces $NAME, ${NAME} and a leading ~ or ~user, in this order. What
// is not set stays as it is.
func expand(path, home string, getenv func(string) (string, bool)) string {
	replace := func(trim string) func(string) string {
		return func(match string) string {
			if v, ok := getenv(strings.Trim(match, trim)); ok {
				return v
			}
			return match
		}
	}
	// Compiled here: hardly any run needs them.
	if strings.Contains(path, "$") {
		path = regexp.MustCompile(`\$(\w+|\{[^}]*\})`).ReplaceAllStringFunc(path, replace("${}"))
	}
	if runtime.GOOS == "windows" && strings.Contains(path, "%") {
		path = regexp.MustCompile(`%[^%]+%`).ReplaceAllStringFunc(path, replace("%"))
	}
	if !strings.HasPrefix(path, "~") {
		return path
	}
	end := 1
	for end < len(path) && !os.IsPathSeparator(path[end]) {
		end++
	}
	if end == 1 {
		return home + path[1:]
	}
	other, err := user.Lookup(path[1:end])
	if err != nil {
		return path
	}
	return other.HomeDir + path[end:]
}
