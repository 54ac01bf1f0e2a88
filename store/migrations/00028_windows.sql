-- +goose Up
-- When a person last wrote to a proxy address of a channel that allows free text
-- only for a time after that. It outlives the conversations of the pair.
CREATE TABLE windows (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    match_key    TEXT NOT NULL UNIQUE,
    address      TEXT NOT NULL,
    proxy        TEXT NOT NULL,
    last_inbound BIGINT NOT NULL,
    open_until   BIGINT NOT NULL,
    updated      BIGINT NOT NULL
);

-- What waits for its pair's window to open.
CREATE INDEX dead_letters_outside_window ON dead_letters (task_key, seq) WHERE error_code = 63016;

-- How a delivery goes out, decided before its first attempt: as text, as a form
-- of its content, as a template, or as the template that is given in its stead.
ALTER TABLE deliveries ADD COLUMN way TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN fallback_id TEXT NOT NULL DEFAULT '';

-- What of an inbound message is more than text and files, as JSON, and the
-- carrier's id of the message that it answers.
ALTER TABLE inbound ADD COLUMN attributes TEXT;
ALTER TABLE inbound ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
