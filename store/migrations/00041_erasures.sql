-- +goose Up
-- The erasures of persons. spellings are how the person is found, as a list in JSON:
-- NULL as soon as nothing is looked for any more. removed is JSON by kind, remaining a
-- list in JSON.
CREATE TABLE erasures (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    spellings    TEXT,
    state        TEXT NOT NULL,
    compact      BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    removed      TEXT NOT NULL,
    remaining    TEXT,
    problem      TEXT NOT NULL,
    created      BIGINT NOT NULL,
    finished     BIGINT NOT NULL
);
CREATE INDEX erasures_unfinished ON erasures (seq) WHERE state <> 'done';

-- +goose Down
SELECT 1;
