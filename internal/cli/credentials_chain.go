package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// processCredentials runs the profile's credential_process.
func (s *setup) processCredentials(ctx context.Context, command string) (credentials, error) {
	if s.chain == "" {
		if err := s.enterChain(); err != nil {
			return credentials{}, err
		}
	}
	words, ok := awsconfig.SplitCommand(command)
	if !ok || len(words) == 0 {
		return credentials{}, &credentialsError{Problem: fmt.Sprintf("credential_process of the profile %s is no command: a quotation mark is not closed", s.settings.ProfileName),
			Hint: "It is split into words as a shell does, and run without one."}
	}
	process, err := s.process(words, []string{chainVariable + "=" + s.chain})
	if err != nil {
		return credentials{}, &credentialsError{Problem: fmt.Sprintf("Error when retrieving credentials from custom-process: %v", err),
			Hint: fmt.Sprintf("It is credential_process of the profile %s.", s.settings.ProfileName)}
	}
	c, err := process.Credentials(ctx)
	if _, failed := errors.AsType[*creds.RetrievalError](err); failed || errors.Is(err, creds.ErrStillExpired) {
		err = &credentialsError{Problem: err.Error(), Hint: fmt.Sprintf("That is what credential_process of the profile %s came to.", s.settings.ProfileName)}
	}
	return from(fromProcess, c), err
}

func (a *App) credentialProcess(words, env []string) (*creds.Process, error) {
	path, err := a.command(words[0])
	if err != nil {
		return nil, err
	}
	return &creds.Process{Path: path, Args: words, Env: with(a.Env, env), Stdin: a.Stdin}, nil
}

// assumeRole resolves a profile with role_arn: by the keys of its source. visited
// are the profiles that assume a role with this one's.
func (s *setup) assumeRole(ctx context.Context, visited []string) (credentials, error) {
	find, err := s.assuming(visited)
	if err != nil {
		return credentials{}, err
	}
	return find(ctx)
}

// finder finds credentials, by network if it must.
type finder = func(context.Context) (credentials, error)

// assuming is how the credentials of a profile with role_arn are had. All of the
// chain's configuration is looked at, as by the AWS CLI, before anything is taken
// from the cache.
func (s *setup) assuming(visited []string) (finder, error) {
	p, name := s.settings.Profile, s.settings.ProfileName
	source, named := p.Get("source_profile")
	origin, described := p.Get("credential_source")
	switch {
	case !named && !described:
		return nil, &credentialsError{Problem: "Partial credentials found in assume-role, missing: source_profile or credential_source",
			Hint: fmt.Sprintf("The profile %s says which role to assume, and not with whose credentials.", name)}
	case named && described:
		return nil, &credentialsError{Problem: fmt.Sprintf(`The profile "%s" contains both source_profile and credential_source.`, name),
			Hint: "Take one of them out."}
	}
	role, err := s.assumedRole()
	if err != nil {
		return nil, err
	}
	assumer, err := s.assumer(role)
	if err != nil {
		return nil, err
	}
	if described {
		if assumer.Source, err = s.credentialSource(origin); err != nil {
			return nil, err
		}
	} else {
		next, err := s.source(source, append(visited, name))
		if err != nil {
			return nil, err
		}
		assumer.Source = func(ctx context.Context) (wallet.RoleCredentials, error) {
			c, err := next(ctx)
			if e, ok := errors.AsType[*configError](err); ok && e.Kind == "NoCredentials" {
				err = &credentialsError{Problem: fmt.Sprintf(`The source profile "%s" must have credentials.`, source), Hint: e.Hint}
			}
			return c.role(), err
		}
	}
	return func(ctx context.Context) (credentials, error) {
		c, err := assumer.Credentials(ctx)
		_, hinted := errors.AsType[*hintedError](err) // at the role before, which this one's source is
		if refused, ok := errors.AsType[*creds.AssumeError](err); ok && !hinted {
			err = &hintedError{Err: err, Hint: s.assumeCure(refused, cmp.Or(source, origin))}
		}
		return from(fromRole, c), err
	}, nil
}

// rootProfile is the profile that a profile's credentials come from in the end,
// through whatever roles: itself, if it assumes none. It is not ok where they are
// not a profile's, or the roles go in a circle.
func rootProfile(config *awsconfig.Config, p awsconfig.Profile) (root awsconfig.Profile, ok bool) {
	for range len(config.Profiles()) { // a chain that is longer is a circle
		if !p.AssumesRole() {
			return p, true
		}
		source, ok := p.Get("source_profile")
		if !ok || source == p.Name {
			break
		}
		p, _ = config.Profile(source)
	}
	return awsconfig.Profile{}, false
}

// assumes tells whether the profile assumes a role with somebody's credentials.
func (s *setup) assumes() bool {
	return s.settings.Profile.Has("role_arn") && !s.settings.Profile.Has("web_identity_token_file")
}

// narrowedCredentials resolves the profile under a session policy, which only
// AssumeRole takes: GetRoleCredentials has no room for one.
func (s *setup) narrowedCredentials(ctx context.Context) (credentials, error) {
	if keys, err := s.environmentKeys(); s.globals.Profile == "" && (keys.AccessKeyID != "" || err != nil) {
		return credentials{}, cmp.Or(err, error(&credentialsError{
			Problem: "a session policy cannot narrow the keys of the environment",
			Hint:    "Unset AWS_ACCESS_KEY_ID, or name a profile with --profile."}))
	}
	if !s.assumes() {
		return credentials{}, &credentialsError{
			Problem: fmt.Sprintf("a session policy cannot narrow the profile %s: it assumes no role", s.settings.ProfileName),
			Hint:    "Narrow a profile with role_arn and source_profile. IAM Identity Center gives out a permission set's credentials whole."}
	}
	return s.assumeRole(ctx, nil)
}

