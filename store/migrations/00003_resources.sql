-- +goose Up
-- The resources of the reference beside conversations. Lists in columns are JSON.

CREATE TABLE roles (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    service_id    TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    type          TEXT NOT NULL,
    permissions   TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL
);
CREATE INDEX roles_of_service ON roles (service_id, seq);

-- The roles that the services of older installations only name.
INSERT INTO roles (id, service_id, friendly_name, type, permissions, created, updated)
    SELECT user_role, id, 'service user', 'service',
        '["createConversation","joinConversation","editOwnUserInfo"]', created, created FROM services;
INSERT INTO roles (id, service_id, friendly_name, type, permissions, created, updated)
    SELECT conversation_role, id, 'conversation user', 'conversation',
        '["sendMessage","leaveConversation","editOwnMessage","deleteOwnMessage"]', created, created FROM services;
INSERT INTO roles (id, service_id, friendly_name, type, permissions, created, updated)
    SELECT conversation_creator_role, id, 'conversation admin', 'conversation',
        '["addParticipant","deleteAnyMessage","deleteOwnMessage","deleteConversation","editAnyMessage","editAnyMessageAttributes","editAnyUserInfo","editConversationAttributes","editConversationName","editOwnMessage","editOwnMessageAttributes","editOwnUserInfo","leaveConversation","removeParticipant","sendMediaMessage","sendMessage"]', created, created FROM services;

-- Services and users get a number, by which their pages are cut. Notifications
-- are the empty text where they were never set; webhooks NULL where the
-- account's are used.
ALTER TABLE services RENAME TO services_before;
CREATE TABLE services (
    seq                       INTEGER PRIMARY KEY AUTOINCREMENT,
    id                        TEXT NOT NULL UNIQUE,
    friendly_name             TEXT NOT NULL,
    conversation_role         TEXT NOT NULL,
    conversation_creator_role TEXT NOT NULL,
    user_role                 TEXT NOT NULL,
    reachability              BIGINT NOT NULL,
    notifications             TEXT NOT NULL,
    webhooks                  TEXT,
    created                   BIGINT NOT NULL,
    updated                   BIGINT NOT NULL
);
INSERT INTO services (id, friendly_name, conversation_role, conversation_creator_role, user_role, reachability, notifications, created, updated)
    SELECT id, friendly_name, conversation_role, conversation_creator_role, user_role, 0, '', created, updated FROM services_before ORDER BY created;
DROP TABLE services_before;

ALTER TABLE users RENAME TO users_before;
CREATE TABLE users (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    service_id    TEXT NOT NULL,
    identity      TEXT NOT NULL,
    friendly_name TEXT,
    attributes    TEXT NOT NULL,
    role_id       TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    UNIQUE (service_id, identity)
);
CREATE INDEX users_of_service ON users (service_id, seq);
INSERT INTO users (id, service_id, identity, attributes, role_id, created, updated)
    SELECT id, service_id, identity, '{}', role_id, created, updated FROM users_before ORDER BY created;
DROP TABLE users_before;

ALTER TABLE conversations ADD COLUMN created_by TEXT NOT NULL DEFAULT 'system';

-- Whom a participant is, across conversations.
ALTER TABLE participants ADD COLUMN muted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX participants_by_identity ON participants (identity, conversation_id, seq) WHERE identity IS NOT NULL;
CREATE INDEX participants_by_address ON participants (address, conversation_id, seq) WHERE address IS NOT NULL;

-- Which of them are in a conversation that is not closed, so that they can be
-- counted however many closed ones there are.
ALTER TABLE participants ADD COLUMN live BIGINT NOT NULL DEFAULT 1;
UPDATE participants SET live = 0 WHERE conversation_id IN (SELECT id FROM conversations WHERE state = 'closed');
CREATE INDEX participants_live ON participants (identity) WHERE identity IS NOT NULL AND live = 1;

CREATE TABLE webhooks (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL,
    target          TEXT NOT NULL,
    url             TEXT NOT NULL,
    method          TEXT NOT NULL,
    filters         TEXT,
    triggers        TEXT,
    flow            TEXT NOT NULL,
    replay_after    BIGINT,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL
);
CREATE INDEX webhooks_of_conversation ON webhooks (conversation_id, seq);

CREATE TABLE address_configurations (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    address        TEXT NOT NULL UNIQUE,
    type           TEXT NOT NULL,
    friendly_name  TEXT,
    country        TEXT,
    enabled        BIGINT NOT NULL,
    creation_type  TEXT NOT NULL,
    service_id     TEXT NOT NULL,
    webhook_url    TEXT NOT NULL,
    webhook_method TEXT NOT NULL,
    filters        TEXT,
    flow           TEXT NOT NULL,
    retry_count    BIGINT NOT NULL,
    created        BIGINT NOT NULL,
    updated        BIGINT NOT NULL
);

CREATE TABLE credentials (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    friendly_name TEXT,
    type          TEXT NOT NULL,
    sandbox       BIGINT NOT NULL,
    certificate   TEXT NOT NULL,
    private_key   TEXT NOT NULL,
    api_key       TEXT NOT NULL,
    secret        TEXT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL
);

CREATE TABLE push_bindings (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    service_id    TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    identity      TEXT NOT NULL,
    endpoint      TEXT NOT NULL,
    type          TEXT NOT NULL,
    message_types TEXT,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    UNIQUE (service_id, identity, type, endpoint)
);
CREATE INDEX push_bindings_of_service ON push_bindings (service_id, seq);

-- +goose Down
SELECT 1;
