package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestConversationIsStoredInFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	c.FriendlyName, c.UniqueName, c.EmailAddress, c.EmailName = ptr("Friendly"), ptr("unique"), ptr("a@example.com"), ptr("A")
	c.Timers = conversations.Timers{Inactive: time.Hour, Closed: 2 * time.Hour}
	c.RestartTimers(epoch)
	update(t, db, func(tx *store.Tx) error { return tx.InsertConversation(&c) })
	assert.NotZero(t, c.Seq)
	for _, key := range []conversations.ConversationKey{{ID: c.ID}, {UniqueName: "unique"}} {
		got, err := db.Conversation(t.Context(), service, key)
		require.NoError(t, err)
		assert.Equal(t, c, got)
		_, err = db.Conversation(t.Context(), "another service", key)
		requireNotFound(t, err)
	}
	c.FriendlyName, c.UniqueName, c.EmailAddress, c.EmailName = nil, nil, nil, nil
	c.Attributes, c.State, c.MessagingService = `{"a":1}`, conversations.StateClosed, "a7"
	c.Updated = epoch.Add(time.Second)
	c.RestartTimers(epoch.Add(time.Second))
	update(t, db, func(tx *store.Tx) error { return tx.UpdateConversation(c) })
	got, err := db.Conversation(t.Context(), service, conversations.ConversationKey{ID: c.ID})
	require.NoError(t, err)
	assert.Equal(t, c, got)
}

func TestAUniqueNameIsUniqueInItsService(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	first, second, elsewhere := newConversation(epoch), newConversation(epoch), newConversation(epoch)
	first.UniqueName, elsewhere.UniqueName, elsewhere.Service = ptr("name"), ptr("name"), "another service"
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertConversation(&first), tx.InsertConversation(&second), tx.InsertConversation(&elsewhere))
	})
	second.UniqueName = ptr("name")
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateConversation(second) })
	assert.True(t, conversations.UniqueNameTaken.Is(err), err)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateConversation(first) })
}

func TestNextIndexCountsAndStoresTheActivity(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	update(t, db, func(tx *store.Tx) error { return tx.InsertConversation(&c) })
	c.State = conversations.StateInactive
	c.Timers.DateClosed, c.LastStateOrMessage = epoch.Add(time.Hour), epoch.Add(time.Minute)
	for want := range int64(3) {
		index := view(t, db, func(tx *store.Tx) (int64, error) { return tx.NextIndex(&c) })
		assert.Equal(t, want, index)
	}
	got, err := db.Conversation(t.Context(), service, conversations.ConversationKey{ID: c.ID})
	require.NoError(t, err)
	assert.Equal(t, c, got)
	assert.EqualValues(t, 3, got.NextIndex)
}

func TestDeletingAConversationRemovesAllThatIsInIt(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	gone, stays := insertThread(t, db, "+15550000001"), insertThread(t, db, "+15550000002")
	fillThread(t, db, gone)
	fillThread(t, db, stays)
	pairs := view(t, db, func(tx *store.Tx) ([]string, error) { return tx.DeleteConversation(gone.conversation.ID, time.Now()) })
	assert.Equal(t, []string{gone.pairKey()}, pairs)
	checkGone(t, db, gone)
	_, err := db.Participant(t.Context(), gone.conversation.ID, conversations.ParticipantKey{ID: gone.participant.ID})
	requireNotFound(t, err)
	_, err = db.Conversation(t.Context(), service, conversations.ConversationKey{ID: gone.conversation.ID})
	requireNotFound(t, err)
	requireNotFound(t, resolve(db, gone.pairKey()))
	require.NoError(t, resolve(db, stays.pairKey()))
	checkStays(t, db, stays)
}

func TestDeletingAMessageRemovesItsReceipts(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	gone, stays := insertThread(t, db, "+15550000001"), insertThread(t, db, "+15550000002")
	fillThread(t, db, gone)
	fillThread(t, db, stays)
	pairs := view(t, db, func(tx *store.Tx) ([]string, error) { return tx.DeleteMessage(gone.message) })
	assert.Equal(t, []string{gone.pairKey()}, pairs)
	checkGone(t, db, gone)
	require.NoError(t, resolve(db, gone.pairKey()), "the participant stays")
	checkStays(t, db, stays)
}

func TestDeletingReturnsNoPairWhoseDeliveryIsDone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th := insertThread(t, db, "+15550000001")
	th.delivery.Progress = conversations.ProgressDone
	update(t, db, func(tx *store.Tx) error { return tx.UpdateDelivery(th.delivery) })
	assert.Empty(t, view(t, db, func(tx *store.Tx) ([]string, error) { return tx.DeleteMessage(th.message) }))
}

// fillThread gives a thread's delivery an attempt, a status and a dead letter.
func fillThread(t *testing.T, db *store.DB, th thread) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		status := newStatus("P"+string(th.delivery.ID), th.pairKey(), epoch)
		return errors.Join(
			tx.InsertAttempt(th.delivery, conversations.Attempt{Number: 1, ProviderID: "P" + string(th.delivery.ID), Started: epoch}),
			tx.InsertStatus(&status), tx.MatchStatus(status.Seq, th.delivery.ID),
			tx.InsertDeadLetter(conversations.DeadLetter{Topic: "outbound", Delivery: th.delivery.ID, Created: epoch}),
		)
	})
}

func checkGone(t *testing.T, db *store.DB, th thread) {
	t.Helper()
	_, err := db.DeliveryDetail(t.Context(), th.delivery.ID)
	requireNotFound(t, err)
	_, err = db.Message(t.Context(), th.conversation.ID, th.message.ID)
	requireNotFound(t, err)
	requireNotFound(t, db.Update(t.Context(), func(tx *store.Tx) error {
		_, _, err := tx.FindAttempt("sim", "P"+string(th.delivery.ID))
		return err
	}))
}

