package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/autocreate"
	"bridged/conversations"
)

func TestDeliveriesAreFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	a := do(t, h, http.MethodGet, "/bridged/v1/deliveries?State=Waiting&Channel=main&ErrorCode=30003&Since=2024-05-01T10:00:00Z&Address=%2B15550001111&ConversationSid=CH"+
		digits+"&MessageSid=IM"+digits, "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, conversations.DeliveryFilter{
		State: conversations.DeliveriesWaiting, Channel: "main", ErrorCode: 30003, Since: at(0), Address: "+15550001111", Conversation: digits, Message: digits,
	}, w.deliveryFilter)
	shown := a.json(t)["deliveries"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{"DY" + digits, "delivered", 7.0}, []any{shown["sid"], shown["status"], shown["dead_letter_id"]})
	assert.NotContains(t, shown, "attempts", "they are in the delivery's own resource")

	require.Equal(t, http.StatusOK, do(t, h, http.MethodGet, "/bridged/v1/deliveries?State=all", "").status)
	assert.Equal(t, conversations.DeliveryFilter{}, w.deliveryFilter)
	for _, query := range []string{"State=gone", "ErrorCode=x", "Since=yesterday", "ConversationSid=1", "MessageSid=CH" + digits, "PageSize=0", "%zz"} {
		assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodGet, "/bridged/v1/deliveries?"+query, "").status, query)
	}
}

// numbersWorld knows of one address configuration.
type numbersWorld struct{ *world }

func (w numbersWorld) AddressConfiguration(_ context.Context, key autocreate.Key) (autocreate.Configuration, error) {
	if key.Address != "+15550002222" {
		return autocreate.Configuration{}, conversations.Refuse(conversations.NotFound, "address configuration")
	}
	return autocreate.Configuration{ID: digits}, w.fail
}

func TestNumbersAreListed(t *testing.T) {
	t.Parallel()
	w := numbersWorld{newWorld()}
	c := config(w.world)
	c.Store = w
	c.Numbers = []api.Number{
		{Address: "+15550002222", Channel: "main", Driver: "twilio", MessagingServices: []conversations.MessagingServiceID{digits}, InboundWebhook: "https://user:secret@hooks.example/sms?key=secret", MaxMMSBytes: 1000, Rate: 1.5},
		{Address: "+15550002223", Channel: "main", Driver: "twilio", MaxMMSBytes: 1000},
		{Address: "whatsapp:+15550002222", Channel: "wa", Driver: "cloud"},
	}
	h := api.New(c)
	forward, last := walk(t, h, public+"/bridged/v1/numbers?PageSize=2&Page=0", "numbers", "next_page_url")
	assert.Len(t, forward, 2)
	list := do(t, h, http.MethodGet, last, "").json(t)["numbers"].([]any)
	assert.Equal(t, []any{map[string]any{
		"address": "whatsapp:+15550002222", "type": "whatsapp", "channel": "wa", "driver": "cloud", "messaging_service_sids": []any{},
		"inbound_webhook_host": nil, "address_configuration_sid": nil, "max_mms_bytes": nil, "rate": nil,
	}}, list)
	back, _ := walk(t, h, last, "numbers", "previous_page_url")
	assert.Len(t, back, 2)
	a := do(t, h, http.MethodGet, "/bridged/v1/numbers?PageSize=1", "")
	assert.Equal(t, []any{map[string]any{
		"address": "+15550002222", "type": "sms", "channel": "main", "driver": "twilio", "messaging_service_sids": []any{"MG" + digits},
		"inbound_webhook_host": "hooks.example", "address_configuration_sid": "IG" + digits, "max_mms_bytes": 1000.0, "rate": 1.5,
	}}, a.json(t)["numbers"].([]any)[0:1])
	assert.NotContains(t, a.body, "secret")
	assert.Equal(t, http.StatusBadRequest, do(t, h, http.MethodGet, "/bridged/v1/numbers?PageSize=x", "").status)

	c.Numbers = nil
	assert.Equal(t, []any{}, do(t, api.New(c), http.MethodGet, "/bridged/v1/numbers", "").json(t)["numbers"])
}
