-- +goose Up
-- Those that were discarded go after a time.
CREATE INDEX dead_letters_discarded ON dead_letters (discarded) WHERE discarded > 0;

-- +goose Down
SELECT 1;
