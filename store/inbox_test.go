package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// inboxOf is the SIDs that a filter lets through, page by page.
func inboxOf(t *testing.T, db *store.DB, f conversations.InboxFilter) (ids []conversations.ConversationID, entries []conversations.InboxEntry) {
	t.Helper()
	page := conversations.Page{Size: 2}
	for {
		found, err := db.Inbox(t.Context(), f, page)
		require.NoError(t, err)
		for _, e := range found.Items {
			ids, entries = append(ids, e.Conversation.ID), append(entries, e)
		}
		if found.Next == nil {
			return ids, entries
		}
		page.After = found.Next
	}
}

func TestTheInboxIsInTheOrderOfWhatHappens(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	add := func(minute int, change func(*conversations.Conversation), people ...conversations.Participant) conversations.ConversationID {
		c := newConversation(epoch)
		c.LastStateOrMessage = epoch.Add(time.Duration(minute) * time.Minute)
		if change != nil {
			change(&c)
		}
		update(t, db, func(tx *store.Tx) error {
			errs := []error{tx.InsertConversation(&c)}
			for _, p := range people {
				p.Conversation = c.ID
				errs = append(errs, tx.InsertParticipant(&p))
			}
			return errors.Join(errs...)
		})
		return c.ID
	}
	person := func(change func(*conversations.Participant)) conversations.Participant {
		p := newParticipant("", "+15550200001")
		change(&p)
		return p
	}
	sms := person(func(*conversations.Participant) {})
	whatsapp := person(func(p *conversations.Participant) {
		p.Binding = &conversations.Binding{Address: "whatsapp:+15550300002", Proxy: "whatsapp:+15559990003"}
	})
	chat := person(func(p *conversations.Participant) { p.Binding, p.Identity = nil, ptr("ann") })
	grouped := person(func(p *conversations.Participant) { p.Binding = &conversations.Binding{Address: "+15550200001"} })

	oldest := add(1, nil, sms)
	closed := add(5, func(c *conversations.Conversation) { c.State = conversations.StateClosed }, whatsapp)
	both := add(3, nil, person(func(p *conversations.Participant) { *p = sms; p.ID = "1b" }), person(func(p *conversations.Participant) { *p = whatsapp; p.ID = "2b" }))
	group := add(2, nil, grouped)
	elsewhere := add(4, func(c *conversations.Conversation) { c.Service = "another service" }, chat)

	for name, tt := range map[string]struct {
		filter conversations.InboxFilter
		want   []conversations.ConversationID
	}{
		"all":       {conversations.InboxFilter{}, []conversations.ConversationID{closed, elsewhere, both, group, oldest}},
		"a service": {conversations.InboxFilter{Service: service}, []conversations.ConversationID{closed, both, group, oldest}},
		"a state":   {conversations.InboxFilter{State: conversations.StateActive}, []conversations.ConversationID{elsewhere, both, group, oldest}},
		"sms":       {conversations.InboxFilter{Channel: conversations.InboxSMS}, []conversations.ConversationID{both, group, oldest}},
		"whatsapp":  {conversations.InboxFilter{Channel: conversations.InboxWhatsApp}, []conversations.ConversationID{closed, both}},
		"group":     {conversations.InboxFilter{Channel: conversations.InboxGroup}, []conversations.ConversationID{group}},
		"chat":      {conversations.InboxFilter{Channel: conversations.InboxChat}, []conversations.ConversationID{elsewhere}},
		"some":      {conversations.InboxFilter{Only: []conversations.ConversationID{oldest, both, "none"}}, []conversations.ConversationID{both, oldest}},
		"both":      {conversations.InboxFilter{Only: []conversations.ConversationID{oldest}, State: conversations.StateClosed}, nil},
	} {
		got, _ := inboxOf(t, db, tt.filter)
		assert.Equal(t, tt.want, got, name)
	}
	first, err := db.Inbox(t.Context(), conversations.InboxFilter{}, conversations.Page{Size: 3})
	require.NoError(t, err)
	rest, err := db.Inbox(t.Context(), conversations.InboxFilter{}, conversations.Page{Size: 3, After: first.Next})
	require.NoError(t, err)
	back, err := db.Inbox(t.Context(), conversations.InboxFilter{}, conversations.Page{Size: 3, Before: rest.Previous})
	require.NoError(t, err)
	assert.Equal(t, first.Items, back.Items)
}

