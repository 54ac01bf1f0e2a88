-- +goose Up
-- Templates of messages. Variables and forms are JSON; approved is when the
-- approval was recorded, 0 while there is none.
CREATE TABLE contents (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    friendly_name     TEXT,
    language          TEXT NOT NULL,
    variables         TEXT NOT NULL,
    forms             TEXT NOT NULL,
    approval_name     TEXT NOT NULL,
    approval_category TEXT NOT NULL,
    approved          BIGINT NOT NULL,
    created           BIGINT NOT NULL,
    updated           BIGINT NOT NULL
);

-- What a message was made of: the content, and the values of its variables as JSON.
ALTER TABLE messages ADD COLUMN content_id TEXT;
ALTER TABLE messages ADD COLUMN content_variables TEXT;

-- Which of the carriers' messages became this one.
CREATE INDEX inbound_of_message ON inbound (message_id) WHERE message_id IS NOT NULL;

-- +goose Down
SELECT 1;
