package bridge_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func (w *world) contentOf(f conversations.ContentForm, approved string) conversations.ContentID {
	w.t.Helper()
	c, err := w.CreateContent(w.t.Context(), conversations.Content{Language: "en", Forms: []conversations.ContentForm{f}})
	require.NoError(w.t, err)
	if approved != "" {
		_, err = w.ApproveContent(w.t.Context(), c.ID, conversations.Approval{Name: approved, Category: "UTILITY"})
		require.NoError(w.t, err)
	}
	return c.ID
}

var (
	question = conversations.ContentForm{
		Type: conversations.ContentQuickReply, Body: "Coming?",
		Actions: []conversations.ContentAction{{Title: "Yes", ID: "y"}, {Title: "No", ID: "n"}},
	}
	card = conversations.ContentForm{
		Type: conversations.ContentCard, Title: "Owl", Media: []string{"https://owlair.com/a.png"},
		Actions: []conversations.ContentAction{{Type: "URL", Title: "Go", URL: "https://owlair.com"}},
	}
)

func TestHowContentsGoOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form     conversations.ContentForm
		approved string
		closed   bool
		want     []string
		way      conversations.Way
		code     int
	}{
		"a form inside the window":       {question, "", false, []string{"Coming?"}, conversations.WayForm, 0},
		"a form outside":                 {question, "", true, nil, conversations.WayUndecided, 63016},
		"a template inside":              {question, "q", false, []string{"Coming?"}, conversations.WayTemplate, 0},
		"a template outside":             {question, "q", true, []string{"Coming?"}, conversations.WayTemplate, 0},
		"a card":                         {card, "", false, nil, conversations.WayUndecided, 63005},
		"an approved card outside":       {card, "c", true, []string{"Owl"}, conversations.WayTemplate, 0},
		"what the channel shows as text": {conversations.ContentForm{Type: conversations.ContentText, Body: "a b"}, "", false, []string{"a", "b"}, conversations.WayText, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWindowWorld(t, bridge.WindowRule{})
			key := w.conversation(carla)
			wrote := start
			if c.closed {
				wrote = start.Add(-day)
			}
			w.carlaWrites("w1", wrote)
			id := w.contentOf(c.form, c.approved)
			_, err := w.sayContent(key, bridge.MessageFields{Content: &id})
			require.NoError(t, err)
			assert.Equal(t, c.want, w.sendAll(windowed))
			assert.Equal(t, c.way, w.last().Way)
			assert.Equal(t, c.code, w.last().ErrorCode)
		})
	}
}

func TestAChannelOfTextGetsAllOfAContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	for _, c := range []struct {
		form conversations.ContentForm
		want string
	}{
		{question, "Coming?\n1. Yes\n2. No"},
		{card, "Owl\nGo: https://owlair.com\nhttps://owlair.com/a.png"},
		{conversations.ContentForm{
			Type: conversations.ContentListPicker, Body: "Which?", Button: "Choose",
			Items: []conversations.ContentItem{{ID: "a", Item: "One", Description: "first"}, {ID: "b", Item: "Two"}},
		}, "Which?\n1. One – first\n2. Two"},
	} {
		id := w.contentOf(c.form, "approved")
		_, err := w.sayContent(key, bridge.MessageFields{Content: &id})
		require.NoError(t, err)
		assert.Equal(t, []string{c.want}, w.sendAll(whole))
	}
}

