-- +goose Up
-- Which number of ours stands for a participant in a group text.
ALTER TABLE participants ADD COLUMN projected TEXT;

-- The live number groups of three and more members. A group is here exactly while
-- its conversation captures messages; a group of two is a pair.
CREATE TABLE number_groups (
    group_key       TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL
);
CREATE UNIQUE INDEX number_groups_of_conversation ON number_groups (conversation_id);

-- What all copies of one group message have in common; NULL for other messages.
ALTER TABLE inbound ADD COLUMN copy_key TEXT;
CREATE INDEX inbound_copies ON inbound (copy_key, received) WHERE copy_key IS NOT NULL;

-- A group message: its other receivers, as a list in JSON, and the delivery that
-- it goes out with. NULL for other deliveries and, in lead_id, for that one.
ALTER TABLE deliveries ADD COLUMN others TEXT;
ALTER TABLE deliveries ADD COLUMN lead_id TEXT;

-- The line of an attempt at a group message; NULL for others, which are in the
-- line of their pair.
ALTER TABLE attempts ADD COLUMN line TEXT;
CREATE INDEX attempts_at_groups ON attempts (pair_key, line) WHERE line IS NOT NULL AND provider_id IS NULL;

-- Who wrote the message that made a conversation, and its receivers, as a list in
-- JSON; NULL for other events.
ALTER TABLE events ADD COLUMN origin TEXT;

-- +goose Down
SELECT 1;
