package config

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// credentialsFile is where the embedded default keeps its credentials, inside of
// its directory.
const credentialsFile = "credentials.toml"

// credentials is the schema of that file.
type credentials struct {
	AccountSID   string `toml:"account_sid" required:"true" check:"sid:AC"`
	AuthToken    Secret `toml:"auth_token" required:"true"`
	APIKeySID    string `toml:"api_key_sid" required:"true" check:"sid:SK"`
	APIKeySecret Secret `toml:"api_key_secret" required:"true"`
}

// Default is the configuration without a file: everything under dir, simulated
// carriers, and credentials that the first start makes and later ones read. The
// environment is laid over it as over a file.
func Default(dir string, environ []string) (*Config, error) {
	path := filepath.Join(dir, credentialsFile)
	first, err := ensureCredentials(path)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	c, err := loadDefault(dir, slices.Clone(environ))
	if err != nil {
		return nil, err
	}
	c.FirstStart = first
	return c, nil
}

// Unstarted is the embedded default as its first start will find it: there are no
// credentials yet, and none are made. The account of the result is nobody's.
func Unstarted(environ []string) (*Config, error) {
	nobody := &credentials{
		AccountSID: "AC" + strings.Repeat("0", 32), AuthToken: NewSecret("none"),
		APIKeySID: "SK" + strings.Repeat("0", 32), APIKeySecret: NewSecret("none"),
	}
	return read(newReader("embedded default", nil), defaultTree(defaultDir, nobody), environ)
}

// loadDefault is Default once the credentials are there.
func loadDefault(dir string, environ []string) (*Config, error) {
	creds, err := readCredentials(filepath.Join(dir, credentialsFile))
	if err != nil {
		return nil, err
	}
	c, err := read(newReader("embedded default", nil), defaultTree(dir, creds), environ)
	if err != nil {
		return nil, err
	}
	c.again = func() (*Config, error) { return loadDefault(dir, environ) }
	return c, nil
}

// defaultTree is what the embedded default would be as a file.
func defaultTree(dir string, creds *credentials) tree {
	return tree{
		"account": tree{
			"sid":        creds.AccountSID,
			"auth_token": creds.AuthToken.Value(),
			"api_keys": []any{tree{
				"sid":    creds.APIKeySID,
				"secret": creds.APIKeySecret.Value(),
			}},
		},
		"store": tree{"url": sqliteScheme + filepath.Join(dir, "bridged.db")},
		"media": tree{"dir": filepath.Join(dir, "media")},
		"channels": []any{
			tree{
				"name": "sim-sms", "type": typeSMS, "driver": "simulator",
				"numbers": []any{"+15550100001", "+15550100002", "+15550100003", "+15550100004"},
			},
			tree{
				"name": "sim-whatsapp", "type": typeWhatsApp, "driver": "simulator",
				"numbers": []any{"whatsapp:+15550100009"},
			},
		},
	}
}

// readCredentials reads the file of credentials. It may have been edited.
func readCredentials(path string) (*credentials, error) {
	data, err := os.ReadFile(path) //nolint:gosec // inside of the data directory
	if err != nil {
		return nil, fmt.Errorf("read the credentials: %w", err)
	}
	creds := &credentials{}
	root, lines, err := parse(path, data)
	if err == nil {
		r := newReader(path, lines)
		r.table(reflect.ValueOf(creds).Elem(), root, "")
		if len(r.mistakes) == 0 {
			return creds, nil
		}
		err = KeyErrors(ordered(r.mistakes))
	}
	return nil, fmt.Errorf("%w\ncorrect %s, or move it away to have new credentials made", err, path)
}

// ensureCredentials makes the file of credentials unless it is there, and says
// whether it did.
func ensureCredentials(path string) (made bool, err error) {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	var text bytes.Buffer
	text.WriteString("# Made by bridged at its first start. Who has these may do everything.\n")
	fmt.Fprintf(&text, "account_sid = %q\n", "AC"+randomHex())
	fmt.Fprintf(&text, "auth_token = %q\n", randomHex())
	fmt.Fprintf(&text, "api_key_sid = %q\n", "SK"+randomHex())
	fmt.Fprintf(&text, "api_key_secret = %q\n", randomHex())
	return writeOnce(path, text.Bytes())
}

// writeOnce puts a file in place whole and durably, unless one is there already,
// and says whether it did. Of two that try at once one succeeds, so that both
// read the same afterwards.
func writeOnce(path string, data []byte) (made bool, err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*") // with mode 0600
	if err != nil {
		return false, err
	}
	defer func() {
		if removeErr := os.Remove(temp.Name()); err == nil && !errors.Is(removeErr, fs.ErrNotExist) {
			err = removeErr
		}
	}()
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return false, err
	}
	// Unlike a rename, a link does not replace what is there. Some file systems
	// have no links.
	switch err = os.Link(temp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil:
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return false, err
	}
	return true, syncDir(dir)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the data directory
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// randomHex is 128 bits of randomness as 32 hexadecimal digits.
func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
