package creds

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

// A Process is the program that a profile names as its credential_process. No
// shell is involved, as in botocore.
type Process struct {
	Path  string   // of the program
	Args  []string // with its name as the first
	Env   []string
	Stdin io.Reader // it may have to ask a person
}

// A RetrievalError says that a provider of a profile's own has no credentials
// for it, in the AWS CLI's words.
type RetrievalError struct{ Provider, Problem string }

func (e *RetrievalError) Error() string {
	return fmt.Sprintf("Error when retrieving credentials from %s: %s", e.Provider, e.Problem)
}

// ErrStillExpired reports credentials that were over when they came.
//
//lint:ignore ST1005 the AWS CLI's words
var ErrStillExpired = errors.New("Credentials were refreshed, but the refreshed credentials are still expired.")

const customProcess = "custom-process"

// maxOutput is far more than credentials take; what a program says in its
// defence is shortened to maxStderr.
const (
	maxOutput = 1 << 20
	maxStderr = 4 << 10
)

// Credentials runs the process and reads what it prints: version 1 of the
// credential_process protocol. Where it says nothing of an end, they have none.
// Errors quote its stderr, and nothing of its stdout.
func (p *Process) Credentials(ctx context.Context) (wallet.RoleCredentials, error) {
	stdout, stderr := limited{max: maxOutput}, limited{max: maxStderr}
	cmd := exec.CommandContext(ctx, p.Path)
	cmd.Args, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Args, p.Env, p.Stdin, &stdout, &stderr
	cmd.WaitDelay = time.Second
	// It may leave a helper running, which keeps its output open: what matters is
	// that it came to a good end itself.
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if ctx.Err() != nil {
			return wallet.RoleCredentials{}, ctx.Err()
		}
		said := strings.TrimSpace(stderr.String())
		if said == "" {
			said = err.Error()
		}
		return wallet.RoleCredentials{}, &RetrievalError{Provider: customProcess, Problem: said}
	}
	return readProcess(stdout.Bytes())
}

func readProcess(data []byte) (wallet.RoleCredentials, error) {
	failed := func(format string, args ...any) (wallet.RoleCredentials, error) {
		return wallet.RoleCredentials{}, &RetrievalError{Provider: customProcess, Problem: fmt.Sprintf(format, args...)}
	}
	var said map[string]any
	if json.Unmarshal(data, &said) != nil || said == nil {
		return failed("its output is not a JSON object")
	}
	switch version, ok := said["Version"]; {
	case !ok:
		return failed("Unsupported version '<Version key not provided>' for credential process provider, supported versions: 1")
	case version != 1.0:
		return failed("Unsupported version '%v' for credential process provider, supported versions: 1", version)
	}
	text := func(key string) string { s, _ := said[key].(string); return s }
	for _, key := range []string{"AccessKeyId", "SecretAccessKey"} {
		if text(key) == "" {
			return failed("Missing required key in response: '%s'", key)
		}
	}
	c := wallet.RoleCredentials{AccessKeyID: text("AccessKeyId"), SecretAccessKey: text("SecretAccessKey"), SessionToken: text("SessionToken"), AccountID: text("AccountId")}
	if until := said["Expiration"]; until != nil {
		var err error
		if c.Expiration, err = wallet.ParseTime(text("Expiration")); err != nil {
			return failed("its Expiration is no date")
		}
		if !c.Expiration.After(time.Now()) {
			return wallet.RoleCredentials{}, ErrStillExpired
		}
	}
	return c, nil
}

// limited keeps the first bytes that are written to it.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), max(0, l.max-l.Len()))])
	return len(b), nil
}