// attributes are what "bridged" has in the attributes of a conversation's last message.
func (w *world) attributes(key conversations.ConversationKey) map[string]any {
	w.t.Helper()
	list, err := w.db.Messages(w.t.Context(), key.ID, conversations.Page{Size: 1, Descending: true})
	require.NoError(w.t, err)
	var all struct {
		Bridged map[string]any `json:"bridged"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(list.Items[0].Attributes), &all))
	return all.Bridged
}

func TestANumberAnswersTheLastQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, bob)
	w.receive(inbound("s0", alice, "2"))
	assert.Nil(t, w.attributes(key), "nothing was asked")
	id := w.contentOf(question, "")
	_, err := w.sayContent(key, bridge.MessageFields{Content: &id, Author: ptr(string(bob))})
	require.NoError(t, err)
	w.say(key, "agent", "please answer")
	for n, c := range []struct {
		from conversations.Address
		body string
		want map[string]any
	}{
		{alice, "2", map[string]any{"type": "button", "button": map[string]any{"id": "n", "title": "No"}}},
		{alice, " 1. ", map[string]any{"type": "button", "button": map[string]any{"id": "y", "title": "Yes"}}},
		{alice, "(2)", map[string]any{"type": "button", "button": map[string]any{"id": "n", "title": "No"}}},
		{alice, "3", nil},
		{alice, "0", nil},
		{alice, "at 2", nil},
		{bob, "2", nil}, // who asked does not answer
	} {
		w.receive(inbound("s"+string(rune('1'+n)), c.from, c.body))
		assert.Equal(t, c.want, w.attributes(key), c.body)
	}
	list := w.contentOf(conversations.ContentForm{
		Type: conversations.ContentListPicker, Body: "Which?", Button: "Choose",
		Items: []conversations.ContentItem{{ID: "a", Item: "One", Description: "first"}},
	}, "")
	_, err = w.sayContent(key, bridge.MessageFields{Content: &list})
	require.NoError(t, err)
	w.receive(inbound("t1", alice, "1"))
	assert.Equal(t, map[string]any{"type": "list", "list": map[string]any{"id": "a", "title": "One", "description": "first"}}, w.attributes(key))
	require.NoError(t, w.DeleteContent(t.Context(), list))
	w.receive(inbound("t2", alice, "1"))
	assert.Nil(t, w.attributes(key), "nobody knows any more what it was")
	for range 10 {
		w.say(key, "agent", "something else")
	}
	w.receive(inbound("t3", bob, "2"))
	assert.Nil(t, w.attributes(key), "too long ago")
}

func TestWhatAMessageAnswersIsAnIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "a question")
	w.sendAll(whole)
	sent := w.last().Attempts[0].ProviderID
	m := inbound("w1", carla, "an answer")
	m.ReplyTo, m.Attributes = sent, `{"type":"button","button":{"id":"1"}}`
	w.receive(m)
	assert.Equal(t, map[string]any{
		"type": "button", "button": map[string]any{"id": "1"}, "reply_to": map[string]any{"index": 0.0},
	}, w.attributes(key))
	m = inbound("w2", carla, "[edited] a better one")
	m.ReplyTo = "w1"
	w.receive(m)
	assert.Equal(t, map[string]any{"reply_to": map[string]any{"index": 1.0}}, w.attributes(key), "her own")
	m = inbound("w3", carla, "?")
	m.ReplyTo = "wamid.of.another.conversation"
	w.receive(m)
	assert.Nil(t, w.attributes(key), "the carrier's id is shown to nobody")
	assert.Zero(t, w.count("SELECT count(*) FROM inbound WHERE attributes IS NOT NULL OR reply_to <> ''"), "nor kept")
}

func TestAWayThatWasBegunOutlivesItsContent(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(carla)
	w.carlaWrites("w1", start)
	id := w.contentOf(question, "")
	_, err := w.sayContent(key, bridge.MessageFields{Content: &id})
	require.NoError(t, err)
	w.settle(w.claimOnly(windowed), unknown)
	require.NoError(t, w.DeleteContent(t.Context(), id))
	w.clock.advance(time.Minute)
	_, err = w.Resume(t.Context())
	require.NoError(t, err)
	assert.Empty(t, w.sendAll(windowed), "as text it could be another number of parts")
	assert.Equal(t, 63027, w.last().ErrorCode)

	id = w.contentOf(question, "")
	_, err = w.sayContent(key, bridge.MessageFields{Content: &id})
	require.NoError(t, err)
	require.NoError(t, w.DeleteContent(t.Context(), id))
	assert.Equal(t, []string{"Coming?"}, w.sendAll(windowed), "one that nobody has begun goes out as its text")
}
