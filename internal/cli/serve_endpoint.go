package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/serve"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// An endpoint gives out a profile's credentials: what serve and exec --serve have
// in common.
type endpoint struct {
	App      *App
	Handover *handover // whose credentials

	Agent     bool // for a time, and on record
	For       time.Duration
	Audit     string // file
	Policy    string // file or ARN
	TokenFile string
	Users     []string
	Child     bool   // for one command
	From      string // the socket of another endpoint, whose credentials these are

	setup    *setup
	first    credentials // as they were when it began
	endpoint *serve.Endpoint
	closeLog io.Closer
}

// flags adds what one can choose; when says in which case.
func (e *endpoint) flags(c *cobra.Command, when string) {
	f := c.Flags()
	f.DurationVar(&e.For, "for", 0, when+"give out credentials for so long, such as 30m; at most 1h")
	f.StringVar(&e.Audit, "audit", "", when+"record each request in this file (for an agent: audit.jsonl in portico's state directory)")
	f.StringVar(&e.Policy, "policy", "", when+"narrow the role by a session policy: a file, or a managed policy's ARN")
	f.StringVar(&e.TokenFile, "token-file", "", when+"keep the token in this file instead of the environment, for clients of 2024 and later")
	f.StringArrayVar(&e.Users, "allow-user", nil, when+"let another user's processes ask, too: a name or number (repeatable)")
}

// open prepares the endpoint. That credentials cannot be had is found out here,
// where a person reads it and may be asked for the code of an MFA device.
func (e *endpoint) open(ctx context.Context) (err error) {
	a := e.App
	if e.For < 0 || e.For > serve.MaxGrant {
		return &usageError{Problem: fmt.Sprintf("argument --for: an hour at most, not %v", e.For)}
	}
	e.Agent = e.Agent || e.For != 0
	if e.Agent {
		e.For = cmp.Or(e.For, serve.MaxGrant)
		e.Audit = cmp.Or(e.Audit, filepath.Join(a.stateDir(), "audit.jsonl"))
	}
	users, err := userNumbers(e.Users)
	if err != nil {
		return err
	}
	if err := serve.KeepMemory(); err != nil {
		fmt.Fprintf(a.Stderr, "%s: [WARNING]: other processes of this user can read this one's memory: %v\n", a.Name, err)
	}
	if e.Handover.Policy, err = readPolicy(e.Policy); err != nil {
		return err
	}
	s, first, err := e.Handover.credentials(ctx)
	if err != nil {
		return err
	}
	e.setup, e.first = s, first
	if e.Agent && e.first.Expiration.IsZero() {
		return &credentialsError{Problem: fmt.Sprintf("the credentials of the profile %s do not expire, so giving them out for a time would be giving them away", s.settings.ProfileName),
			Hint: "Give an agent a profile of IAM Identity Center, or one that assumes a role."}
	}
	s.ask = func(_ context.Context, question string) (string, error) {
		return "", &credentialsError{Problem: strings.TrimSuffix(question, ": ") + ": an endpoint asks nobody",
			Hint: fmt.Sprintf("Run in a terminal: %s sts get-caller-identity --profile %s", a.Name, quoteWord(s.settings.ProfileName))}
	}
	s.unattended()
	s.warn = sparing(a.Stderr, a.Name)
	e.endpoint = &serve.Endpoint{Users: users, Credentials: e.credentials}
	if e.Audit != "" {
		if e.endpoint.Log, e.closeLog, err = serve.OpenLog(e.Audit, e.role()); err != nil {
			return err
		}
	}
	if e.Agent {
		e.endpoint.Grant = serve.NewGrant(e.For)
	}
	return e.endpoint.Log.Begin(e.endpoint.Grant)
}

func (e *endpoint) close() {
	if e.closeLog != nil {
		e.closeLog.Close()
	}
}

// role says whose credentials these are, in the audit log.
func (e *endpoint) role() serve.Role {
	s := e.setup
	r := serve.Role{AccountID: e.first.AccountID, Policy: e.Policy}
	if name, profile := s.marker(e.first); name == profileVariable {
		r.Profile = profile
	}
	if sso, err := s.role(); err == nil {
		r.AccountID, r.Name = sso.AccountID, sso.RoleName
	} else if arn, ok := s.settings.Profile.Get("role_arn"); ok {
		r.Name = arn
	}
	return r
}

// what says it to a person.
func (e *endpoint) what() string {
	r := e.role()
	role := strings.Trim(r.AccountID+"/"+r.Name, "/")
	if strings.HasPrefix(r.Name, "arn:") { // which has the account in it
		role = r.Name
	}
	text := "the profile " + r.Profile
	switch {
	case e.first.Provider == fromEnvironment:
		text = "the environment"
	case r.Profile == "":
		text = role
	case r.Name != "":
		text += " (" + role + ")"
	}
	if e.Policy != "" {
		text += " under the policy " + e.Policy
	}
	return terminal.Clean(text)
}

