package store_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func newInbound(providerID string) conversations.InboundRecord {
	return conversations.InboundRecord{
		Inbound: conversations.Inbound{
			Channel: "sim", ProviderID: providerID, From: "+15550000001", To: proxy,
			Others: []conversations.Address{"+15550000002"}, Body: "body",
			Media: []conversations.Media{{ID: "me", URL: "u"}}, SentAt: epoch.Add(-time.Second),
		},
		MatchKey: "key", Received: epoch,
	}
}

func TestInboundIsTakenOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	r := newInbound("P1")
	insert := func(r *conversations.InboundRecord) bool {
		return view(t, db, func(tx *store.Tx) (bool, error) { return tx.InsertInbound(r) })
	}
	assert.True(t, insert(&r))
	repeat, elsewhere := newInbound("P1"), newInbound("P1")
	elsewhere.Channel = "another"
	assert.False(t, insert(&repeat))
	assert.True(t, insert(&elsewhere))
	find := func(tx *store.Tx) (conversations.InboundRecord, error) { return tx.FindInbound(r.Seq) }
	assert.Equal(t, r, view(t, db, find))
	assert.Equal(t, 2, view(t, db, (*store.Tx).CountInbound))
	oldest, err := db.OldestPending(t.Context())
	require.NoError(t, err)
	assert.Equal(t, epoch, oldest)

	r.State, elsewhere.State = conversations.InboundAppended, conversations.InboundAppended
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.FinishInbound(r, "m1"), tx.FinishInbound(elsewhere, "m2"))
	})
	r.Body, r.Media = "", nil // the text is with the message
	assert.Equal(t, r, view(t, db, find))
	assert.False(t, insert(&repeat), "a repeat is recognized when all is done")
	assert.Zero(t, view(t, db, (*store.Tx).CountInbound))
	oldest, err = db.OldestPending(t.Context())
	require.NoError(t, err)
	assert.Zero(t, oldest)
}

func TestUnrouted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	var want []conversations.InboundRecord
	update(t, db, func(tx *store.Tx) error {
		want = nil
		for i := range 3 {
			r := newInbound(strconv.Itoa(i))
			if i == 2 {
				r.Notes, r.ProfileName = []string{"something was removed"}, "Ana"
			}
			if _, err := tx.InsertInbound(&r); err != nil {
				return err
			}
			if i == 1 {
				continue // still pending
			}
			r.State, r.Reason = conversations.InboundUnrouted, "nobody wants it"
			want = append(want, r)
			if err := tx.FinishInbound(r, ""); err != nil {
				return err
			}
		}
		return nil
	})
	got, err := db.Unrouted(t.Context(), conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Equal(t, want, got.Items)
}

func TestAnswersAreKeptAndForgotten(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	old := conversations.Answer{Fingerprint: "f", Status: 201, Body: []byte("old"), At: epoch}
	young := conversations.Answer{Fingerprint: "g", Status: 200, Body: []byte("new"), At: epoch.Add(time.Hour)}
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.KeepAnswer("a", old), tx.KeepAnswer("b", old), tx.KeepAnswer("b", young))
	})
	for key, want := range map[string]conversations.Answer{"a": old, "b": young} {
		update(t, db, func(tx *store.Tx) error {
			got, ok, err := tx.Answer(key)
			assert.True(t, ok, key)
			assert.Equal(t, want, got)
			return err
		})
	}
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.ForgetAnswers(epoch.Add(time.Second), 10)
		return err
	})
	assert.False(t, hasAnswer(t, db, "a"))
	assert.True(t, hasAnswer(t, db, "b"))
}

func TestDeadLettersOfDeliveries(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	want := conversations.DeadLetter{
		Seq: 1, Topic: "outbound.sim", Key: "key", Delivery: "d", Payload: []byte("p"), ErrorCode: 30008, Reason: "r", Created: epoch,
	}
	update(t, db, func(tx *store.Tx) error { return tx.InsertDeadLetter(want) })
	got, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Equal(t, []conversations.DeadLetter{want}, got.Items)
}

func TestTheFirstDefaultsStay(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	require.NoError(t, db.CheckWritable(t.Context()), "of an empty store too")
	first := store.Defaults{MessagingService: "mg", Service: conversations.Service{
		Seq: 1, ID: "is", FriendlyName: "f", ConversationRole: "1", ConversationCreatorRole: "2", UserRole: "3", Created: epoch, Updated: epoch,
	}}
	for _, fresh := range []store.Defaults{first, {MessagingService: "other", Service: conversations.Service{ID: "other"}}} {
		got, err := db.EnsureDefaults(t.Context(), fresh)
		require.NoError(t, err)
		assert.Equal(t, first, got)
	}
	got, err := db.Service(t.Context(), "is")
	require.NoError(t, err)
	assert.Equal(t, first.Service, got)
	_, err = db.Service(t.Context(), "other")
	requireNotFound(t, err)
	require.NoError(t, db.CheckWritable(t.Context()))
}

func TestEventsOfEveryResourceAreRecorded(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	for _, r := range []conversations.Resource{
		{Conversation: &conversations.Conversation{ID: "x"}},
		{Participant: &conversations.Participant{ID: "x"}},
		{Message: &conversations.Message{ID: "x"}},
		{Delivery: &conversations.Delivery{ID: "x"}},
		{User: &conversations.User{ID: "x"}},
	} {
		update(t, db, func(tx *store.Tx) error {
			return tx.Record(conversations.Event{Type: conversations.MessageAdded, Source: conversations.SourceAPI, After: r, At: epoch})
		})
	}
	var n int
	require.NoError(t, b.Read.QueryRowContext(t.Context(),
		`SELECT count(*) FROM events WHERE before IS NULL AND after LIKE '%"ID":"x"%'`).Scan(&n))
	assert.Equal(t, 5, n)
}

func TestInboundIsFoundByItsMessage(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	first, again, pending := newInbound("P1"), newInbound("P2"), newInbound("P3")
	update(t, db, func(tx *store.Tx) error {
		for _, r := range []*conversations.InboundRecord{&first, &again, &pending} {
			if _, err := tx.InsertInbound(r); err != nil {
				return err
			}
		}
		first.State, again.State = conversations.InboundAppended, conversations.InboundAppended
		return errors.Join(tx.FinishInbound(again, "m"), tx.FinishInbound(first, "m"))
	})
	got, err := db.InboundOf(t.Context(), "m")
	require.NoError(t, err)
	first.Body, first.Media = "", nil
	assert.Equal(t, first, got, "the one that came first")
	_, err = db.InboundOf(t.Context(), "another")
	requireNotFound(t, err)
}
