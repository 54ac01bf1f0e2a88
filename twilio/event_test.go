package twilio_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/twilio"
)

func TestEventIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		place := conversations.Cursor{Major: rapid.Int64Min(0).Draw(r, "xid"), Minor: rapid.Int64Min(0).Draw(r, "seq")}
		id := twilio.EventID(place)
		got, ok := twilio.ParseEventID(id)
		assert.True(t, ok)
		assert.Equal(t, place, got)
		assert.Regexp(t, `^[A-Za-z0-9_-]{22}$`, id, "it stands in headers and URLs as it is")
	})
	for _, id := range []string{"", "1", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA!", "_AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"} {
		_, ok := twilio.ParseEventID(id)
		assert.False(t, ok, id)
	}
}

// Each kind of event has a resource, and what is not known is null.
func TestEveryEventHasItsResource(t *testing.T) {
	t.Parallel()
	scope := twilio.Scope{PublicURL: "https://bridged.example", Account: "AC1", Service: "a"}
	for name, c := range map[string]struct {
		resource conversations.Resource
		url      string
		shown    func(any) string
	}{
		"participant": {
			conversations.Resource{Participant: &conversations.Participant{ID: "p", Conversation: "c"}},
			"https://bridged.example/v1/Services/ISb/Conversations/CHc/Participants/MBp",
			func(v any) string { p, _ := v.(twilio.Participant); return p.URL },
		},
		"delivery": {
			conversations.Resource{Delivery: &conversations.Delivery{ID: "d", Message: "m", Conversation: "c"}},
			"https://bridged.example/v1/Services/ISb/Conversations/CHc/Messages/IMm/Receipts/DYd",
			func(v any) string { p, _ := v.(twilio.Receipt); return p.URL },
		},
		"message": {
			conversations.Resource{Message: &conversations.Message{ID: "m", Conversation: "c"}},
			"https://bridged.example/v1/Services/ISb/Conversations/CHc/Messages/IMm",
			func(v any) string { p, _ := v.(twilio.Message); return p.URL },
		},
		"user": {
			conversations.Resource{User: &conversations.User{ID: "u", Service: "a"}},
			"https://bridged.example/v1/Users/USu",
			func(v any) string { p, _ := v.(twilio.User); return p.URL },
		},
	} {
		e := scope.Event(conversations.Event{Conversation: "c", After: c.resource}, "b")
		assert.Equal(t, c.url, c.shown(e.Resource), name)
		assert.Nil(t, e.Before)
	}
	e := scope.Event(conversations.Event{}, "")
	assert.Nil(t, e.ChatServiceSID)
	assert.Nil(t, e.ConversationSID)
	assert.Nil(t, e.Resource)
}
