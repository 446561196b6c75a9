// Package awsapi is the AWS wire of the local Identity Center: it decodes what
// the AWS CLI and the SDKs send and encodes what they expect.
//
// Served are
//
//	sso-oidc  RegisterClient, StartDeviceAuthorization, CreateToken   REST-JSON with OAuth bodies (RFC 6749, 7636, 8628)
//	sso       ListAccounts, ListAccountRoles, GetRoleCredentials,     REST-JSON with a bearer token
//	          Logout
//	sts       GetCallerIdentity, GetAccessKeyInfo, AssumeRole;        query, signed; also presigned
//	          what role sessions may not do is refused in AWS's words
//	s3        ListBuckets                                             REST-XML, signed; also presigned
//	sso-admin, identitystore, organizations                           JSON 1.1, signed
//	          what reads the organisation, and what makes and deletes account assignments,
//	          for administrators in the management account
//
// Administrators are the holders of permission sets with administrator: true.
// Delegated administration is not offered.
//
// A global endpoint variable brings every other AWS call here too. Each gets an
// error in its own protocol that names the operation and says what this is.
//
// What a call was, whose, and how it ended goes into the Call of package events
// in its context. [Handler.Identify], [Handler.Who] and [Handler.Refuse] serve
// whoever wants to answer a call in the handler's stead.
//
// The package holds no rule of its own about codes, tokens or assignments:
// those are package grant's and package directory's. Signatures are package
// sigv4's, session policies package policy's. Pages for people, GET /authorize among
// them, are package portal's.
package awsapi
