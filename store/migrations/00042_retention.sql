-- +goose Up
-- Messages and files by their age, for those that are not kept for good. A file whose
-- bytes have gone is not among them.
CREATE INDEX messages_by_age ON messages (created, id);
CREATE INDEX media_by_age ON media (created, id) WHERE message_id IS NOT NULL AND state = '';

-- +goose Down
SELECT 1;
