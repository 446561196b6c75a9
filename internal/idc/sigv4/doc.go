// Package sigv4 verifies AWS Signature Version 4 on the server's side: the
// Authorization header form and the presigned query form.
//
// It owns parsing the signature, rebuilding the canonical request from what
// stood on the wire, and judging key, session token, expiry, signature and
// clock. It leaves to its caller who holds which key ([Verifier.Lookup]), which
// service a call must be signed for ([Result.Service]), how a refusal is worded
// in the caller's protocol ([Error.Kind]), and the region, which clients take
// from their profile and which therefore proves nothing here.
//
// The rules are those of "Create a signed AWS API request" in the IAM User
// Guide and, for S3, "Authenticating Requests (AWS Signature Version 4)".
// Signature Version 4A and Version 2 are not understood.
package sigv4
