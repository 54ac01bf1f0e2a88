-- +goose Up
-- What failed, for those who look for it. The condition names no status: reports of
-- carriers change that all the time, and PostgreSQL would have to write into every index
-- of a delivery each time. One that goes well never enters this index.
CREATE INDEX deliveries_failed ON deliveries (seq) WHERE error_code <> 0 OR progress = 5;

-- +goose Down
SELECT 1;
