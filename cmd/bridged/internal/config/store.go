package config

import (
	"cmp"
	"errors"
	"net/url"
	"reflect"
	"strings"
)

// sqliteScheme begins the URL of a store in one SQLite file.
const sqliteScheme = "sqlite:"

// ParseStore reads the URL of a store as store.url would be, with the defaults
// of everything else. The error says what to change and does not quote the URL,
// which may hold a password.
func ParseStore(text string) (Store, error) {
	if err := checkStore(text); err != nil {
		return Store{}, err
	}
	var s Store
	v := reflect.ValueOf(&s).Elem()
	for _, f := range fields(v.Type()) {
		if kindOf(f.typ) == scalarKind {
			v.Field(f.index).Set(defaultOf(f))
		}
	}
	s.URL = NewSecret(text)
	return s, nil
}

// SQLitePath returns the path of the database file; empty for another kind of
// store.
func (s Store) SQLitePath() string {
	path, isSQLite := strings.CutPrefix(s.URL.Value(), sqliteScheme)
	if !isSQLite {
		return ""
	}
	return path
}

// Redacted is what may be shown of the URL: it is without password, and without
// the parameters, among which another one may be.
func (s Store) Redacted() string {
	text := s.URL.Value()
	if s.SQLitePath() != "" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil { // it was not checked
		return redacted
	}
	shown := url.URL{Scheme: u.Scheme, Host: databaseHost(u), Path: "/" + databaseName(u)}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	return shown.String()
}

func checkStore(s string) error {
	path, isSQLite := strings.CutPrefix(s, sqliteScheme)
	switch {
	case isPostgres(s):
		return checkPostgres(s)
	case !isSQLite:
		return errors.New(`is no store: write "sqlite:PATH" or "postgres://USER@HOST/DATABASE"`)
	case path == "" || strings.ContainsAny(path, "?#"):
		return errors.New(`needs the path of a file without "?" and "#": write "sqlite:PATH"`)
	}
	return nil
}

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func checkPostgres(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return errors.New(`is no URL: write "postgres://USER:PASSWORD@HOST/DATABASE", with "%40" for "@", "%23" for "#", ` +
			`"%25" for "%", "%2F" for "/" and "%3F" for "?" in the password`)
	case databaseHost(u) == "":
		return errors.New(`names no host: write "postgres://USER@HOST/DATABASE", or add "?host=DIRECTORY" for a Unix socket`)
	case databaseName(u) == "":
		return errors.New(`names no database: write "postgres://USER@HOST/DATABASE"`)
	}
	return nil
}

// databaseHost and databaseName are where a PostgreSQL URL leads. As for libpq a
// parameter comes before what stands in the URL's own place.
func databaseHost(u *url.URL) string { return cmp.Or(u.Query().Get("host"), u.Host) }

func databaseName(u *url.URL) string {
	return cmp.Or(u.Query().Get("dbname"), strings.TrimLeft(u.Path, "/"))
}

// checkPool warns about a pool that the store does not have.
func (r *reader) checkPool(s Store) {
	if !r.ok("store.url") || !r.ok("store.url_file") || s.SQLitePath() == "" {
		return
	}
	v := reflect.ValueOf(s)
	for _, f := range fields(v.Type()) {
		path := member("store", f.key)
		if strings.HasPrefix(f.key, "max_") && r.ok(path) && !v.Field(f.index).Equal(defaultOf(f)) {
			r.warn(path, "has no effect: it is for PostgreSQL, and store.url is a SQLite file")
		}
	}
}
