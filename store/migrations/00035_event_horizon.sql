-- +goose Up
-- The last event that was removed, in one row, which is not there before. Whoever has
-- not read up to it has missed something. No index is needed beside it: events are
-- removed first to last, in the order in which they are read.
CREATE TABLE event_horizon (
    id    BIGINT PRIMARY KEY,
    xid   BIGINT NOT NULL,
    event BIGINT NOT NULL
);

-- +goose Down
SELECT 1;
