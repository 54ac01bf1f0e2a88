-- +goose Up
-- What of an inbound message could not be kept as it came: sentences, as JSON.
ALTER TABLE inbound ADD COLUMN notes TEXT;

-- +goose Down
SELECT 1;
