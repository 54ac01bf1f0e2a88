package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// A seed has as many conversations as it should, each with messages, receipts and
// words of its own, and one that was there before takes what its people write.
func TestASeedIsAStoreOfConversations(t *testing.T) {
	t.Parallel()
	o := options{cache: t.TempDir()}
	seed, err := openSeed(t.Context(), o, 4)
	require.NoError(t, err)
	again, err := openSeed(t.Context(), o, 4)
	require.NoError(t, err)
	assert.Equal(t, seed, again)
	assert.Len(t, seed.pairs(), 6)

	dir := t.TempDir()
	require.NoError(t, seed.copyTo(t.Context(), dir))
	db, err := o.databases.open(t.Context(), dir, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	service, err := db.DefaultService(t.Context())
	require.NoError(t, err)
	all, err := db.Conversations(t.Context(), service.ID, conversations.ConversationFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, all.Items, 4)
	messages, err := db.Messages(t.Context(), all.Items[0].ID, conversations.Page{Size: 50})
	require.NoError(t, err)
	require.Len(t, messages.Items, seedMessages)
	receipts, err := db.Receipts(t.Context(), all.Items[0].ID, messages.Items[0].ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, receipts.Items, 1)
	assert.Equal(t, conversations.StatusDelivered, receipts.Items[0].Status)
	found, err := db.Search(t.Context(), conversations.SearchQuery{Text: "0000001"}, conversations.Page{Size: 50})
	require.NoError(t, err)
	assert.Len(t, found.Items, seedMessages+2, "the messages, and the telephone numbers of the two")

	b := bridge.New(bridge.Config{Commit: bridge.Commits(capturing(db.Update)), Channels: twoChannels{}})
	p := seed.pairs()[2]
	to, err := b.Explain(t.Context(), p.person, []conversations.Address{p.proxy})
	require.NoError(t, err)
	assert.Equal(t, conversations.ToConversation, to.Destination)
}
