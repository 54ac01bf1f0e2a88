package bridge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// content makes the content of page 45, whose variable 2 has no default.
func (w *world) content() conversations.Content {
	w.t.Helper()
	c, err := w.CreateContent(w.t.Context(), conversations.Content{
		Language: "en", Variables: map[string]string{"1": "friend"},
		Forms: []conversations.ContentForm{
			{Type: conversations.ContentText, Body: "plain"},
			{
				Type: conversations.ContentQuickReply, Body: "Hi, {{ 1 }}, of flight {{2}}",
				Actions: []conversations.ContentAction{{Title: "Check", ID: "check"}},
			},
		},
	})
	require.NoError(w.t, err)
	return c
}

func TestContentsAreMadeApprovedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.content()
	assert.True(t, conversations.ValidID(string(c.ID)))
	assert.Equal(t, []time.Time{start, start}, []time.Time{c.Created, c.Updated})
	assert.Nil(t, c.Approval)
	w.clock.advance(time.Second)
	for _, name := range []string{"first_name", "second_name"} {
		approved, err := w.ApproveContent(t.Context(), c.ID, conversations.Approval{Name: name, Category: "UTILITY"})
		require.NoError(t, err)
		assert.Equal(t, &conversations.Approval{Name: name, Category: "UTILITY", At: start.Add(time.Second)}, approved.Approval)
		kept, err := w.db.Content(t.Context(), c.ID)
		require.NoError(t, err)
		assert.Equal(t, approved, kept)
	}
	require.NoError(t, w.DeleteContent(t.Context(), c.ID))
	refusal(t, conversations.NotFound, w.DeleteContent(t.Context(), c.ID), "deleted twice")
	_, err := w.ApproveContent(t.Context(), c.ID, conversations.Approval{Name: "n", Category: "UTILITY"})
	refusal(t, conversations.NotFound, err, "approved when it is gone")
}

func TestContentsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.CreateContent(t.Context(), conversations.Content{Language: "en"})
	refusal(t, conversations.InvalidParameter, err, "without types")
	_, err = w.ApproveContent(t.Context(), w.content().ID, conversations.Approval{Name: "Not a name"})
	refusal(t, conversations.InvalidParameter, err, "without a name")
}

func TestContentIsMadeOncePerKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := bridge.WithAnswer(t.Context(), "key", "same", func(result any) (int, []byte) {
		return 201, []byte(result.(conversations.Content).ID)
	})
	draft := conversations.Content{Language: "en", Forms: []conversations.ContentForm{{Type: conversations.ContentText, Body: "x"}}}
	_, err := w.CreateContent(ctx, draft)
	require.NoError(t, err)
	_, err = w.CreateContent(ctx, draft)
	var repeated *bridge.RepeatedError
	require.ErrorAs(t, err, &repeated)
	assert.Equal(t, 1, w.count("SELECT count(*) FROM contents"))
}

func (w *world) sayContent(key conversations.ConversationKey, f bridge.MessageFields) (conversations.Message, error) {
	return w.CreateMessage(w.t.Context(), system, service, key, f)
}

func TestAMessageIsMadeOfItsContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, c := w.conversation(alice, carla), w.content()
	m, err := w.sayContent(key, bridge.MessageFields{
		Content: &c.ID, ContentVariables: map[string]string{"2": "{{1}}", "unused": ""},
		Author: ptr(string(alice)), Body: ptr("ignored"), Media: []conversations.MediaID{"ignored"},
	})
	require.NoError(t, err)
	assert.Equal(t, "Hi, friend, of flight {{1}}", *m.Body)
	assert.Equal(t, &conversations.MessageContent{
		ID: c.ID, Variables: map[string]string{"1": "friend", "2": "{{1}}", "unused": ""},
	}, m.Content)
	kept, err := w.db.Message(t.Context(), m.Conversation, m.ID)
	require.NoError(t, err)
	assert.Equal(t, m, kept)
	assert.Equal(t, []string{"Hi, friend, of flight {{1}}\n1. Check"}, w.sendAll(whole), "the others get the text, and a number to answer with")

	require.NoError(t, w.DeleteContent(t.Context(), c.ID))
	m, err = w.UpdateMessage(t.Context(), system, service, key, m.ID, bridge.MessageFields{Body: ptr("edited")})
	require.NoError(t, err)
	assert.Equal(t, c.ID, m.Content.ID, "it stays, whatever becomes of the content")
	_, err = w.sayContent(key, bridge.MessageFields{Content: &c.ID, ContentVariables: map[string]string{"2": "x"}})
	refusal(t, conversations.ContentUnknown, err, "a deleted content")
}

func TestMessagesOfContentsAreRefusedWithTheirFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, c := w.conversation(alice), w.content()
	big, err := w.CreateContent(t.Context(), conversations.Content{Language: "en", Forms: []conversations.ContentForm{
		{Type: conversations.ContentText, Body: strings.Repeat("{{1}}", 200)},
	}})
	require.NoError(t, err)
	fill := func(value string) map[string]string { return map[string]string{"1": value, "2": value} }
	for name, tt := range map[string]struct {
		fields bridge.MessageFields
		want   conversations.Fault
	}{
		"variables without content": {bridge.MessageFields{Body: ptr("x"), ContentVariables: fill("x")}, conversations.ContentMissing},
		"no variables at all":       {bridge.MessageFields{Content: &c.ID}, conversations.ContentVariablesInvalid},
		"a variable is missing":     {bridge.MessageFields{Content: &c.ID, ContentVariables: map[string]string{"1": "x"}}, conversations.ContentVariablesInvalid},
		"a long key":                {bridge.MessageFields{Content: &c.ID, ContentVariables: map[string]string{"12345678901234567": "x"}}, conversations.ContentKeyTooLong},
		"a long value":              {bridge.MessageFields{Content: &c.ID, ContentVariables: fill(long)}, conversations.ContentValueTooLong},
		"a text over 32 KB":         {bridge.MessageFields{Content: &big.ID, ContentVariables: fill(long[1:])}, conversations.BodyTooLong},
		"nothing to say":            {bridge.MessageFields{Content: &big.ID, ContentVariables: fill("")}, conversations.BodyMissing},
		"attributes no JSON":        {bridge.MessageFields{Content: &c.ID, ContentVariables: fill("x"), Attributes: ptr("nope")}, conversations.AttributesNotJSON},
	} {
		_, err := w.sayContent(key, tt.fields)
		refusal(t, tt.want, err, name)
	}
	assert.Zero(t, w.count("SELECT count(*) FROM messages"))
	_, err = w.sayContent(conversations.ConversationKey{ID: "none"}, bridge.MessageFields{Content: &c.ID})
	refusal(t, conversations.NotFound, err, "no conversation")
}
