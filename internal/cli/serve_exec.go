package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/serve"
)

// execFlags adds to exec what makes its command take credentials from an
// endpoint.
func (e *endpoint) execFlags(c *cobra.Command) {
	c.Flags().BoolVar(&e.Child, "serve", false, "give the command an endpoint that renews the credentials, instead of the credentials")
	c.Flags().StringVar(&e.From, "from", "", "give the command an endpoint that asks the one at this socket, or on this host: host.docker.internal")
	e.flags(c, "with --serve: ")
}

// serves reports whether exec is to run its command with an endpoint.
func (e *endpoint) serves(args []string) (bool, error) {
	if !e.Child && e.From == "" {
		for flag, set := range map[string]bool{"--for": e.For != 0, "--audit": e.Audit != "", "--policy": e.Policy != "", "--token-file": e.TokenFile != "", "--allow-user": e.Users != nil} {
			if set {
				return false, &usageError{Problem: flag + " goes with --serve: without it the command gets the credentials themselves"}
			}
		}
		return false, nil
	}
	if e.From != "" && (e.Child || e.Handover.globals.Profile != "" || e.Handover.globals.AccountID != "" || e.For != 0 || e.Policy != "" || e.Audit != "") {
		return false, &usageError{Problem: "--from takes what the endpoint at the socket gives: profile, time, policy and audit are chosen there"}
	}
	if len(args) == 0 {
		return false, &usageError{Problem: "which command? Put it after --, as in: exec --profile dev --serve -- ./nightly-job.sh"}
	}
	return true, nil
}

// exec runs a command that takes its credentials from an endpoint, which lives as
// long as the command.
func (e *endpoint) exec(ctx context.Context, args []string) (err error) {
	a := e.App
	path, err := a.command(args[0])
	if err != nil {
		return err
	}
	var set []string
	if e.From != "" {
		if err := e.openFrom(); err != nil {
			return err
		}
		// There may be no config here to read a region from, so both names are set
		// where one is known.
		for _, kv := range regionSettings(cmp.Or(e.Handover.globals.Region, a.getenv("AWS_REGION"), a.getenv("AWS_DEFAULT_REGION"))) {
			set = append(set, kv[0]+"="+kv[1])
		}
	} else {
		if err := e.open(ctx); err != nil {
			return err
		}
		defer e.close()
		for _, kv := range e.setup.regions() {
			set = append(set, kv[0]+"="+kv[1])
		}
		if name, value := e.setup.marker(e.first); name != "" {
			set = append(set, name+"="+value)
		}
		// What an SDK finds in a default profile comes before any endpoint.
		if e.Agent || e.setup.defaultProfileWins() {
			dir, err := os.MkdirTemp("", "portico-exec-")
			if err != nil {
				return err
			}
			defer a.removeAll(dir)
			files, err := e.setup.filesWithoutCredentials(dir)
			if err != nil {
				return err
			}
			set = append(set, files...)
		}
	}
	d, err := e.listen(0)
	if err != nil {
		return err
	}
	defer d.close()
	for _, kv := range d.variables() {
		set = append(set, kv[0]+"="+kv[1])
	}
	if e.Agent {
		e.say("http://" + d.host)
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // for as long as the command takes to end
	served := make(chan error, 1)
	go func() { served <- serve.Serve(serving, d.listener, e.endpoint.Handler(d.host, d.token)) }()
	err = a.runChild(ctx, path, args, with(a.Env, set, stale...))
	stop()
	return errors.Join(err, <-served, e.endpoint.Log.End())
}

// openFrom prepares an endpoint that passes on what another one gives.
func (e *endpoint) openFrom() error {
	users, err := userNumbers(e.Users)
	if err != nil {
		return err
	}
	far, err := e.far()
	if err != nil {
		return err
	}
	ask, err := serve.From(far)
	if err != nil {
		return fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI: %v", err)
	}
	e.endpoint = &serve.Endpoint{Users: users, Credentials: ask}
	return serve.KeepMemory()
}

// far is the endpoint that --from names: a socket by its path, or the host by the
// name that its containers know it by. The token goes there as it is, so it goes to
// no other machine.
func (e *endpoint) far() (serve.Far, error) {
	a := e.App
	if strings.ContainsRune(e.From, filepath.Separator) {
		socket, err := filepath.Abs(e.From)
		if err != nil {
			return serve.Far{}, err
		}
		if _, err := os.Stat(socket); err != nil {
			return serve.Far{}, &hintedError{Err: fmt.Errorf("--from: %v", err),
				Hint: fmt.Sprintf("On the host: %s serve --profile NAME --socket PATH, which the container has mounted.", a.Name)}
		}
		return serve.Far{Socket: socket}, nil
	}
	if ip := net.ParseIP(e.From); !strings.HasSuffix(e.From, ".internal") && (ip == nil || !ip.IsLoopback()) {
		return serve.Far{}, &usageError{Problem: fmt.Sprintf("argument --from: %s is neither the path of a socket nor a container's name for its host, such as host.docker.internal", e.From)}
	}
	far := serve.Far{Host: e.From, URL: a.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), Token: a.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")}
	if file := a.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return serve.Far{}, fmt.Errorf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %w", err)
		}
		far.Token = string(data)
	}
	if far.URL == "" || far.Token == "" {
		return serve.Far{}, &hintedError{Err: fmt.Errorf("--from %s needs what %s serve printed on the host", e.From, a.Name),
			Hint: "Give the container AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN, by docker run -e or --env-file."}
	}
	return far, nil
}

// ofCredentials are the keys that make a profile one with credentials.
var ofCredentials = []string{"role_arn", "source_profile", "credential_source", "web_identity_token_file", "credential_process",
	"aws_access_key_id", "sso_session", "sso_start_url", "sso_account_id", "login_session"}

// defaultProfileWins reports whether SDKs find credentials in the default profile
// before they look for an endpoint.
func (s *setup) defaultProfileWins() bool {
	p, _ := s.settings.Config.Profile("default")
	return slices.ContainsFunc(ofCredentials, p.Has)
}

// ofBehaviour are the settings of a profile that have nothing to do with
// credentials and that a command may need, the nested ones apart.
var ofBehaviour = []string{"region", "output", "ca_bundle", "endpoint_url", "retry_mode", "max_attempts", "use_fips_endpoint", "use_dualstack_endpoint", "defaults_mode"}

// filesWithoutCredentials makes config and credentials files for a command that is
// to have its credentials from nowhere else: with the profile's settings, and
// without any profile's credentials.
func (s *setup) filesWithoutCredentials(dir string) (variables []string, err error) {
	var keep []awsconfig.KeyValue
	for _, key := range ofBehaviour {
		if value, ok := s.settings.Profile.Get(key); ok && !strings.Contains(value, "\n") {
			keep = append(keep, awsconfig.Set(key, value))
		}
	}
	config, err := awsconfig.Parse("config", nil)
	if err != nil {
		return nil, err
	}
	if len(keep) > 0 {
		if err := config.Edit(awsconfig.Section{Kind: awsconfig.KindProfile, Name: "default"}, keep); err != nil {
			return nil, err
		}
	}
	for name, data := range map[string][]byte{"config": config.Bytes(), "credentials": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return []string{"AWS_CONFIG_FILE=" + filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(dir, "credentials")}, nil
}
