package autocreate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/autocreate"
	"bridged/conversations"
)

func TestWhatACreationNeeds(t *testing.T) {
	t.Parallel()
	webhook := func(change func(*autocreate.Creation)) autocreate.Creation {
		c := autocreate.Creation{Type: autocreate.Webhook, WebhookURL: "https://example.com/hook?a=b", WebhookMethod: "POST"}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		creation autocreate.Creation
		wrong    string // what the refusal speaks of; empty where it is fine
	}{
		"nothing more":         {autocreate.Creation{Type: autocreate.Default}, ""},
		"what another needs":   {autocreate.Creation{Type: autocreate.Default, WebhookURL: "nonsense"}, ""},
		"a webhook":            {webhook(func(*autocreate.Creation) {}), ""},
		"its beginning":        {webhook(func(c *autocreate.Creation) { c.Filters = []conversations.EventType{conversations.ConversationAdded} }), ""},
		"every event":          {webhook(func(c *autocreate.Creation) { c.Filters = autocreate.Events() }), ""},
		"no URL":               {webhook(func(c *autocreate.Creation) { c.WebhookURL = "" }), "AutoCreation.WebhookUrl"},
		"no absolute URL":      {webhook(func(c *autocreate.Creation) { c.WebhookURL = "//example.com" }), "AutoCreation.WebhookUrl"},
		"another method":       {webhook(func(c *autocreate.Creation) { c.WebhookMethod = "PUT" }), "AutoCreation.WebhookMethod"},
		"what has not been":    {webhook(func(c *autocreate.Creation) { c.Filters = []conversations.EventType{conversations.MessageAdd} }), "onMessageAdd"},
		"a flow":               {autocreate.Creation{Type: autocreate.Studio, Flow: "FW", RetryCount: 3}, ""},
		"no flow":              {autocreate.Creation{Type: autocreate.Studio}, "AutoCreation.StudioFlowSid"},
		"too many repetitions": {autocreate.Creation{Type: autocreate.Studio, Flow: "FW", RetryCount: 4}, "AutoCreation.StudioRetryCount"},
		"fewer than none":      {autocreate.Creation{Type: autocreate.Default, RetryCount: -1}, "AutoCreation.StudioRetryCount"},
		"no type":              {autocreate.Creation{}, "AutoCreation.Type"},
	} {
		err := c.creation.Check()
		if c.wrong == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.wrong, name)
		}
	}
}

// A flow is called again as often as its address says; a webhook for as long as any.
func TestTheListenerOfAFlowHasItsRetries(t *testing.T) {
	t.Parallel()
	now := time.Now()
	flow := autocreate.Creation{Type: autocreate.Studio, Flow: "FW", RetryCount: 3}
	assert.Equal(t, 3, flow.Listener(now).Retries)
	flow.Type = autocreate.Webhook
	assert.Zero(t, flow.Listener(now).Retries)
}
