package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/conversations"
)

func TestTheMetricsAreShown(t *testing.T) {
	t.Parallel()
	var fail error
	c := config(newWorld())
	c.Metrics = func() (api.Metrics, error) {
		return api.Metrics{Date: at(9), Started: at(1), Families: []api.MetricFamily{
			{Name: "backlog", Kind: "gauge", Help: "What waits.", Series: []api.MetricSeries{{Labels: map[string]string{}, Value: 0}}},
			{Name: "lag_seconds", Kind: "histogram", Help: "How long.", Bounds: []float64{.5, 1}, Series: []api.MetricSeries{{
				Labels: map[string]string{"channel": "main"}, Counts: []uint64{0, 2, 1}, Sum: 4.5, Quantiles: map[string]float64{"p50": .75},
			}}},
		}}, fail
	}
	h := api.New(c)
	assert.Equal(t, map[string]any{
		"date": "2024-05-01T10:00:09Z", "date_started": "2024-05-01T10:00:01Z",
		"metrics": []any{
			map[string]any{"name": "backlog", "type": "gauge", "help": "What waits.", "series": []any{map[string]any{"labels": map[string]any{}, "value": 0.0}}},
			map[string]any{"name": "lag_seconds", "type": "histogram", "help": "How long.", "bounds": []any{.5, 1.0}, "series": []any{map[string]any{
				"labels": map[string]any{"channel": "main"}, "counts": []any{0.0, 2.0, 1.0}, "sum": 4.5, "quantiles": map[string]any{"p50": .75},
			}}},
		},
	}, do(t, h, http.MethodGet, "/bridged/v1/live", "").json(t))
	fail = errors.New("a secret")
	answer := do(t, h, http.MethodGet, "/bridged/v1/live", "")
	assert.Equal(t, http.StatusInternalServerError, answer.status)
	assert.NotContains(t, answer.body, "secret")

	assert.Equal(t, http.StatusNotFound, do(t, api.New(config(newWorld())), http.MethodGet, "/bridged/v1/live", "").status, "where there are none")
}

func (w *world) MessageTrace(_ context.Context, id conversations.MessageID, limit int) (conversations.MessageTrace, error) {
	m, err := find(w.messages, func(m conversations.Message) bool { return m.ID == id })
	trace := conversations.MessageTrace{Message: m.ID, Conversation: m.Conversation, Service: digits, Appended: m.Created, More: limit == 100}
	if r, ok := w.inbound[id]; ok {
		trace.Inbound = &r
	}
	for _, d := range w.deliveries {
		trace.Deliveries = append(trace.Deliveries, conversations.DeliveryTrace{Delivery: d, Started: at(5), Sent: at(6), Delivered: at(7)})
	}
	return trace, cmpErr(w.fail, err)
}

func TestTheWayOfAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const path = "/bridged/v1/messages/IM" + digits + "/trace"
	delivery := map[string]any{
		"sid": "DY" + digits, "participant_sid": "MB" + digits, "channel": "main", "address": "+15550001111", "status": "delivered",
		"error_code": nil, "progress": "done", "attempts": 1.0, "date_created": "2024-05-01T10:00:04Z", "date_started": "2024-05-01T10:00:05Z",
		"date_sent": "2024-05-01T10:00:06Z", "date_delivered": "2024-05-01T10:00:07Z", "date_read": nil, "date_failed": nil,
		"url": public + "/bridged/v1/deliveries/DY" + digits,
	}
	want := map[string]any{
		"message_sid": "IM" + digits, "conversation_sid": "CH" + digits, "chat_service_sid": "IS" + digits, "inbound": nil,
		"date_appended": "2024-05-01T10:00:03Z", "deliveries": []any{delivery}, "more_deliveries": true,
	}
	assert.Equal(t, want, do(t, h, http.MethodGet, path, "").json(t))
	w.inbound = map[conversations.MessageID]conversations.InboundRecord{digits: {
		Inbound: conversations.Inbound{Channel: "main", ProviderID: "abc", SentAt: at(1)}, Received: at(2),
	}}
	want["inbound"] = map[string]any{"channel": "main", "provider_id": "abc", "date_sent": "2024-05-01T10:00:01Z", "date_accepted": "2024-05-01T10:00:02Z"}
	assert.Equal(t, want, do(t, h, http.MethodGet, path, "").json(t))

	for _, unknown := range []string{"IM" + other, "CH" + digits, "IM1"} {
		assert.Equal(t, http.StatusNotFound, do(t, h, http.MethodGet, "/bridged/v1/messages/"+unknown+"/trace", "").status, unknown)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, do(t, h, http.MethodPost, path, "").status)
}
