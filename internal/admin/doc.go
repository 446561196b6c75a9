// Package admin makes AWS calls that portico offers as commands: every operation
// of the access portal, SSO OIDC, IAM Identity Center, its identity store,
// Organizations and STS, and S3 ListBuckets. It speaks with credentials and
// tokens it is given and never looks for any.
//
// The official SDK makes the requests. What it takes and gives are structs; the
// tables in table_*.go, generated from the SDK's sources, say what each
// operation takes and answers in the order of AWS's models, so that input and
// answers here are ordered objects.
package admin

//go:generate go run ./gen
