-- +goose Up
-- When the next timer of a conversation changes its state, 0 for never. A
-- conversation that is initializing or closed has none.
ALTER TABLE conversations ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET due = CASE
    WHEN date_inactive = 0 OR (date_closed > 0 AND date_closed < date_inactive) THEN date_closed
    ELSE date_inactive END
    WHERE state IN ('active', 'inactive');
CREATE INDEX conversations_due ON conversations (due) WHERE due > 0;

-- What changed the state of a conversation: API, TIMER or EVENT; empty for an event
-- of another type, and for those from before this column.
ALTER TABLE events ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
