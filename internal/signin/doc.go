// Package signin holds one conversation: that of a person, by way of a browser,
// with one Identity Center about one session. It signs in (authorization code
// with PKCE, RFC 7636, or device code, RFC 8628), keeps the access token fresh,
// and signs out.
//
// On the wire it is AWS's SSO OIDC service (RegisterClient,
// StartDeviceAuthorization, CreateToken) and the access portal's Logout, spoken
// through the AWS SDK. What it obtains goes into the wallet. Role credentials
// and listings are the business of creds and catalog, which borrow a token
// through [Client.WithToken].
//
// Refreshing is safe among many processes, deaths and lost answers: it follows the
// protocol of package renewal, under the session's lock. What is stored or deleted
// changes under the session's guard, which signing out takes too.
package signin
