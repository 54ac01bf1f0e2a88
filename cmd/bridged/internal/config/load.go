package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
)

// What Open reads and where it keeps things when it is told nothing.
const (
	defaultFile = "bridged.toml"
	defaultDir  = "bridged-data"
)

// Open loads the file at path. Where path is empty that is bridged.toml in the
// working directory, and where there is none it is the embedded default with its
// data under bridged-data. Environ is the environment, as os.Environ has it.
func Open(path string, environ []string) (*Config, error) {
	if path != "" {
		return Load(path, environ)
	}
	switch _, err := os.Stat(defaultFile); {
	case err == nil:
		return Load(defaultFile, environ)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("look for a configuration: %w", err)
	}
	return Default(defaultDir, environ)
}

// ErrNoInstallation says that there is neither a configuration file nor the data
// of the embedded default.
var ErrNoInstallation = errors.New("there is no installation in this directory")

// Existing is Open for a command that works with an installation: it makes
// nothing. Where Open would make the credentials of the embedded default, the
// error is ErrNoInstallation.
func Existing(path string, environ []string) (*Config, error) {
	if path == "" {
		_, err := os.Stat(defaultFile)
		if errors.Is(err, fs.ErrNotExist) {
			_, err = os.Stat(filepath.Join(defaultDir, credentialsFile))
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, ErrNoInstallation
		case err != nil:
			return nil, fmt.Errorf("look for an installation: %w", err)
		}
	}
	return Open(path, environ)
}

// Load reads a configuration file and lays the environment over it. The error is
// a KeyErrors where the file could be read and is wrong.
func Load(path string, environ []string) (*Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	root, lines, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	c, err := read(newReader(path, lines), root, environ)
	if err != nil {
		return nil, err
	}
	environ = slices.Clone(environ)
	c.again = func() (*Config, error) { return Load(path, environ) }
	return c, nil
}

// read makes a configuration of a tree.
func read(r *reader, root tree, environ []string) (*Config, error) {
	c := &Config{}
	r.overlay(root, environ)
	r.table(reflect.ValueOf(c).Elem(), root, "")
	r.checkAll(c)
	if len(r.mistakes) > 0 {
		return nil, KeyErrors(ordered(r.mistakes))
	}
	c.warnings = ordered(r.warnings)
	return c, nil
}
