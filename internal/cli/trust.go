package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// authorities are the certificates to trust: those of the bundle alone, or those
// of the system and of the variables that OpenSSL has for more of them. Nil means
// just the system's.
func (a *App) authorities(bundle string) (*x509.CertPool, error) {
	if bundle != "" {
		return readBundle(bundle)
	}
	files := filepath.SplitList(a.getenv("SSL_CERT_DIR"))
	if file := a.getenv("SSL_CERT_FILE"); file != "" {
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, file := range files {
		_ = addCertificates(pool, file) // as OpenSSL does, which shrugs at those that are not there
	}
	return pool, nil
}

func readBundle(file string) (*x509.CertPool, error) {
	const hint = "It is set by --ca-bundle, AWS_CA_BUNDLE, ca_bundle in the profile, or REQUESTS_CA_BUNDLE."
	pool := x509.NewCertPool()
	if err := addCertificates(pool, file); err != nil {
		return nil, &configError{Kind: "Configuration", Problem: fmt.Sprintf("the CA bundle %v", err), Hint: hint}
	}
	return pool, nil
}

// addCertificates reads a file of certificates, or all files of a directory.
func addCertificates(pool *x509.CertPool, path string) error {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return fmt.Errorf("cannot be read: %v", err)
		}
		files = nil
		for _, e := range entries {
			if !e.IsDir() {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	found := false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil && file == path {
			return fmt.Errorf("cannot be read: %v", err)
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return fmt.Errorf("%s holds no PEM certificate", path)
	}
	return nil
}

// final marks a failure that asking again does not cure, for the SDK.
func final(err error) error {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	if untrusted || plain {
		return &finalError{err}
	}
	return err
}

type finalError struct{ error }

func (e *finalError) Unwrap() error        { return e.error }
func (e *finalError) RetryableError() bool { return false }
