-- +goose Up

-- What is true of this installation as a whole: names and their values.
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE services (
    id                        TEXT PRIMARY KEY,
    friendly_name             TEXT NOT NULL,
    conversation_role         TEXT NOT NULL,
    conversation_creator_role TEXT NOT NULL,
    user_role                 TEXT NOT NULL,
    created                   BIGINT NOT NULL,
    updated                   BIGINT NOT NULL
);

CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    service_id TEXT NOT NULL,
    identity   TEXT NOT NULL,
    role_id    TEXT NOT NULL,
    created    BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    UNIQUE (service_id, identity)
);

-- Times are microseconds since 1970 UTC, 0 or NULL for none; durations are
-- microseconds.
CREATE TABLE conversations (
    seq                  INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE,
    service_id           TEXT NOT NULL,
    messaging_service_id TEXT NOT NULL,
    friendly_name        TEXT,
    unique_name          TEXT,
    attributes           TEXT NOT NULL,
    state                TEXT NOT NULL,
    timer_inactive       BIGINT NOT NULL,
    timer_closed         BIGINT NOT NULL,
    date_inactive        BIGINT NOT NULL,
    date_closed          BIGINT NOT NULL,
    email_address        TEXT,
    email_name           TEXT,
    next_index           BIGINT NOT NULL,
    active_at            BIGINT NOT NULL,
    created              BIGINT NOT NULL,
    updated              BIGINT NOT NULL
);
CREATE UNIQUE INDEX conversations_unique_name ON conversations (service_id, unique_name) WHERE unique_name IS NOT NULL;
CREATE INDEX conversations_by_creation ON conversations (service_id, created, seq);

CREATE TABLE participants (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL,
    identity        TEXT,
    address         TEXT,
    proxy           TEXT,
    attributes      TEXT NOT NULL,
    role_id         TEXT,
    last_read_index BIGINT,
    last_read_at    BIGINT,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL
);
CREATE INDEX participants_of_conversation ON participants (conversation_id, seq);
CREATE UNIQUE INDEX participants_identity ON participants (conversation_id, identity) WHERE identity IS NOT NULL;

-- The live pairs: which participant a pair of addresses means. A pair is here
-- exactly while its conversation captures messages.
CREATE TABLE pairs (
    match_key       TEXT PRIMARY KEY,
    participant_id  TEXT NOT NULL,
    conversation_id TEXT NOT NULL
);
CREATE INDEX pairs_of_participant ON pairs (participant_id);
CREATE INDEX pairs_of_conversation ON pairs (conversation_id);

CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    idx             BIGINT NOT NULL,
    author          TEXT NOT NULL,
    participant_id  TEXT,
    body            TEXT,
    subject         TEXT,
    media           TEXT,
    attributes      TEXT NOT NULL,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL,
    UNIQUE (conversation_id, idx)
);

-- Inbound messages as they were accepted. The text moves to the message when it
-- is appended; the row stays, so that a repeat is recognised.
CREATE TABLE inbound (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel     TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    sender      TEXT NOT NULL,
    receiver    TEXT NOT NULL,
    others      TEXT,
    body        TEXT NOT NULL,
    media       TEXT,
    match_key   TEXT NOT NULL,
    sent_at     BIGINT NOT NULL,
    received    BIGINT NOT NULL,
    state       BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    message_id  TEXT,
    UNIQUE (channel, provider_id)
);
CREATE INDEX inbound_pending ON inbound (seq) WHERE state = 0;
CREATE INDEX inbound_unrouted ON inbound (seq) WHERE state = 2;

CREATE TABLE deliveries (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    participant_id  TEXT NOT NULL,
    channel         TEXT NOT NULL,
    address         TEXT NOT NULL,
    proxy           TEXT NOT NULL,
    pair_key        TEXT NOT NULL,
    status          TEXT NOT NULL,
    error_code      BIGINT NOT NULL,
    provider_id     TEXT NOT NULL,
    progress        BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    parts           BIGINT NOT NULL,
    due             BIGINT NOT NULL,
    reason          TEXT NOT NULL,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL
);
CREATE INDEX deliveries_of_message ON deliveries (conversation_id, message_id, seq);
-- The lines of the pairs; progress below 4 is in line.
CREATE INDEX deliveries_in_line ON deliveries (pair_key, seq) WHERE progress < 4;
CREATE INDEX deliveries_due ON deliveries (due) WHERE progress IN (2, 3);

CREATE TABLE attempts (
    delivery_id  TEXT NOT NULL,
    number       BIGINT NOT NULL,
    channel      TEXT NOT NULL,
    pair_key     TEXT NOT NULL,
    part         BIGINT NOT NULL,
    outcome      TEXT NOT NULL,
    provider_id  TEXT,
    status       TEXT NOT NULL,
    error_code   BIGINT NOT NULL,
    carrier_code TEXT NOT NULL,
    detail       TEXT NOT NULL,
    started      BIGINT NOT NULL,
    ended        BIGINT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
CREATE INDEX attempts_by_provider_id ON attempts (channel, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempts_unknown ON attempts (pair_key, started) WHERE outcome = 'unknown' AND provider_id IS NULL;

-- Every status report of a carrier, as it came. delivery_id is NULL until it is
-- known what it is about.
CREATE TABLE statuses (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    channel      TEXT NOT NULL,
    provider_id  TEXT NOT NULL,
    pair_key     TEXT NOT NULL,
    status       TEXT NOT NULL,
    error_code   BIGINT NOT NULL,
    carrier_code TEXT NOT NULL,
    detail       TEXT NOT NULL,
    at           BIGINT NOT NULL,
    received     BIGINT NOT NULL,
    delivery_id  TEXT
);
CREATE INDEX statuses_early ON statuses (channel, provider_id) WHERE delivery_id IS NULL;
CREATE INDEX statuses_early_of_pair ON statuses (pair_key, received) WHERE delivery_id IS NULL;
CREATE INDEX statuses_of_delivery ON statuses (delivery_id) WHERE delivery_id IS NOT NULL;

CREATE TABLE dead_letters (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT NOT NULL,
    task_key    TEXT NOT NULL,
    delivery_id TEXT,
    payload     BLOB,
    error_code  BIGINT NOT NULL,
    reason      TEXT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE INDEX dead_letters_of_delivery ON dead_letters (delivery_id) WHERE delivery_id IS NOT NULL;

-- Every change, in the commit that made it.
CREATE TABLE events (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    type            TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    source          TEXT NOT NULL,
    actor           TEXT NOT NULL,
    after           TEXT NOT NULL,
    before          TEXT,
    at              BIGINT NOT NULL
);

CREATE TABLE answers (
    request_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status      BIGINT NOT NULL,
    body        BLOB,
    created     BIGINT NOT NULL
);
CREATE INDEX answers_by_age ON answers (created);

-- The outbox: one row per task and queue. A queue is a topic, or a topic and the
-- name of one of its consumer groups. AUTOINCREMENT, because a reader's cursor
-- must never meet a number twice.
CREATE TABLE outbox (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    TEXT NOT NULL,
    task_key TEXT NOT NULL,
    uuid     TEXT NOT NULL,
    payload  BLOB,
    metadata TEXT,
    attempts BIGINT NOT NULL,
    due      BIGINT NOT NULL
);
CREATE INDEX outbox_of_queue ON outbox (queue, seq);

CREATE TABLE outbox_groups (
    topic TEXT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (topic, name)
);

-- +goose Down
SELECT 1;