// checkStays checks that a filled thread is untouched, and that the only dead
// letter left is its own.
func checkStays(t *testing.T, db *store.DB, th thread) {
	t.Helper()
	detail, err := db.DeliveryDetail(t.Context(), th.delivery.ID)
	require.NoError(t, err)
	assert.Equal(t, th.delivery, detail.Delivery)
	assert.Len(t, detail.Attempts, 1)
	assert.Len(t, detail.Reports, 1)
	letters, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	if assert.Len(t, letters.Items, 1) {
		assert.Equal(t, th.delivery.ID, letters.Items[0].Delivery)
	}
}

func resolve(db *store.DB, key string) error {
	return db.Update(context.Background(), func(tx *store.Tx) error {
		_, _, err := tx.Resolve(key)
		return err
	})
}

func TestParticipantIsStoredInFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	native, chat := newParticipant(c.ID, "+15550000001"), newParticipant(c.ID, "")
	chat.Binding, chat.Identity = nil, ptr("ada")
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertConversation(&c), tx.InsertParticipant(&native), tx.InsertParticipant(&chat))
	})
	native.Attributes, native.Role = `{"a":1}`, ptr(conversations.RoleID("r"))
	native.LastReadIndex, native.LastReadAt = ptr(int64(7)), ptr(epoch.Add(time.Second))
	native.Binding = &conversations.Binding{Address: "+15550000003", Proxy: proxy}
	update(t, db, func(tx *store.Tx) error { return tx.UpdateParticipant(native) })
	got, err := db.Participant(t.Context(), c.ID, conversations.ParticipantKey{ID: native.ID})
	require.NoError(t, err)
	assert.Equal(t, native, got)
	got, err = db.Participant(t.Context(), c.ID, conversations.ParticipantKey{Identity: "ada"})
	require.NoError(t, err)
	assert.Equal(t, chat, got)
	list := view(t, db, func(tx *store.Tx) ([]conversations.Participant, error) { return tx.Participants(c.ID) })
	assert.Equal(t, []conversations.Participant{native, chat}, list)

	for _, step := range []struct {
		index int64
		moves bool
	}{{6, false}, {7, false}, {8, true}} {
		asked := native
		asked.Attributes, asked.LastReadIndex = "not stored", ptr(step.index)
		asked.LastReadAt, asked.Updated = ptr(epoch.Add(time.Hour)), epoch.Add(time.Hour)
		update(t, db, func(tx *store.Tx) error {
			moved, err := tx.AdvanceReadHorizon(asked)
			assert.Equal(t, step.moves, moved, step.index)
			return err
		})
	}
	native.LastReadIndex, native.LastReadAt, native.Updated = ptr(int64(8)), ptr(epoch.Add(time.Hour)), epoch.Add(time.Hour)
	got, err = db.Participant(t.Context(), c.ID, conversations.ParticipantKey{ID: native.ID})
	require.NoError(t, err)
	assert.Equal(t, native, got)
	update(t, db, func(tx *store.Tx) error { return tx.DeleteParticipant(chat) })
	requireNotFound(t, db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.FindParticipant(c.ID, conversations.ParticipantKey{ID: chat.ID})
		return err
	}))
}

func TestAPairHasOneHolder(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	holder := insertThread(t, db, "+5215512345678")
	rival := newParticipant("another conversation", "+525512345678") // the same number
	bind := func(tx *store.Tx) (conversations.ConversationID, error) { return tx.BindPair(pairKey(rival), rival) }
	assert.Equal(t, holder.conversation.ID, view(t, db, bind))
	update(t, db, func(tx *store.Tx) error {
		p, c, err := tx.Resolve(pairKey(rival))
		assert.Equal(t, holder.participant, p)
		assert.Equal(t, holder.conversation, c)
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.FreePairs(holder.conversation.ID) })
	requireNotFound(t, resolve(db, holder.pairKey()))
	assert.Empty(t, view(t, db, bind))
	update(t, db, func(tx *store.Tx) error { return tx.DeleteParticipant(rival) })
	assert.Empty(t, view(t, db, bind), "deleting a participant frees its pair")
}

func TestAUserIsMadeOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	ensure := func(id conversations.UserID, s conversations.ServiceID) bool {
		return view(t, db, func(tx *store.Tx) (bool, error) {
			return tx.EnsureUser(conversations.User{ID: id, Service: s, Identity: "ada", Created: epoch, Updated: epoch})
		})
	}
	assert.True(t, ensure("1", service))
	assert.False(t, ensure("2", service))
	assert.True(t, ensure("3", "another service"))
}

func TestMessageIsStoredInFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	m := newMessage("c", 3)
	m.Body, m.Subject, m.Participant = ptr("body"), ptr("subject"), ptr(conversations.ParticipantID("p"))
	m.Media = []conversations.Media{{ID: "me", URL: "u", ProviderID: "p", ContentType: "image/png", Filename: "f", Size: 5}}
	update(t, db, func(tx *store.Tx) error { return tx.InsertMessage(m) })
	got, err := db.Message(t.Context(), "c", m.ID)
	require.NoError(t, err)
	assert.Equal(t, m, got)
	m.Author, m.Body, m.Subject, m.Attributes, m.Updated = "ada", nil, nil, `{"a":1}`, epoch.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateMessage(m) })
	got = view(t, db, func(tx *store.Tx) (conversations.Message, error) {
		return tx.MessageOf(conversations.Delivery{Conversation: "c", Message: m.ID})
	})
	assert.Equal(t, m, got)
}
