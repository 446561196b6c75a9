// Package admin makes the signed AWS calls that portico offers as commands: who
// am I (STS GetCallerIdentity) and which buckets are there (S3 ListBuckets).
// It speaks with credentials it is given and never looks for any.
package admin
