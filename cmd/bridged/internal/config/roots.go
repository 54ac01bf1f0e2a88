package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Roots are the authorities whose certificates are believed when webhooks are
// called: the system's and those of the file. They are nil, which stands for the
// system's, where no file is named.
func (w Webhooks) Roots() (*x509.CertPool, error) {
	roots, err := readRoots(w.CAFile)
	if err != nil {
		return nil, fmt.Errorf("webhooks.ca_file %w", err)
	}
	return roots, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // crypto/tls takes nil for the system's
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w; correct the path or the permissions", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("cannot be added to the system's certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(data) {
		return nil, errors.New("holds no certificate: name a file with certificates in PEM, as -----BEGIN CERTIFICATE----- begins them")
	}
	return roots, nil
}
