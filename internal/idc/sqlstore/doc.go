// Package sqlstore keeps the Identity Center's state in SQLite. It implements
// the Stores of packages grant, directory and events, and is the only package
// that knows SQL or a driver.
//
// One connection writes, each change as one BEGIN IMMEDIATE transaction that is
// on disk before it is acknowledged (WAL, synchronous=FULL); a few others read
// beside it. Times are UTC milliseconds and 0 means never; hashes are blobs.
// The server key is no row but a file of its own beside the database.
// The SQL keeps to what PostgreSQL understands too: $1, ON CONFLICT, RETURNING.
package sqlstore
