-- +goose Up
-- By which channels people are in a conversation: a sum of 1 for SMS, 2 for WhatsApp,
-- 4 for a group text, and 8 for chat.
ALTER TABLE conversations ADD COLUMN channels BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET channels = (SELECT
    COALESCE(MAX(CASE WHEN LOWER(p.address) NOT LIKE 'whatsapp:%' THEN 1 ELSE 0 END), 0)
    + COALESCE(MAX(CASE WHEN LOWER(p.address) LIKE 'whatsapp:%' THEN 2 ELSE 0 END), 0)
    + COALESCE(MAX(CASE WHEN p.proxy IS NULL AND (p.address IS NOT NULL OR p.projected IS NOT NULL) THEN 4 ELSE 0 END), 0)
    + COALESCE(MAX(CASE WHEN p.identity IS NOT NULL THEN 8 ELSE 0 END), 0)
    FROM participants p WHERE p.conversation_id = conversations.id);
-- All that the inbox filters by is in its index, so that looking for conversations
-- that are rare and old never reads the table.
DROP INDEX conversations_by_activity;
CREATE INDEX conversations_by_activity ON conversations (active_at, seq, service_id, state, channels);

-- +goose Down
SELECT 1;
