PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO goose_db_version VALUES(1,0,1,'2026-11-21 03:01:59');
INSERT INTO goose_db_version VALUES(2,1,1,'2026-11-21 03:01:59');
CREATE TABLE installation (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO installation VALUES('default_service','5e');
INSERT INTO installation VALUES('default_messaging_service','a6000000000000000000000000000001');
CREATE TABLE services (
    id                        TEXT PRIMARY KEY,
    friendly_name             TEXT NOT NULL,
    conversation_role         TEXT NOT NULL,
    conversation_creator_role TEXT NOT NULL,
    user_role                 TEXT NOT NULL,
    created                   BIGINT NOT NULL,
    updated                   BIGINT NOT NULL
);
INSERT INTO services VALUES('5e','Default','r1','r2','r3',1777636800000000,1777636800000000);
CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    service_id TEXT NOT NULL,
    identity   TEXT NOT NULL,
    role_id    TEXT NOT NULL,
    created    BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    UNIQUE (service_id, identity)
);
INSERT INTO users VALUES('u1','5e','ada','r3',1777636800000000,1777636800000000);
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
INSERT INTO conversations VALUES(1,'c0000000000000000000000000000001','5e','a6',NULL,'frozen','{}','active',0,0,0,0,NULL,NULL,1,1777636800000000,1777636800000000,1777636800000000);
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
INSERT INTO participants VALUES(1,'b0000000000000000000000000000001','c0000000000000000000000000000001',NULL,'+15550000001','+15550100001','{}',NULL,NULL,NULL,1777636800000000,1777636800000000);
INSERT INTO participants VALUES(2,'b0000000000000000000000000000002','c0000000000000000000000000000001','ada',NULL,NULL,'{}',NULL,NULL,NULL,1777636800000000,1777636800000000);
CREATE TABLE pairs (
    match_key       TEXT PRIMARY KEY,
    participant_id  TEXT NOT NULL,
    conversation_id TEXT NOT NULL
);
INSERT INTO pairs VALUES('sms:+15550000001>sms:+15550100001','b0000000000000000000000000000001','c0000000000000000000000000000001');
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
INSERT INTO messages VALUES('e0000000000000000000000000000001','c0000000000000000000000000000001',0,'system',NULL,'It''s frozen',NULL,NULL,'{}',1777636800000000,1777636800000000);
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
INSERT INTO inbound VALUES(1,'sim','P0','+15550000001','+15550100001','["+15550000002"]','body','[{"ID":"me","URL":"u","ProviderID":"","ContentType":"","Filename":"","Size":0}]','key',1777636799000000,1777636800000000,0,'',NULL);
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
INSERT INTO deliveries VALUES(1,'d0000000000000000000000000000001','c0000000000000000000000000000001','e0000000000000000000000000000001','b0000000000000000000000000000001','sim','+15550000001','+15550100001','sms:+15550000001>sms:+15550100001','delivered',0,'',4,1,0,0,'',1777636800000000,1777636800000000);
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
INSERT INTO attempts VALUES('d0000000000000000000000000000001',1,'sim','sms:+15550000001>sms:+15550100001',0,'accepted','P1','delivered',0,'','',1777636800000000,1777636800000000);
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
INSERT INTO statuses VALUES(1,'sim','P1','sms:+15550000001>sms:+15550100001','sent',0,'c','d',1777636800000000,1777636800000000,'d0000000000000000000000000000001');
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
INSERT INTO dead_letters VALUES(1,'outbound.sim','key',NULL,X'31',0,'frozen',1777636800000000);
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
INSERT INTO events VALUES(1,'onMessageAdded','c0000000000000000000000000000001','API','','{"ID":"e0000000000000000000000000000001","Conversation":"c0000000000000000000000000000001","Index":0,"Author":"system","Participant":null,"Body":"It''s frozen","Subject":null,"Media":null,"Attributes":"{}","Created":"2026-05-01T12:00:00Z","Updated":"2026-05-01T12:00:00Z"}',NULL,1777636800000000);
CREATE TABLE answers (
    request_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status      BIGINT NOT NULL,
    body        BLOB,
    created     BIGINT NOT NULL
);
INSERT INTO answers VALUES('frozen','frozen',0,NULL,1777636800000000);
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
INSERT INTO outbox VALUES(1,'inbound','key','',X'31',NULL,0,0);
CREATE TABLE outbox_groups (
    topic TEXT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (topic, name)
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('goose_db_version',2);
INSERT INTO sqlite_sequence VALUES('inbound',1);
INSERT INTO sqlite_sequence VALUES('conversations',1);
INSERT INTO sqlite_sequence VALUES('participants',2);
INSERT INTO sqlite_sequence VALUES('deliveries',1);
INSERT INTO sqlite_sequence VALUES('statuses',1);
INSERT INTO sqlite_sequence VALUES('dead_letters',1);
INSERT INTO sqlite_sequence VALUES('events',1);
INSERT INTO sqlite_sequence VALUES('outbox',1);
CREATE UNIQUE INDEX conversations_unique_name ON conversations (service_id, unique_name) WHERE unique_name IS NOT NULL;
CREATE INDEX conversations_by_creation ON conversations (service_id, created, seq);
CREATE INDEX participants_of_conversation ON participants (conversation_id, seq);
CREATE UNIQUE INDEX participants_identity ON participants (conversation_id, identity) WHERE identity IS NOT NULL;
CREATE INDEX pairs_of_participant ON pairs (participant_id);
CREATE INDEX pairs_of_conversation ON pairs (conversation_id);
CREATE INDEX inbound_pending ON inbound (seq) WHERE state = 0;
CREATE INDEX inbound_unrouted ON inbound (seq) WHERE state = 2;
CREATE INDEX deliveries_of_message ON deliveries (conversation_id, message_id, seq);
CREATE INDEX deliveries_in_line ON deliveries (pair_key, seq) WHERE progress < 4;
CREATE INDEX deliveries_due ON deliveries (due) WHERE progress IN (2, 3);
CREATE INDEX attempts_by_provider_id ON attempts (channel, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempts_unknown ON attempts (pair_key, started) WHERE outcome = 'unknown' AND provider_id IS NULL;
CREATE INDEX statuses_early ON statuses (channel, provider_id) WHERE delivery_id IS NULL;
CREATE INDEX statuses_early_of_pair ON statuses (pair_key, received) WHERE delivery_id IS NULL;
CREATE INDEX statuses_of_delivery ON statuses (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX dead_letters_of_delivery ON dead_letters (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX answers_by_age ON answers (created);
CREATE INDEX outbox_of_queue ON outbox (queue, seq);
COMMIT;
