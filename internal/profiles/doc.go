// Package profiles makes profiles for accounts and roles: from what a person
// reaches, what their sso-session says of names, filters and keys, and the config
// as it is, to the edits that bring it up to date.
//
// It owns: the settings (the portico_sync_ keys of a session), the names that
// profiles get and what happens where two want the same one, which profiles are
// its own (those with portico_sync = SESSION), and what of them a person has
// changed by hand and keeps.
//
// It reads and writes nothing, and the same input gives the same edits whatever
// its order. It leaves to its callers: listing, asking, running commands, files.
//
// What a person changed is told from what was written by comparing three states:
// what was written (kept in portico_sync_wrote of the profile), what is there, and
// what is wanted. What is there and is not what was written is the person's.
package profiles
