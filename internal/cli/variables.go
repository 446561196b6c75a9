package cli

// stale are the variables that would compete with the credentials handed over, or
// with the profile they come from, and those by which other tools tell a prompt or
// themselves whose credentials these are.
var stale = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
	"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_DELEGATION_TOKEN", // older names, which some SDKs still read
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_FILE",
	"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_SESSION_EXPIRATION", "AWS_VAULT", "AWSUME_PROFILE", "AWSUME_EXPIRATION", "AWSU_PROFILE",
	"AWS_SSO", "AWS_SSO_PROFILE", "AWS_SSO_ACCOUNT_ID", "AWS_SSO_ROLE_NAME", "AWS_SSO_ROLE_ARN", "AWS_SSO_SESSION_EXPIRATION",
	profileVariable, roleVariable, accountNameVariable,
}

// Which credentials these are, for prompts: a profile's, or a role's without one.
const (
	profileVariable = "PORTICO_PROFILE"
	roleVariable    = "PORTICO_ROLE"
)

// accountNameVariable tells a command that each runs how the account is called.
const accountNameVariable = "PORTICO_ACCOUNT_NAME"

// shellVariable says that a shell was opened for its credentials, which its prompt
// tells.
const shellVariable = "PORTICO_SHELL"

// regionVariables are what the region is handed over in.
var regionVariables = []string{"AWS_REGION", "AWS_DEFAULT_REGION"}

// variables are what exec sets and env prints.
func (s *setup) variables(c credentials) [][2]string {
	vars := c.environment()
	if c.AccountID != "" {
		vars = append(vars, [2]string{"AWS_ACCOUNT_ID", c.AccountID})
	}
	vars = append(vars, s.regions()...)
	if name, value := s.marker(c); name != "" {
		vars = append(vars, [2]string{name, value})
	}
	return vars
}

// regions say which region is meant, if one is.
func (s *setup) regions() (vars [][2]string) {
	region, _ := s.settings.Region()
	return regionSettings(region)
}

// regionSettings set a region under both of its names, as boto3 and older AWS CLIs
// read AWS_DEFAULT_REGION alone, and most other SDKs only AWS_REGION.
func regionSettings(region string) (vars [][2]string) {
	if region != "" {
		for _, name := range regionVariables {
			vars = append(vars, [2]string{name, region})
		}
	}
	return vars
}

// marker says whose the credentials are. Nobody knows that of what was in the
// environment already.
func (s *setup) marker(c credentials) (name, value string) {
	switch {
	case c.Provider == fromEnvironment:
		return "", ""
	case s.globals.AccountID != "":
		return roleVariable, s.globals.AccountID + "/" + s.globals.RoleName
	}
	return profileVariable, s.settings.ProfileName
}
