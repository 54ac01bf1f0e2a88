-- +goose Up
-- The conversations of all services, and those of each, by when something last
-- happened in them.
CREATE INDEX conversations_by_activity ON conversations (active_at, seq);
CREATE INDEX conversations_of_service_by_activity ON conversations (service_id, active_at, seq);

-- +goose Down
SELECT 1;
