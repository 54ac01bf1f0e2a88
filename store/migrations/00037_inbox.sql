-- +goose Up
-- The conversations of all services by when something last happened in them.
CREATE INDEX conversations_by_activity ON conversations (active_at, seq);

-- +goose Down
SELECT 1;
