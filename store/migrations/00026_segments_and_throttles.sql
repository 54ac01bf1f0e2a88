-- +goose Up

-- What a delivery takes as SMS; 0 where the channel has no segments.
ALTER TABLE deliveries ADD COLUMN segments BIGINT NOT NULL DEFAULT 0;

-- Whether the carrier refused an attempt because it came too soon. Such a refusal
-- is not the delivery's fault and does not count against it.
ALTER TABLE attempts ADD COLUMN throttled BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
