package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/conversations"
)

// targets are one listener.
type targets struct {
	state conversations.WebhookTargetState
}

func (f targets) List(context.Context) ([]conversations.WebhookTargetState, error) {
	return []conversations.WebhookTargetState{f.state}, nil
}

func (f targets) Fetch(_ context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error) {
	if l != f.state.Listener {
		return conversations.WebhookTargetState{}, conversations.Refuse(conversations.NotFound, "nobody listens")
	}
	return f.state, nil
}

func (f targets) Resume(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error) {
	f.state.Health, f.state.NextProbe = conversations.WebhookClosed, time.Time{}
	return f.Fetch(ctx, l)
}

func (f targets) Test(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTrial, error) {
	_, err := f.Fetch(ctx, l)
	return conversations.WebhookTrial{Call: *f.state.Last, URL: f.state.URL, ContentType: "text/plain", Body: []byte("no\xff")}, err
}

func TestTheTargetsOfWebhooks(t *testing.T) {
	t.Parallel()
	f := targets{conversations.WebhookTargetState{
		Listener: "WH" + digits, Kind: "webhook", Conversation: digits, URL: "https://somebody:xxxxx@example.com", Method: "POST",
		Health: conversations.WebhookOpen, NextProbe: at(5), Backlog: 3, Oldest: at(1), Succeeded: 1, Failed: 2,
		Last: &conversations.WebhookCall{Event: conversations.MessageAdded, At: at(4), Took: 1500 * time.Millisecond, Error: "it answered nothing"},
	}}
	c := config(newWorld())
	c.Targets = f
	h := api.New(c)
	const path = "/bridged/v1/webhooks/WH" + digits
	shown := do(t, h, http.MethodGet, path, "").json(t)
	assert.Equal(t, map[string]any{
		"target": "WH" + digits, "kind": "webhook", "conversation_sid": "CH" + digits, "called_url": "https://somebody:xxxxx@example.com",
		"method": "POST", "health": "open", "date_next_probe": "2024-05-01T10:00:05Z", "backlog": 3.0, "date_oldest": "2024-05-01T10:00:01Z",
		"last_call": map[string]any{
			"event_type": "onMessageAdded", "status": nil, "error": "it answered nothing", "milliseconds": 1500.0, "date": "2024-05-01T10:00:04Z",
		},
		"succeeded": 1.0, "failed": 2.0, "url": public + path,
	}, shown)
	assert.Equal(t, map[string]any{"webhooks": []any{shown}}, do(t, h, http.MethodGet, "/bridged/v1/webhooks", "").json(t))
	assert.Equal(t, "closed", do(t, h, http.MethodPost, path+"/resume", "").json(t)["health"])
	trial := do(t, h, http.MethodPost, path+"/test", "").json(t)
	assert.Equal(t, []any{"no\uFFFD", "text/plain", shown["last_call"]}, []any{trial["body"], trial["content_type"], trial["call"]})
	for _, unknown := range []string{"WH" + other, "XX" + digits, "WH1", account} {
		for _, more := range []string{"", "/resume", "/test"} {
			method := http.MethodPost
			if more == "" {
				method = http.MethodGet
			}
			assert.Equal(t, http.StatusNotFound, do(t, h, method, "/bridged/v1/webhooks/"+unknown+more, "").status, unknown+more)
		}
	}
}
