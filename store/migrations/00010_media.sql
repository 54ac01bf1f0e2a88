-- +goose Up
-- Files whose bytes are in media.dir, by the row's id. conversation_id and
-- message_id are NULL until a message has the file.
CREATE TABLE media (
    id              TEXT PRIMARY KEY,
    service_id      TEXT NOT NULL,
    author          TEXT NOT NULL,
    category        TEXT NOT NULL,
    content_type    TEXT NOT NULL,
    filename        TEXT NOT NULL,
    size            BIGINT NOT NULL,
    sha256          TEXT NOT NULL,
    conversation_id TEXT,
    message_id      TEXT,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL
);
CREATE INDEX media_of_message ON media (conversation_id, message_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX media_unattached ON media (created, id) WHERE message_id IS NULL;

-- +goose Down
SELECT 1;
