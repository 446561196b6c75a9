package atomicfile

import "github.com/portico-sso/portico/internal/atomicfile/location"

// Resolve follows the chain of symbolic links that path is, and returns the
// absolute path of the file at its end, which need not exist.
func Resolve(path string) (string, error) { return location.Resolve(path) }
