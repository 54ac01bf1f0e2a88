package main

import (
	"context"
	"fmt"
	"path/filepath"

	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/sqlite"
	"bridged/store/storetest/pgserver"
)

// databases are where the stores of the benchmark are: files, or databases of a
// PostgreSQL server of its own.
type databases struct {
	server *pgserver.Server // nil: files
}

func openDatabases(ctx context.Context, kind string) (d databases, err error) {
	switch kind {
	case "sqlite":
	case "postgres":
		d.server, err = pgserver.Start(ctx, pgserver.Options{Durable: true})
	default:
		err = fmt.Errorf("-store %s: use sqlite or postgres", kind)
	}
	return d, err
}

// fresh makes a new database and returns its store.url.
func (d databases) fresh(ctx context.Context, dir string) (url string, err error) {
	if d.server == nil {
		return "sqlite:" + filepath.Join(dir, "bridged.db"), nil
	}
	return d.server.CreateDatabase(ctx, "")
}

// drop removes a database, so that the server has nothing to do for it while the
// next one is measured. Files go with their folder.
func (d databases) drop(ctx context.Context, url string) error {
	if d.server == nil || url == "" {
		return nil
	}
	return d.server.DropDatabase(ctx, url)
}

// open opens a store at the URL of a new database in this process.
func (d databases) open(ctx context.Context, dir, url string) (*store.DB, error) {
	steps, err := store.Migrations()
	if err != nil {
		return nil, err
	}
	var backend store.Backend
	if d.server == nil {
		backend, err = sqlite.Open(ctx, filepath.Join(dir, "bridged.db"), steps)
	} else {
		backend, err = postgres.Open(ctx, url, steps, postgres.Options{})
	}
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, backend, store.Config{})
}

func (d databases) close() error {
	if d.server == nil {
		return nil
	}
	return d.server.Close()
}
