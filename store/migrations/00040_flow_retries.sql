-- +goose Up
-- How often a flow is called again that has not taken what it was told, of a webhook
-- that autocreation made. 0 for as long as any other webhook.
ALTER TABLE webhooks ADD COLUMN retries BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
