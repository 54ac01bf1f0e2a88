package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
)

func TestTheWebhookHeaderReachesTheVerbs(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const in = "/v1/Conversations/CH" + digits
	for _, request := range [][3]string{
		{http.MethodPost, "/v1/Conversations", ""},
		{http.MethodPost, in, ""},
		{http.MethodDelete, in, ""},
		{http.MethodPost, in + "/Participants", "Identity=a"},
		{http.MethodPost, in + "/Participants/MB" + digits, ""},
		{http.MethodDelete, "/v1/Services/" + service + "/Conversations/CH" + digits + "/Participants/MB" + digits, ""},
		{http.MethodPost, in + "/Messages", "Body=a"},
		{http.MethodPost, in + "/Messages/IM" + digits, ""},
		{http.MethodDelete, in + "/Messages/IM" + digits, ""},
	} {
		for value, want := range map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false, "": false} {
			w.caller.Webhooks = !want
			a := do(t, h, request[0], request[1], request[2], "X-Twilio-Webhook-Enabled", value)
			assert.Less(t, a.status, 300, request)
			assert.Equal(t, want, w.caller.Webhooks, "%s %s", request, value)
		}
		for _, value := range []string{"yes", "1", "true,true", "null"} {
			a := do(t, h, request[0], request[1], request[2], "X-Twilio-Webhook-Enabled", value)
			assert.Equal(t, 400, a.status, "%s %s", request, value)
			assert.EqualValues(t, 20001, a.json(t)["code"])
		}
	}
	assert.Equal(t, 200, do(t, h, http.MethodGet, in, "", "X-Twilio-Webhook-Enabled", "yes").status, "reading fires nothing")
}
