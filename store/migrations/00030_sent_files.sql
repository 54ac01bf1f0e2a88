-- +goose Up

-- What became of the files of a message on their way to one person, as JSON.
ALTER TABLE deliveries ADD COLUMN files TEXT;

-- +goose Down
SELECT 1;
