-- +goose Up
-- What came of fetching a file from its carrier: empty when its bytes are here,
-- "fetching", or "failed" with the reason.
ALTER TABLE media ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE media ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- The files that are being fetched, and where they are. due is 0 while there is a
-- task for it, else the time of the next attempt.
CREATE TABLE fetches (
    media_id        TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    channel         TEXT NOT NULL,
    proxy           TEXT NOT NULL,
    url             TEXT NOT NULL,
    provider_id     TEXT NOT NULL,
    content_type    TEXT NOT NULL,
    attempts        BIGINT NOT NULL,
    due             BIGINT NOT NULL
);
CREATE INDEX fetches_of_message ON fetches (conversation_id, message_id);
CREATE INDEX fetches_due ON fetches (due) WHERE due > 0;

-- +goose Down
SELECT 1;
