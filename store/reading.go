package store

import "context"

type readingKey struct{}

// Reading makes a context whose queries see the database as the operation does,
// with what its commit has changed so far. It is good within the operation only,
// for one query at a time.
func (tx *Tx) Reading(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, tx)
}

// reader is a querier for one request: on the reading pool, or within the
// operation that the context is of.
func (db *DB) reader(ctx context.Context) querier {
	if tx, ok := ctx.Value(readingKey{}).(*Tx); ok && tx.db == db {
		return tx.querier
	}
	return querier{ctx: ctx, statements: db.reads, backend: &db.backend}
}
