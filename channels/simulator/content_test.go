package simulator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/simulator"
	"bridged/conversations"
)

func TestTheSimulatedWhatsAppHasAWindowAndTemplates(t *testing.T) {
	t.Parallel()
	carrier := simulator.NewCarrier(simulator.Config{})
	t.Cleanup(carrier.Close)
	sms := carrier.Channel("s", "sms", []conversations.Address{"+15550100001"})
	whatsapp := carrier.Channel("w", "whatsapp", []conversations.Address{"whatsapp:+15550100009"})
	assert.Equal(t, []time.Duration{0, 24 * time.Hour}, []time.Duration{sms.Window(), whatsapp.Window()})

	text := conversations.OutboundContent{Form: conversations.ContentForm{Type: conversations.ContentText, Body: "b"}}
	card := conversations.OutboundContent{Form: conversations.ContentForm{Type: conversations.ContentCard, Title: "b"}}
	template := card
	template.Template = &conversations.Template{Name: "t"}
	for _, c := range []struct {
		content       conversations.OutboundContent
		sms, whatsapp conversations.Way
	}{
		{text, conversations.WayText, conversations.WayText},
		{card, conversations.WayText, conversations.WayNone},
		{template, conversations.WayText, conversations.WayTemplate},
	} {
		assert.Equal(t, c.sms, sms.ContentWay(c.content))
		assert.Equal(t, c.whatsapp, whatsapp.ContentWay(c.content))
	}
	sent, err := whatsapp.Send(t.Context(), channels.Outbound{
		From: "whatsapp:+15550100009", To: "whatsapp:+15550200001", Body: "what it says", Content: &template,
	})
	require.NoError(t, err)
	assert.NotEmpty(t, sent.ProviderID)
}