// What the channels of a conversation are follows those who come, change and go.
func TestTheInboxKnowsWhoComesAndGoes(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	rapid.Check(t, func(r *rapid.T) {
		c := newConversation(epoch)
		update(t, db, func(tx *store.Tx) error { return tx.InsertConversation(&c) })
		kinds := map[conversations.InboxChannel]func(*conversations.Participant){
			conversations.InboxSMS: func(*conversations.Participant) {},
			conversations.InboxWhatsApp: func(p *conversations.Participant) {
				p.Binding = &conversations.Binding{Address: "WhatsApp:+15550300002", Proxy: "whatsapp:+15559990003"}
			},
			conversations.InboxGroup: func(p *conversations.Participant) { p.Binding = &conversations.Binding{Projected: proxy} },
			conversations.InboxChat:  func(p *conversations.Participant) { p.Binding, p.Identity = nil, ptr(string(p.ID)) },
		}
		all := slices.Sorted(maps.Keys(kinds))
		there := map[conversations.ParticipantID]conversations.InboxChannel{}
		for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
			kind := rapid.SampledFrom(all).Draw(r, "kind")
			p := newParticipant(c.ID, "+15550200001")
			step := (*store.Tx).DeleteParticipant
			if known := slices.Sorted(maps.Keys(there)); len(known) > 0 && rapid.Bool().Draw(r, "goes or changes") {
				p.ID = rapid.SampledFrom(known).Draw(r, "who")
				delete(there, p.ID)
				if rapid.Bool().Draw(r, "changes") {
					step = (*store.Tx).UpdateParticipant
					there[p.ID] = kind
				}
			} else {
				p.ID = conversations.ParticipantID(fmt.Sprint(c.ID, i))
				there[p.ID] = kind
				step = func(tx *store.Tx, p conversations.Participant) error { return tx.InsertParticipant(&p) }
			}
			kinds[kind](&p)
			update(t, db, func(tx *store.Tx) error { return step(tx, p) })
			for _, channel := range all {
				found, _ := inboxOf(t, db, conversations.InboxFilter{Channel: channel, Only: []conversations.ConversationID{c.ID}})
				assert.Equal(r, slices.Contains(slices.Collect(maps.Values(there)), channel), len(found) == 1, "%s among %v", channel, there)
			}
		}
	})
}

func TestTheInboxHasWhoIsThereAndWhatWasSaidLast(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th := insertThread(t, db, number)
	last := newMessage(th.conversation.ID, 1)
	last.ID = "ff"
	crowd := newConversation(epoch.Add(-time.Minute))
	update(t, db, func(tx *store.Tx) error {
		errs := []error{tx.InsertMessage(last), tx.InsertConversation(&crowd)}
		for i := range 2 * conversations.InboxPeople {
			p := newParticipant(crowd.ID, number)
			p.ID, p.Binding, p.Identity = conversations.ParticipantID(rune('a'+i)), nil, ptr(string(rune('a'+i)))
			errs = append(errs, tx.InsertParticipant(&p))
		}
		return errors.Join(errs...)
	})
	_, entries := inboxOf(t, db, conversations.InboxFilter{})
	require.Len(t, entries, 2)
	for _, e := range entries {
		if e.Conversation.ID == crowd.ID {
			require.Len(t, e.Participants, conversations.InboxPeople)
			assert.Equal(t, "a", *e.Participants[0].Identity, "the first ones")
			assert.Nil(t, e.Last)
			continue
		}
		require.Len(t, e.Participants, 1)
		assert.Equal(t, th.participant.ID, e.Participants[0].ID)
		require.NotNil(t, e.Last)
		assert.Equal(t, last.ID, e.Last.ID)
	}
}
