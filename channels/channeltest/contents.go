package channeltest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/channels"
	"bridged/conversations"
)

// takesContents checks that a driver is handed contents only in ways that it has said
// it takes, and that it has an answer for every type of content.
func (k Kit) takesContents(t *testing.T, a channels.Adapter) {
	t.Helper()
	carrier, ok := a.(channels.ContentCarrier)
	for _, s := range k.Sends {
		if s.Out.Content == nil {
			continue
		}
		if !assert.True(t, ok, "%s: contents are for a channels.ContentCarrier", s.Name) {
			return
		}
		want := conversations.WayForm
		if s.Out.Content.Template != nil {
			want = conversations.WayTemplate
		}
		assert.Equal(t, want, carrier.ContentWay(*s.Out.Content), s.Name)
	}
	if !ok {
		return
	}
	for _, kind := range conversations.ContentTypes() {
		way := carrier.ContentWay(conversations.OutboundContent{Form: conversations.ContentForm{Type: kind, Body: "b"}})
		assert.Contains(t, []conversations.Way{conversations.WayText, conversations.WayForm, conversations.WayNone}, way,
			"%s that is not approved is no template", kind)
	}
}
