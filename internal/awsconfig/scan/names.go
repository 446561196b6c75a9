package scan

import (
	"bytes"
	"io"

	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// Names are the profiles and sessions of the config file that r reads, in its
// order: for people to choose from, so what is in doubt is left out and no error.
func Names(r io.Reader) (profiles, sessions []string) {
	headers(r, func(raw string) {
		switch kind, name, ok := syntax.Meaning(raw); {
		case ok && kind == syntax.Profile:
			profiles = append(profiles, name)
		case ok && kind == syntax.Session:
			sessions = append(sessions, name)
		}
	})
	return profiles, sessions
}

// CredentialNames are the profiles of the credentials file that r reads.
func CredentialNames(r io.Reader) (profiles []string) {
	headers(r, func(raw string) {
		if raw != syntax.Inherited {
			profiles = append(profiles, raw)
		}
	})
	return profiles
}

// headers are the texts between the brackets of what surely are headers.
func headers(r io.Reader, header func(raw string)) {
	inBlocks(r, blockSize, func(b []byte) bool {
		for at := 0; ; at++ {
			next := bytes.IndexByte(b[at:], '[')
			if next < 0 {
				return true
			}
			at += next
			if starts, known := startsLine(b, at); !starts || !known {
				continue
			}
			if raw, ok := syntax.Header(syntax.Strip(lineAt(b, at))); ok {
				header(raw)
			}
		}
	})
}
