-- +goose Up
-- Whether the webhooks are to hear of the event: 1 or 0. Events from before
-- nobody waits for.
ALTER TABLE events ADD COLUMN webhooks BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
