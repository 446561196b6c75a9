// Package atomicfile replaces whole files so that a reader, or the next run
// after a crash or a power cut, finds either the old bytes or the new ones.
//
// It owns: the temporary file beside the target and its removal, fsync of the
// file and of its directory, replacing renames on Linux, macOS and Windows,
// the write in place with a journal where a rename cannot work (a bind-mounted
// file, a file with several hard links, a file whose owner could not be kept),
// symbolic links, modes and owners, and advisory locks between processes, also
// of several computers that share a file system.
//
// It leaves to its callers: what is written, and taking the lock around a
// read-modify-write ([Lock]).
//
// Names. A temporary file is called
// .<base>.portico-<start of writing, unix seconds>-<host>-<pid>-<random>.tmp
// and the journal of a write in place ends in .portico-journal. Locks are files
// that their callers name, and on shared file systems directories that end in
// .lease, see lease.go. Nothing else in this package makes files. Temporary files whose process is gone are
// removed by the next write into the same directory.
package atomicfile
