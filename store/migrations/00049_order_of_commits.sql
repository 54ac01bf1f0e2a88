-- +goose Up
-- On PostgreSQL a transaction has its number before it waits for a lock, and one that
-- was numbered later may come first: then what the two insert would be read in the
-- wrong order. Rows are numbered by the last transaction that had ended when they were
-- inserted, where that is the later one.
SELECT 1;
-- PostgreSQL only: ALTER TABLE outbox ALTER COLUMN xid SET DEFAULT GREATEST(pg_current_xact_id()::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1);
-- PostgreSQL only: ALTER TABLE events ALTER COLUMN xid SET DEFAULT GREATEST(pg_current_xact_id()::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1);

-- By which a connection that writes knows whether its last commit came through: the
-- number of a transaction does not say so once the server has crashed, because it may
-- be given again.
-- PostgreSQL only: CREATE TABLE commit_marks (session TEXT PRIMARY KEY, mark BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL) WITH (fillfactor = 20);

-- +goose Down
SELECT 1;
