package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a webhook does not take its fallback hears, in the same request with the reason,
// and with the same token; nothing waits then. A pre-action webhook has none.
func TestTheFallbackOfTheWebhooksOfEvents(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(path string, _ url.Values) (int, string, string) {
		if path == "/events" {
			return http.StatusServiceUnavailable, "text/plain", ""
		}
		return http.StatusOK, "text/plain", ""
	})
	w := newWorld(t, setup{config: fmt.Sprintf("[webhooks]\nfallback_url = %q\n", h.URL+"/spare?of=events")})
	w.hook(h.URL+"/events?of=ours", "onMessageAdded")
	w.askFirst("http://127.0.0.1:1/before", "onMessageAdded", "onMessageAdd")
	sid := w.conversation()
	w.says(sid, "one")
	w.says(sid, "two")
	h.hears("/spare", "onMessageAdded one", "onMessageAdded two")
	eventually(t, func() bool { return w.metric("bridged_webhook_backlog") == "0" }, "nothing waits")
	h.hears("/events", "onMessageAdded one", "onMessageAdded two")
	calls := h.heard()
	assert.Equal(t, "/spare", calls[1].path, "the second event waits until the first is told")
	assert.Equal(t, calls[0].token, calls[1].token)
	assert.Equal(t, "11200", calls[1].form.Get("ErrorCode"))
	assert.Equal(t, h.URL+"/events?of=ours", calls[1].form.Get("ErrorUrl"))
	assert.Equal(t, "0", calls[1].form.Get("RetryCount"))
	assert.Equal(t, 2, w.target(account).Failed)
	assert.Equal(t, "2", w.metric(`bridged_webhook_calls_total{outcome="told",target="fallback"}`))
	assert.Empty(t, w.deadLetters())
}

// Page 11: "For type studio, number of times to retry the webhook request".
func TestAFlowIsCalledAgainAsOftenAsItsAddressSays(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(string, url.Values) (int, string, string) { return http.StatusBadGateway, "text/plain", "" })
	flow := "FW" + strings.Repeat("0", 32)
	w := newWorld(t, setup{config: fmt.Sprintf("[studio]\n%s = %q\n", flow, h.URL+"/flow")})
	w.autocreate(formOf("AutoCreation.Type", "studio", "AutoCreation.StudioFlowSid", flow, "AutoCreation.StudioRetryCount", "1"))
	w.aliceWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.deadLetters()) == 1 }, "it is given up")
	assert.Contains(t, w.deadLetters()[0].Reason, "tried 2 times, as StudioRetryCount says: the webhook at 127.0.0.1:")
	calls := h.heard()
	require.Len(t, calls, 2)
	assert.Equal(t, []string{"0", "1"}, []string{calls[0].form.Get("RetryCount"), calls[1].form.Get("RetryCount")})
	assert.Equal(t, calls[0].token, calls[1].token)
}
