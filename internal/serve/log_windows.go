package serve

import (
	"os"
	"path/filepath"

	"github.com/portico-sso/portico/internal/atomicfile"
)

func openAppend(path string) (*os.File, error) {
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

func cannotSync(error) bool { return false }
