package bridge_test

import (
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
