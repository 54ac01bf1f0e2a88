-- +goose Up
-- The newest delivery that was there when a status report came, which is about none
-- behind it, whatever the clock says. -1 for reports from before this column.
ALTER TABLE statuses ADD COLUMN newest BIGINT NOT NULL DEFAULT -1;

-- +goose Down
SELECT 1;
