package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newPortal(a *App, g *globals) *cobra.Command {
	var sessionName string
	var open bool
	c := &cobra.Command{
		Use:     "portal",
		Short:   "Print the address of the AWS access portal, or open it",
		GroupID: groupEveryday,
		Long: `Prints the address of the AWS access portal, where people see their accounts and
applications in a browser: that of the session in use, as it is configured. An
administrator who has credentials and no session gets that of the organization's
instance of IAM Identity Center.

With a local Identity Center in use it is the address at which that one has its
pages.`,
		Example: `  portico portal
  portico portal --open
  portico portal --sso-session corp
  portico portal --profile management --region us-east-1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			address, err := s.portalAddress(cmd.Context(), sessionName)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(a.Stdout, terminal.Clean(address)); err != nil || !open {
				return err
			}
			if err := a.openURL(address); err != nil {
				return &hintedError{Err: fmt.Errorf("the portal could not be opened: %w", err),
					Hint: "Open the address above in a browser, or name one in BROWSER."}
			}
			return nil
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "the portal of this sso-session, whatever the profile says")
	c.Flags().BoolVar(&open, "open", false, "open it in a browser, too")
	return c
}

// portalAddress is where a browser finds the portal of the session, or else of
// the instance that the profile's credentials administer.
func (s *setup) portalAddress(ctx context.Context, sessionName string) (string, error) {
	session, noSession := s.portalSession(sessionName)
	if noSession == nil {
		oidc, err := s.endpoint("SSO_OIDC", false)
		if err != nil {
			return "", err
		}
		if onThisMachine(oidc) {
			return strings.TrimRight(oidc, "/") + "/start", nil
		}
		return session.StartURL, nil
	}
	if sessionName != "" {
		return "", noSession
	}
	keys, err := s.credentials(ctx)
	if e, ok := errors.AsType[*configError](err); ok && e.Kind == "NoCredentials" {
		return "", noSession // what most people lack
	}
	if err != nil {
		return "", err
	}
	return s.instanceAddress(ctx, keys)
}

// instanceAddress asks IAM Identity Center for its instance, whose identity store
// names the portal.
func (s *setup) instanceAddress(ctx context.Context, keys credentials) (string, error) {
	way, err := s.http()
	if err != nil {
		return "", err
	}
	region, _ := s.settings.Region()
	if region == "" {
		return "", noRegion("You must specify a region: that of the Identity Center.")
	}
	store, err := onlyInstance(ctx, s, &admin.Caller{
		Credentials: admin.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
		Region:      region, HTTP: way, Addresses: s.addresses(),
	}, "IdentityStoreId")
	if err != nil {
		return "", err
	}
	endpoint, err := s.endpoint("SSO_ADMIN", true)
	if err != nil {
		return "", err
	}
	if onThisMachine(endpoint) {
		return strings.TrimRight(endpoint, "/") + "/start", nil
	}
	return portalOf(region, store)
}

// portalOf is the address of the portal that every instance has, beside one of
// its owner's choice that nobody can be asked for.
func portalOf(region, store string) (string, error) {
	if store == "" || strings.Trim(store, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", fmt.Errorf("the identity store %q is no part of an address", store)
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "https://start.home.awsapps.cn/directory/" + store, nil
	case strings.HasPrefix(region, "us-gov-"):
		return "https://start.us-gov-home.awsapps.com/directory/" + store, nil
	}
	return "https://" + store + ".awsapps.com/start", nil
}

// onThisMachine tells whether an endpoint is a local Identity Center's, which has
// its pages at the same address: plain http is for this machine alone.
func onThisMachine(endpoint string) bool {
	return strings.HasPrefix(endpoint, "http:") && checkAddress(endpoint) == nil
}
