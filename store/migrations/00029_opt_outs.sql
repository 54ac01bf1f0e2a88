-- +goose Up
-- Who wants nothing more from which of our numbers. It belongs to no conversation
-- and stays when those are closed and deleted.
CREATE TABLE opt_outs (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    match_key TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL, -- the address as aliases have it
    address   TEXT NOT NULL,
    proxy     TEXT NOT NULL,
    source    TEXT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE INDEX opt_outs_of_name ON opt_outs (name);

-- What the keyword of an inbound message has changed, and what a carrier said that
-- it asks for, which inbound webhooks are told.
ALTER TABLE inbound ADD COLUMN keyword TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN keyword_effect TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound_calls ADD COLUMN keyword TEXT NOT NULL DEFAULT '';

-- Who speaks, as it stands before the text, and whether it answers a keyword.
ALTER TABLE deliveries ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN notice BIGINT NOT NULL DEFAULT 0;

-- The numbers of participants who are shown to others as "Participant 2". They
-- stay when somebody leaves, so that nobody else gets them.
CREATE TABLE speaker_numbers (
    participant_id  TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    number          BIGINT NOT NULL
);
CREATE INDEX speaker_numbers_of_conversation ON speaker_numbers (conversation_id, number);

-- +goose Down
SELECT 1;
