package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// assumedRole is what the profile asks STS for: the AWS CLI's keys as it reads
// them, since the name in its cache follows from them, and portico's own.
func (s *setup) assumedRole() (wallet.AssumedRole, error) {
	get := func(key string) string { v, _ := s.settings.Profile.Get(key); return v }
	role := wallet.AssumedRole{
		ARN: get("role_arn"), SessionName: get("role_session_name"), ExternalID: get("external_id"), MFASerial: get("mfa_serial"),
		SourceIdentity: get(awsconfig.KeySourceIdentity), TransitiveTags: commaSeparated(get(awsconfig.KeyTransitiveTags)),
		Policy: s.policy.JSON, PolicyARNs: s.policy.ARNs,
		TokenKey: s.sealedWith(),
	}
	if text := strings.TrimSpace(get("duration_seconds")); text != "" {
		seconds, err := strconv.Atoi(text)
		switch {
		case err != nil: // which the AWS CLI passes over
			s.warn(fmt.Sprintf("duration_seconds of the profile %s is no number of seconds, and not used", s.settings.ProfileName))
		case seconds < 900 || seconds > 12*60*60:
			return role, &credentialsError{Problem: fmt.Sprintf("duration_seconds of the profile %s is %d, and AWS takes 900 to 43200", s.settings.ProfileName, seconds),
				Hint: "Roles assumed with the credentials of another role, as those of IAM Identity Center are, last 3600 at most."}
		}
		role.Duration = seconds
	}
	for _, pair := range commaSeparated(get(awsconfig.KeySessionTags)) {
		key, value, ok := strings.Cut(pair, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return role, &credentialsError{Problem: fmt.Sprintf("%s of the profile %s is to read Key=Value, Key=Value: %q is no such pair", awsconfig.KeySessionTags, s.settings.ProfileName, terminal.Clean(pair))}
		}
		role.Tags = append(role.Tags, wallet.SessionTag{Key: key, Value: strings.TrimSpace(value)})
	}
	for _, key := range role.TransitiveTags {
		if !slices.ContainsFunc(role.Tags, func(t wallet.SessionTag) bool { return strings.EqualFold(t.Key, key) }) {
			return role, &credentialsError{Problem: fmt.Sprintf("%s of the profile %s names %q, which is not among its %s", awsconfig.KeyTransitiveTags, s.settings.ProfileName, terminal.Clean(key), awsconfig.KeySessionTags)}
		}
	}
	return role, nil
}

// commaSeparated are the parts of a list, without the blanks around them.
func commaSeparated(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// credentialSource are the keys that assume a role where the profile names no
// other profile for that.
func (s *setup) credentialSource(name string) (func(context.Context) (wallet.RoleCredentials, error), error) {
	var find finder
	switch name {
	case "Environment":
		find = func(context.Context) (credentials, error) { return s.environmentKeys() }
	case "EcsContainer":
		find = s.containerCredentials
	case "Ec2InstanceMetadata":
		return nil, &configError{Kind: "Configuration",
			Problem: fmt.Sprintf("The profile %s takes its credentials from credential_source = %s, which portico does not resolve.", s.settings.ProfileName, name),
			Hint:    "On that machine the AWS CLI does."}
	default:
		return nil, &credentialsError{Problem: fmt.Sprintf("The credential source %q referenced in profile %q is not valid.", name, s.settings.ProfileName),
			Hint: "The sources are Environment, EcsContainer and Ec2InstanceMetadata."}
	}
	return func(ctx context.Context) (wallet.RoleCredentials, error) {
		c, err := find(ctx)
		if err == nil && c.AccessKeyID == "" {
			err = &credentialsError{Problem: fmt.Sprintf("Error when retrieving credentials from %s: No credentials found in credential_source referenced in profile %s", name, s.settings.ProfileName)}
		}
		return c.role(), err
	}, nil
}

// containerCredentials are those of the endpoint that the environment names;
// none where it names none.
func (s *setup) containerCredentials(ctx context.Context) (credentials, error) {
	c, err := s.askContainer(ctx)
	if failed, ok := errors.AsType[*creds.RetrievalError](err); ok {
		err = &credentialsError{Problem: failed.Error(), Hint: "The endpoint is the one in AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. Is what serves it still running?"}
	}
	return from(fromContainer, c), err
}

func (s *setup) askContainer(ctx context.Context) (wallet.RoleCredentials, error) {
	container, err := creds.ContainerOf(s.lookup)
	if err != nil || container == nil {
		return wallet.RoleCredentials{}, err
	}
	if container.HTTP, err = s.http(); err != nil {
		return wallet.RoleCredentials{}, err
	}
	return container.Credentials(ctx)
}

// assumeCure says what helps when STS refused the profile's role. What STS says
// when it does not trust somebody is the same whatever the reason.
func (s *setup) assumeCure(e *creds.AssumeError, source string) string {
	profile, role := s.settings.ProfileName, e.Role
	says := func(part string) bool { return strings.Contains(e.Cause.Message, part) }
	switch code := e.Cause.Code; {
	case says("invalid MFA one time pass code"):
		return "The code was mistyped, too old, or used before: each is good for one call. Wait for the device to show the next one, and run the command again."
	case says("MultiFactorAuthentication failed"):
		return fmt.Sprintf("mfa_serial of the profile %s is to be a device of the user who signs the call, which %s provides. Who signs in by IAM Identity Center has no such device in AWS: their MFA is asked for when they sign in. Then take mfa_serial out.", profile, source)
	case says("role chaining"):
		return fmt.Sprintf("Roles assumed with the credentials of another role last an hour at most, whatever they allow. Take duration_seconds out of the profile %s, or set it to 3600.", profile)
	case says("MaxSessionDuration"):
		return fmt.Sprintf("The role allows less than the duration_seconds = %d of the profile %s: lower it. Credentials of another role, as those of IAM Identity Center, get 3600 at most.", role.Duration, profile)
	case code == "AccessDenied" && says("sts:TagSession"):
		return fmt.Sprintf("The profile %s has %s, so the role's trust policy must allow sts:TagSession too.", profile, awsconfig.KeySessionTags)
	case code == "AccessDenied" && says("sts:SetSourceIdentity"):
		return fmt.Sprintf("The profile %s has %s: the role's trust policy must allow sts:SetSourceIdentity too, and whoever has a source identity already keeps it.", profile, awsconfig.KeySourceIdentity)
	case code == "AccessDenied":
		return fmt.Sprintf("The profile %s assumes %s with the credentials of %s. The role's trust policy must allow sts:AssumeRole to them (the ARN after \"User:\"), with the external_id and mfa_serial that it asks for, and in another account their own policies must allow it as well.", profile, role.ARN, source)
	case code == "MalformedPolicyDocument" || code == "PackedPolicyTooLarge":
		return "That is the session policy by which the role was to be narrowed, not the role's own."
	case strings.HasPrefix(code, "ExpiredToken") || code == "InvalidClientTokenId":
		return fmt.Sprintf("It is the credentials of %s that are over or unknown, with which the profile %s assumes its role. Renew those.", source, profile)
	case code == "RegionDisabledException":
		return fmt.Sprintf("STS is not activated in the region of the profile %s: set another region there.", profile)
	}
	return ""
}
