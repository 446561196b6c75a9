package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/terminal"
)

// caller knows where an operation goes, and as whom.
func (o *operation) caller(ctx context.Context, s *setup, input output.Object) (*admin.Caller, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint(o.Service.Endpoint, true)
	if err != nil {
		return nil, err
	}
	c := &admin.Caller{HTTP: way, Endpoint: endpoint, Addresses: s.addresses(), Unsigned: o.Globals.NoSignRequest}
	if o.takesToken() {
		return c, o.portal(s, c, input)
	}
	if c.Region, err = o.region(s); err != nil {
		return nil, err
	}
	if o.Operation.Open || o.Globals.NoSignRequest {
		return c, nil
	}
	keys, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	c.Credentials = admin.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}
	return c, nil
}

// portal prepares a call of the access portal: with the token that is given, or
// the session's. With a token given, all that matters of the session is its
// region, which --region may say.
func (o *operation) portal(s *setup, c *admin.Caller, input output.Object) error {
	sess, err := s.portalSession(o.sessionName)
	c.Region = sess.Region
	if _, given := input.Get(accessToken); given {
		if o.Globals.Region != "" || err != nil {
			c.Region, _ = s.settings.Region()
		}
		if c.Region == "" {
			return noRegion("You must specify a region: that of the Identity Center.")
		}
		return nil
	}
	if err != nil {
		return err
	}
	client, err := s.signin(true)
	if err != nil {
		return err
	}
	c.WithToken = func(ctx context.Context, call func(string) error) error { return client.WithToken(ctx, sess, call) }
	return nil
}

// region is where an operation goes: where the configuration says, or where its
// service is found for the profile's session. The endpoints of STS and
// Organizations are the partition's.
func (o *operation) region(s *setup) (string, error) {
	region, _ := s.settings.Region()
	home := func() string { c, _ := s.portalSession(o.sessionName); return c.Region }
	switch o.Service.Command {
	case "sso-oidc":
		// A client or a token of another region is of no use.
		if o.Globals.Region == "" && home() != "" {
			region = home()
		}
	case "sso-admin", "identitystore":
		if region == "" {
			region = home()
		}
	default:
		if region == "" {
			region = s.globalRegion()
		}
	}
	if region == "" {
		return "", noRegion(`You must specify a region. You can also configure your region by running "aws configure".`)
	}
	return region, nil
}

func noRegion(problem string) error {
	return &configError{Kind: "NoRegion", Problem: problem, Hint: "Name it with --region."}
}

// onlyInstance returns a member of the one instance of IAM Identity Center that
// there is. None, or several, are for a person to decide.
func onlyInstance(ctx context.Context, s *setup, from *admin.Caller, member string) (string, error) {
	svc := admin.Service("sso-admin")
	caller := *from
	var err error
	if caller.Endpoint, err = s.endpoint(svc.Endpoint, true); err != nil {
		return "", err
	}
	list := svc.Operations[0]
	for _, op := range svc.Operations {
		if op.Name == "ListInstances" {
			list = op
		}
	}
	answer, err := admin.Merge(list, caller.Pages(ctx, svc, list, nil, admin.Paging{}), admin.Paging{})
	if err != nil {
		return "", err
	}
	instances, _ := answer.Get("Instances")
	all, _ := instances.([]any)
	var found []string
	for _, i := range all {
		o, _ := i.(output.Object)
		if v, _ := o.Get(member); v != nil {
			found = append(found, fmt.Sprint(v))
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", &configError{Kind: "Configuration", Problem: fmt.Sprintf("There is no instance of IAM Identity Center in %s that these credentials see.", caller.Region),
			Hint: "It is in one region, which --region names, and seen from the organization's management account or a delegated administrator's. Or name it: --" + awsmodel.FlagName(member) + "."}
	}
	return "", &usageError{Problem: fmt.Sprintf("the following arguments are required: --%s; there are %d instances of IAM Identity Center: %s",
		awsmodel.FlagName(member), len(found), terminal.Clean(strings.Join(found, ", ")))}
}
