-- +goose Up
-- Several processes on one database (PostgreSQL). A lease is a proxy number, a
-- queue, or "process/" and the name of a process that is alive. Until is in
-- microseconds since 1970 UTC by the database's clock.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

-- Which process is sending the delivery.
ALTER TABLE deliveries ADD COLUMN holder TEXT NOT NULL DEFAULT '';

-- Which lease a task needs, and the transaction that made the row: readers stop
-- before those that may still be followed by a lower number.
ALTER TABLE outbox ADD COLUMN lease TEXT NOT NULL DEFAULT '';
UPDATE outbox SET lease = queue;
ALTER TABLE outbox ADD COLUMN xid TRANSACTION_ID NOT NULL DEFAULT 0;
DROP INDEX outbox_of_queue;
CREATE INDEX outbox_of_queue ON outbox (queue, xid, seq);
ALTER TABLE events ADD COLUMN xid TRANSACTION_ID NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
