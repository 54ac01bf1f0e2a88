-- +goose Up

-- Who follows the events, up to which one they have come, and what else they keep.
CREATE TABLE event_readers (
    name  TEXT PRIMARY KEY,
    xid   BIGINT NOT NULL,
    event BIGINT NOT NULL,
    state TEXT NOT NULL
);

-- What can be searched for: one row for each resource that has words. Place is
-- the order in which resources are found, oldest first; words are what package
-- search makes of its texts.
CREATE TABLE search_entries (
    place           INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL,
    resource_id     TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    words           TEXT NOT NULL,
    UNIQUE (conversation_id, resource_id)
);

-- PostgreSQL only: CREATE INDEX events_in_order ON events (xid, seq);
-- PostgreSQL only: CREATE INDEX search_words ON search_entries USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (gin_pending_list_limit = 128);

-- SQLite only
-- The words are made in Go: they are parted at spaces, and nothing else is done.
-- Which words a resource has is enough: their order and number are not kept. It
-- is written by statements of its own, not by triggers: before each statement that
-- fires one FTS5 would write what it has gathered.
CREATE VIRTUAL TABLE search_words USING fts5 (
    words, content = 'search_entries', content_rowid = 'place',
    tokenize = "ascii tokenchars '_'", detail = none, columnsize = 0
);
-- end of SQLite only

-- +goose Down
SELECT 1;