// credentials answer a request. They come from the files each time, so that a
// sign-out and a new sign-in count at once.
func (e *endpoint) credentials(ctx context.Context) (serve.Credentials, error) {
	c, err := e.setup.credentials(ctx)
	if err != nil {
		f := e.App.refusal(ctx, err)
		e.setup.warn(f.Message) // not all clients pass it on
		return serve.Credentials{}, f
	}
	return serve.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration, AccountID: c.AccountID}, nil
}

// refusal tells an error to an SDK, whose message is what a person gets to see.
// What nobody but a person can change is not worth another try.
func (a *App) refusal(ctx context.Context, err error) *serve.Refusal {
	p := explain(a, err)
	f := &serve.Refusal{Status: http.StatusServiceUnavailable, Code: cmp.Or(p.code, "ServiceUnavailable")}
	_, required := errors.AsType[*signin.RequiredError](err)
	denied, noAccess := errors.AsType[*creds.NoAccessError](err)
	_, incapable := errors.AsType[*credentialsError](err)
	said, answered := errors.AsType[*signin.ServiceError](err)
	hint := ""
	switch {
	case required:
		f.Status, f.Code = http.StatusUnauthorized, "SignInRequired"
	case noAccess:
		// What there is instead would be another question to the service.
		f.Status, hint = http.StatusForbidden, fmt.Sprintf("See what there is with: %s sso list-account-roles --account-id %s%s", a.Name, denied.Role.AccountID, sessionFlag(denied.Role.Session))
	case p.exit == exitConfig || incapable:
		f.Status, f.Code = http.StatusBadRequest, cmp.Or(p.code, "Configuration")
	case answered && said.Final():
		f.Status = http.StatusForbidden
	}
	if hint == "" {
		hint = cure(ctx, a, err)
	}
	f.Message = terminal.Clean(p.sentence(true))
	if hint != "" {
		f.Message = strings.TrimRight(f.Message, ".: ") + ". " + terminal.Clean(strings.ReplaceAll(hint, "\n", " "))
	}
	return f
}

// sparing warns once a minute at most: what is wrong is wrong at every request.
func sparing(w io.Writer, name string) func(problem string) {
	var mu sync.Mutex
	var last time.Time
	return func(problem string) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); last.IsZero() || now.Sub(last) >= time.Minute {
			last = now
			fmt.Fprintf(w, "%s: [WARNING]: %s\n", name, terminal.Clean(problem))
		}
	}
}

// readPolicy reads a session policy: an ARN, or a file with a document.
func readPolicy(text string) (creds.SessionPolicy, error) {
	switch {
	case text == "":
		return creds.SessionPolicy{}, nil
	case strings.HasPrefix(text, "arn:"):
		return creds.SessionPolicy{ARNs: []string{text}}, nil
	}
	data, err := os.ReadFile(text)
	if err != nil {
		return creds.SessionPolicy{}, &usageError{Problem: fmt.Sprintf("argument --policy: neither an ARN nor a file that can be read: %v", err)}
	}
	document := strings.TrimSpace(string(data))
	if !strings.HasPrefix(document, "{") {
		return creds.SessionPolicy{}, &usageError{Problem: fmt.Sprintf("argument --policy: %s is no policy: it should be a JSON document", text)}
	}
	return creds.SessionPolicy{JSON: document}, nil
}

func userNumbers(names []string) (uids []int, err error) {
	for _, name := range names {
		uid, err := strconv.Atoi(name)
		if err != nil {
			u, err := user.Lookup(name)
			if err != nil {
				return nil, &usageError{Problem: fmt.Sprintf("argument --allow-user: %v", err)}
			}
			if uid, err = strconv.Atoi(u.Uid); err != nil {
				return nil, &usageError{Problem: "argument --allow-user: users have no numbers on this system"}
			}
		}
		uids = append(uids, uid)
	}
	return uids, nil
}

// putToken writes a token file and returns what removes it. A file that holds
// anything else than a token that was left behind is somebody's.
func putToken(path, token string) (abs string, remove func(), err error) {
	if path, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	switch old, err := os.ReadFile(path); {
	case err == nil && !serve.IsToken(string(old)):
		return "", nil, &usageError{Problem: fmt.Sprintf("argument --token-file: %s exists, and is no token of portico's", path)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("--token-file: %w", err)
	}
	// No line ends it: the SDKs send the file as it is, or refuse to.
	if err := atomicfile.Write(path, []byte(token), 0o600); err != nil {
		return "", nil, fmt.Errorf("--token-file: %w", err)
	}
	return path, func() {
		if now, err := os.ReadFile(path); err == nil && string(now) == token {
			os.Remove(path)
		}
	}, nil
}
