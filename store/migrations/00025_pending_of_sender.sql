-- +goose Up

-- What a person wrote under a name and waits to be routed, when the name turns out
-- to be a number's.
CREATE INDEX inbound_pending_of_sender ON inbound (sender) WHERE state = 0;

-- +goose Down
SELECT 1;
