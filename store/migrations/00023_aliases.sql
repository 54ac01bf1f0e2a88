-- +goose Up
-- Other names of persons, learned from their carriers: a name that is no
-- telephone number, and the number that it stands for. Both are addresses in
-- canonical form, so that a name belongs to one type.
CREATE TABLE aliases (
    alias   TEXT PRIMARY KEY,
    root    TEXT NOT NULL,
    learned BIGINT NOT NULL
);
CREATE INDEX aliases_of_root ON aliases (root, alias);

-- Pairs that turned out to be one person's in two live conversations. The one
-- that was bound later lost its pair.
CREATE TABLE alias_conflicts (
    seq                   INTEGER PRIMARY KEY AUTOINCREMENT,
    alias                 TEXT NOT NULL,
    root                  TEXT NOT NULL,
    proxy                 TEXT NOT NULL,
    kept_conversation_id  TEXT NOT NULL,
    kept_participant_id   TEXT NOT NULL,
    freed_conversation_id TEXT NOT NULL,
    freed_participant_id  TEXT NOT NULL,
    created               BIGINT NOT NULL
);

-- +goose Down
SELECT 1;