// role is the other way from [from].
func (c credentials) role() wallet.RoleCredentials {
	return wallet.RoleCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration, AccountID: c.AccountID}
}

// source is how a source profile's credentials are had. One with keys of its own
// ends a chain of roles; a profile may be its own source that way.
func (s *setup) source(name string, visited []string) (finder, error) {
	next := *s
	next.settings = awsconfig.ResolveLoose(s.settings.Config, awsconfig.Flags{Profile: name, Region: s.globals.Region}, s.lookup)
	next.chain, next.policy = "", creds.SessionPolicy{}
	if !next.settings.HasProfile {
		return nil, &credentialsError{Problem: fmt.Sprintf(`The source_profile "%s" referenced in the profile "%s" does not exist.`, name, s.settings.ProfileName)}
	}
	keys, err := next.fileKeys()
	own := err != nil || (keys.AccessKeyID != "" && next.settings.Profile.Has("role_arn"))
	if slices.Contains(visited, name) && !(own && name == s.settings.ProfileName) {
		list := make([]string, len(visited)) // as Python shows one
		for i, v := range visited {
			list[i] = output.Repr(v)
		}
		return nil, &credentialsError{
			Problem: fmt.Sprintf("Infinite loop in credential configuration detected. Attempting to load from profile %s which has already been visited. Visited profiles: [%s]", name, strings.Join(list, ", ")),
			Hint:    "The last source_profile of a chain must name a profile without role_arn, or with keys."}
	}
	if own {
		return func(context.Context) (credentials, error) { return keys, err }, nil
	}
	if next.assumes() {
		return next.assuming(visited)
	}
	return func(ctx context.Context) (credentials, error) { return next.profileCredentials(ctx, visited) }, nil
}

// webIdentity is the token file and the role of a web identity: the
// environment's, unless a profile was named or is a source, or the profile's.
func (s *setup) webIdentity(visited []string) (file, arn string) {
	if s.globals.Profile == "" && len(visited) == 0 {
		file, _ = s.lookup("AWS_WEB_IDENTITY_TOKEN_FILE")
		arn, _ = s.lookup("AWS_ROLE_ARN")
	}
	if v, _ := s.settings.Profile.Get("web_identity_token_file"); file == "" {
		file = v
	}
	if v, _ := s.settings.Profile.Get("role_arn"); arn == "" {
		arn = v
	}
	return file, arn
}

func (s *setup) assumeByWebIdentity(ctx context.Context, file, arn string) (credentials, error) {
	if arn == "" {
		return credentials{}, &credentialsError{Problem: "The provided profile or the current environment is configured to assume role with web identity but has no role ARN configured. Ensure that the profile has the role_arn configuration set or the AWS_ROLE_ARN env var is set."}
	}
	sessionName, _ := s.settings.Profile.Get("role_session_name")
	assumer, err := s.assumer(wallet.AssumedRole{ARN: arn, SessionName: sessionName})
	if err != nil {
		return credentials{}, err
	}
	if name, _ := s.lookup("AWS_ROLE_SESSION_NAME"); name != "" && s.globals.Profile == "" {
		assumer.Role.SessionName = name
	}
	assumer.WebIdentity = func() (string, error) {
		token, err := os.ReadFile(file)
		if err != nil {
			return "", &credentialsError{Problem: fmt.Sprintf("the token of the web identity cannot be read: %v", err),
				Hint: "It is set by AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file in the profile."}
		}
		return strings.TrimSpace(string(token)), nil
	}
	c, err := assumer.Credentials(ctx)
	return from(fromWebIdentity, c), err
}

// assumer is for the role of the profile, as STS is reached from here.
func (s *setup) assumer(role wallet.AssumedRole) (*creds.Assumer, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint("STS", false)
	if err != nil {
		return nil, err
	}
	region, _ := s.settings.Region()
	if region == "" {
		region = s.globalRegion()
	}
	return &creds.Assumer{
		Role: role, Region: region, Endpoint: endpoint,
		SignIn: &signin.Client{Wallet: s.wallet, HTTP: way, Addresses: s.addresses(), Way: s.way(endpoint, region), Warn: s.warn, Waiting: s.waiting, Step: s.step},
		MFACode: func(ctx context.Context, device string) (string, error) {
			code, err := s.ask(ctx, fmt.Sprintf("Enter MFA code for %s: ", terminal.Clean(device)))
			if errors.Is(err, terminal.ErrInterrupted) {
				err = context.Canceled
			}
			return code, err
		},
	}, nil
}

// askPerson asks for a secret on the terminal. On stderr, for stdout may be data.
func (a *App) askPerson(ctx context.Context, question string) (string, error) {
	t := a.conversation()
	if !t.InteractiveIn() || !t.InteractiveOut() {
		return "", &credentialsError{Problem: strings.TrimSuffix(question, ": ") + ": there is no terminal to ask on",
			Hint: fmt.Sprintf("Run %s once in a terminal: the credentials are kept for as long as they last.", a.Name)}
	}
	answer, err := t.AskSecret(ctx, terminal.Question{Prompt: question})
	return strings.TrimSpace(answer), err
}
