// Package wallet keeps what a sign-in yields on disk, in the very files the
// AWS CLI and the AWS SDKs read: access tokens and client registrations in
// ~/.aws/sso/cache, role credentials in ~/.aws/cli/cache.
//
// It owns the names of those files (SHA-1 keys), their JSON, their modes and
// the locks that keep two processes from doing the same work, with the notes that
// one leaves for another. It knows nothing of networks: signin and creds decide what
// to put in, when it has gone stale, and what to do about it.
//
// What a sealed session has is kept in files of portico's own instead, which a
// [Vault] encrypts; callers do not know the difference.
//
// A file that is missing, unreadable as JSON, or lacks what makes it useful is
// a miss, told apart by [ErrNotFound] and [*CorruptError]; nothing is ever
// deleted because it could not be read.
package wallet
