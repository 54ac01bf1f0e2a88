-- +goose Up
-- The number of the last event before a webhook was made: it hears of those after
-- it. 0 for one that was made together with its conversation.
ALTER TABLE webhooks ADD COLUMN after_event BIGINT NOT NULL DEFAULT 0;
UPDATE webhooks SET after_event = (SELECT COALESCE(MAX(seq), 0) FROM events);

-- Conversations that are gone, with what it takes to tell of their end: their
-- service and messaging service, and their webhooks as JSON (NULL: none).
CREATE TABLE departed_conversations (
    conversation_id      TEXT PRIMARY KEY,
    service_id           TEXT NOT NULL,
    messaging_service_id TEXT NOT NULL,
    webhooks             TEXT,
    removed              BIGINT NOT NULL
);
CREATE INDEX departed_conversations_by_age ON departed_conversations (removed);

-- +goose Down
SELECT 1;
