package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the numbered steps from an empty database to the schema that
// this program needs.
func Migrations() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

// Schema is the version of the schema that those steps lead to.
func Schema() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(errors.New("there are no migrations"), err)
	}
	return goose.NumericComponent(names[len(names)-1]) // they are sorted
}

// ErrNewerSchema means that the database was migrated by a newer program.
var ErrNewerSchema = errors.New("the database has a newer schema than this program knows")

// Migrate brings a database up to the schema of steps. Before it changes one that
// is in use, it calls backup with the version that the database has. It returns
// ErrNewerSchema, and changes nothing, when that version is beyond the steps.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, steps fs.FS, backup func(version int64) error) error {
	provider, err := goose.NewProvider(dialect, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case current == target:
		return nil
	case current > target:
		return fmt.Errorf("%w: it is at version %d, the program at %d; run the newer program, or restore a backup", ErrNewerSchema, current, target)
	case current > 0:
		if err := backup(current); err != nil {
			return fmt.Errorf("copy the database before migrating it: %w", err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database from version %d to %d: %w", current, target, err)
	}
	return nil
}
