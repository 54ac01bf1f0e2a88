package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"bridged/bridge"
	"bridged/cmd/bridged/internal/config"
	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/sqlite"
)

// leaseOfSends is how many sends may follow one another in the life of a lease. It
// has to be two at least: a process sends only while there is time for one.
const leaseOfSends = 3

// openStore opens the configured store for the daemon.
func openStore(ctx context.Context, cfg *config.Config, m *metrics, log *slog.Logger) (*store.DB, error) {
	if left := interruptedRestore(cfg); left != "" {
		log.WarnContext(ctx, "a restore was interrupted", "state", left)
	}
	backend, err := openBackend(ctx, cfg.Store)
	if err != nil {
		return nil, fmt.Errorf("store.url %s: %w", cfg.Store.Redacted(), err)
	}
	return store.Open(ctx, backend, store.Config{
		Lease:     leaseOfSends * cfg.Retry.SendTimeout,
		Committed: m.committed,
		Log:       log,
	})
}

// openBackend opens the database of a URL, and migrates it. The URL is in no
// error.
func openBackend(ctx context.Context, s config.Store) (store.Backend, error) {
	steps, err := store.Migrations()
	if err != nil {
		return store.Backend{}, err
	}
	if path := s.SQLitePath(); path != "" {
		return sqlite.Open(ctx, path, steps)
	}
	return postgres.Open(ctx, s.URL.Value(), steps, postgres.Options{Writers: s.MaxWriters, Readers: s.MaxReaders})
}

// closeBackend closes a database that no store has taken over.
func closeBackend(b store.Backend) error {
	err := errors.Join(b.Write.Close(), b.Read.Close())
	if b.Close != nil {
		err = errors.Join(err, b.Close())
	}
	return err
}

// storeSpace watches the disk that the store is on; nil where that is not this
// machine's to watch.
func storeSpace(s config.Store) bridge.Space {
	if path := s.SQLitePath(); path != "" {
		return newDisk(filepath.Dir(path))
	}
	return nil
}
