package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portico-sso/portico/internal/cli"
)

// watchVariable names a file in which every portico that a script starts writes
// down how it was called and which secrets it left in the caches.
const watchVariable = "PORTICO_TEST_SIGHTINGS"

// A sighting is a secret that a script's programs came by, or a command line.
type sighting struct {
	Key   string   `json:",omitempty"` // what the cache calls the secret
	Value string   `json:",omitempty"`
	Args  []string `json:",omitempty"`
}

// watched is the program that scripts run.
func watched(a cli.App) int {
	path := os.Getenv(watchVariable)
	if path != "" {
		see(path, sighting{Args: os.Args})
		harvest(path) // a command that becomes another does not come back
	}
	code := cli.Main(a, os.Args[1:])
	if path != "" {
		harvest(path)
	}
	return code
}

func see(path string, s sighting) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	line, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		panic(err)
	}
}

// harvest sees what is in the caches of this process's home.
func harvest(path string) {
	home, err := os.UserHomeDir()
	if err != nil {
		return
	}
	for _, dir := range []string{"sso", "cli"} {
		files, _ := filepath.Glob(filepath.Join(home, ".aws", dir, "cache", "*.json"))
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			data, err := os.ReadFile(f)
			var content map[string]any
			if err != nil || json.Unmarshal(data, &content) != nil {
				continue
			}
			secrets := map[string]string{}
			secretsIn(content, secrets)
			for value, key := range secrets {
				see(path, sighting{Key: key, Value: value})
			}
		}
	}
}

// secretsIn collects the secrets of a cache file, by the key that holds each.
func secretsIn(value map[string]any, secrets map[string]string) {
	for name, inner := range value {
		switch v := inner.(type) {
		case map[string]any:
			secretsIn(v, secrets)
		case string:
			switch name {
			case "accessToken", "refreshToken", "clientSecret", "SecretAccessKey", "SessionToken":
				secrets[v] = name
			}
		}
	}
}

func secretsSeen(path string) (secrets map[string]string, commands [][]string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	secrets = map[string]string{}
	for line := range bytes.Lines(data) {
		var s sighting
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, nil, err
		}
		if s.Args != nil {
			commands = append(commands, s.Args)
		} else if len(s.Value) >= 16 { // what a script made up itself, "secret", is none
			secrets[s.Value] = s.Key
		}
	}
	return secrets, commands, nil
}

// ofRole tells whether a secret is one that commands hand out on stdout.
func ofRole(key string) bool { return key == "SecretAccessKey" || key == "SessionToken" }

// leaksInTranscript finds secrets in what a script's terminal showed: tokens
// anywhere, role credentials anywhere but on stdout.
func leaksInTranscript(transcript string, secrets map[string]string) (leaks []string) {
	part := ""
	for line := range strings.Lines(transcript) {
		switch {
		case strings.HasPrefix(line, "[stdout]"), strings.HasPrefix(line, "[stderr]"):
			part = line[1:7]
			continue
		case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "# "):
			part = "command"
		}
		for value, key := range secrets {
			if strings.Contains(line, value) && (!ofRole(key) || part != "stdout") {
				leaks = append(leaks, fmt.Sprintf("%s shows the %s", part, key))
			}
		}
	}
	return leaks
}

// leaksInArguments finds secrets in command lines, but for the token that a
// person gives to --access-token.
func leaksInArguments(commands [][]string, secrets map[string]string) (leaks []string) {
	for _, args := range commands {
		for i, arg := range args {
			if i > 0 && args[i-1] == "--access-token" || strings.HasPrefix(arg, "--access-token=") {
				continue
			}
			for value, key := range secrets {
				if strings.Contains(arg, value) {
					leaks = append(leaks, fmt.Sprintf("the arguments of %q hold the %s", args[:min(len(args), 3)], key))
				}
			}
		}
	}
	return leaks
}

// leaksInFiles finds secrets in files of another mode than 0600, below dir. A
// script that keeps some for itself sets its umask.
func leaksInFiles(dir string, secrets map[string]string) (leaks []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Mode().Perm() == 0o600 || runtime.GOOS == "windows" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for value, key := range secrets {
			if bytes.Contains(data, []byte(value)) {
				rel, _ := filepath.Rel(dir, path)
				leaks = append(leaks, fmt.Sprintf("%s, of mode %o, holds the %s", rel, info.Mode().Perm(), key))
			}
		}
		return nil
	})
	return leaks, err
}

// A scriptT is a script under watch.
type scriptT struct {
	*testing.T
	transcript *strings.Builder
	sightings  string
	leaks      []string
	secrets    int // how many there were to look for
	watch      func(*scriptT)
}

func (t *scriptT) Run(name string, script func(testscript.T)) {
	t.T.Run(name, func(inner *testing.T) {
		s := &scriptT{T: inner, transcript: &strings.Builder{}, sightings: filepath.Join(inner.TempDir(), "sightings"), watch: t.watch}
		defer func() {
			if inner.Failed() || testing.Verbose() {
				inner.Log(s.transcript.String())
			}
		}()
		script(s)
		s.finish()
		if t.watch != nil {
			t.watch(s)
			return
		}
		for _, leak := range s.leaks {
			inner.Error(leak)
		}
	})
}

// Verbose keeps what passed in the transcript.
func (t *scriptT) Verbose() bool { return true }

func (t *scriptT) Log(args ...any) { fmt.Fprintln(t.transcript, args...) }

// files looks at the script's files before they are removed.
func (t *scriptT) files(dir string) {
	secrets, _, err := secretsSeen(t.sightings)
	if err != nil {
		return // it ran no portico
	}
	leaks, err := leaksInFiles(dir, secrets)
	if err != nil {
		leaks = append(leaks, err.Error())
	}
	t.leaks = append(t.leaks, leaks...)
}

func (t *scriptT) finish() {
	secrets, commands, err := secretsSeen(t.sightings)
	if err != nil {
		return
	}
	t.secrets = len(secrets)
	t.leaks = append(t.leaks, leaksInTranscript(t.transcript.String(), secrets)...)
	t.leaks = append(t.leaks, leaksInArguments(commands, secrets)...)
	slices.Sort(t.leaks)
	t.leaks = slices.Compact(t.leaks)
}
