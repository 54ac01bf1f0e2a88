-- +goose Up
-- The inbound messages that a classic inbound webhook has yet to hear of. It is
-- that of a messaging service, or the number's own where none is named. A row goes
-- in the commit that obeys the answer; one whose task was given up stays.
CREATE TABLE inbound_calls (
    seq                  INTEGER PRIMARY KEY AUTOINCREMENT,
    messaging_service_id TEXT NOT NULL,
    channel              TEXT NOT NULL,
    provider_id          TEXT NOT NULL,
    sender               TEXT NOT NULL,
    receiver             TEXT NOT NULL,
    profile_name         TEXT NOT NULL,
    body                 TEXT NOT NULL,
    media                TEXT,
    created              BIGINT NOT NULL
);

-- The messages that inbound webhooks answered with. They are in no conversation:
-- their deliveries have an empty conversation_id and participant_id, and this
-- table's id as message_id.
CREATE TABLE outbound_texts (
    id      TEXT PRIMARY KEY,
    body    TEXT,
    media   TEXT,
    created BIGINT NOT NULL
);

-- What the sender is called by their own choice, until the message is finished.
ALTER TABLE inbound ADD COLUMN profile_name TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE inbound DROP COLUMN profile_name;
DROP TABLE outbound_texts;
DROP TABLE inbound_calls;
