-- +goose Up
-- Which channel it was for, as far as one was; the lease of its task, to enqueue
-- it again under; and what else it takes to do it again, as JSON that nobody is
-- shown: where a file is, or what a webhook was to hear.
ALTER TABLE dead_letters ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN lease TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN source BLOB;
UPDATE dead_letters SET channel = substr(topic, 10) WHERE topic LIKE 'outbound.%';

-- When it was discarded, 0 for never, by whom and why.
ALTER TABLE dead_letters ADD COLUMN discarded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN discarded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN discard_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX dead_letters_open ON dead_letters (seq) WHERE discarded = 0;

-- Those of files, which go with the files.
CREATE INDEX dead_letters_of_file ON dead_letters (task_key) WHERE topic = 'fetch';

-- +goose Down
SELECT 1;
