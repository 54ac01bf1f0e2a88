package bridge_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// id makes an identifier of a test, as another installation would have it.
func id[T ~string](n int) T { return T(fmt.Sprintf("%032x", 0xe0000+n)) }

var exportedAt = start.Add(-1000 * time.Hour)

func anImportedConversation(n int, change ...func(*bridge.ImportConversation)) bridge.ImportItem {
	c := bridge.ImportConversation{ID: id[conversations.ConversationID](n), Service: service}
	c.Created, c.Updated = ptr(exportedAt), ptr(exportedAt.Add(time.Hour))
	for _, f := range change {
		f(&c)
	}
	return bridge.ImportItem{Conversation: &c}
}

func anImportedMember(conversation, n int, address conversations.Address, change ...func(*bridge.ImportParticipant)) bridge.ImportItem {
	p := bridge.ImportParticipant{ID: id[conversations.ParticipantID](n), Conversation: id[conversations.ConversationID](conversation)}
	if address != "" {
		p.Address, p.Proxy = &address, ptr(proxyOf(address))
	}
	p.Created, p.Updated = ptr(exportedAt), ptr(exportedAt.Add(time.Minute))
	for _, f := range change {
		f(&p)
	}
	return bridge.ImportItem{Participant: &p}
}

func anImportedMessage(conversation, n int, index int64, change ...func(*bridge.ImportMessage)) bridge.ImportItem {
	m := bridge.ImportMessage{ID: id[conversations.MessageID](n), Conversation: id[conversations.ConversationID](conversation), Index: index}
	m.Author, m.Body, m.Created = ptr("an author"), ptr(fmt.Sprintf("text %d", n)), ptr(exportedAt.Add(time.Duration(index)*time.Second))
	for _, f := range change {
		f(&m)
	}
	return bridge.ImportItem{Message: &m}
}

// imports carries an import out and says what became of each: "created", "exists",
// or why not.
func (w *world) imports(dry bool, items ...bridge.ImportItem) (fates []string) {
	w.t.Helper()
	results, err := w.Import(w.t.Context(), items, dry)
	require.NoError(w.t, err)
	require.Len(w.t, results, len(items))
	for _, r := range results {
		switch {
		case r.Refused != nil:
			var refused *conversations.Error
			require.ErrorAs(w.t, r.Refused, &refused)
			fates = append(fates, string(refused.Fault))
		case r.Created:
			fates = append(fates, "created")
		default:
			fates = append(fates, "exists")
		}
	}
	return fates
}

// contents is everything that an import could change.
func (w *world) contents() (rows []string) {
	w.t.Helper()
	for _, query := range []string{
		"SELECT id || ' ' || state || ' ' || next_index || ' ' || attributes || ' ' || created || ' ' || updated FROM conversations ORDER BY seq",
		"SELECT id || ' ' || conversation_id || ' ' || attributes || ' ' || created FROM participants ORDER BY seq",
		"SELECT id || ' ' || idx || ' ' || author || ' ' || created FROM messages ORDER BY conversation_id, idx",
		"SELECT match_key || ' ' || participant_id FROM pairs ORDER BY match_key",
		"SELECT identity FROM users ORDER BY identity",
	} {
		rows = append(rows, w.texts(query)...)
	}
	return rows
}

// quiet requires that nobody hears of anything.
func (w *world) quiet() {
	w.t.Helper()
	for _, table := range []string{"deliveries", "outbox", "events", "inbound", "dead_letters"} {
		assert.Zero(w.t, w.count("SELECT COUNT(*) FROM "+table), table)
	}
}

func TestImport_keepsWhatWasExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read := exportedAt.Add(2 * time.Hour)
	items := []bridge.ImportItem{
		anImportedConversation(1, func(c *bridge.ImportConversation) {
			c.UniqueName, c.FriendlyName, c.Attributes = ptr("order 7"), ptr("Order"), ptr(`{"a":1}`)
			c.MessagingService = ptr(otherMessaging)
			c.DateInactive, c.DateClosed = exportedAt.Add(3*time.Hour), exportedAt.Add(5*time.Hour)
		}),
		anImportedMessage(1, 11, 0, func(m *bridge.ImportMessage) { m.Participant = ptr(id[conversations.ParticipantID](21)) }),
		anImportedMessage(1, 12, 4, func(m *bridge.ImportMessage) {
			m.Body, m.Author = nil, ptr(string(bob))
			m.Media = []conversations.Media{{ID: id[conversations.MediaID](1), ContentType: "image/jpeg", Filename: "car.jpg", Size: 42056}}
		}),
		anImportedMember(1, 21, alice, func(p *bridge.ImportParticipant) { p.LastReadIndex, p.LastReadAt = ptr(int64(4)), &read }),
		anImportedMember(1, 22, "", func(p *bridge.ImportParticipant) {
			p.Identity, p.Role = ptr("carol"), ptr(conversations.RoleID("creator"))
		}),
	}
	require.Equal(t, []string{"created", "created", "created", "created", "created"}, w.imports(false, items...))
	w.quiet()

	c, err := w.db.Conversation(t.Context(), service, conversations.ConversationKey{UniqueName: "order 7"})
	require.NoError(t, err)
	assert.Equal(t, conversations.Conversation{
		Seq: c.Seq, ID: id[conversations.ConversationID](1), Service: service, MessagingService: otherMessaging,
		FriendlyName: ptr("Order"), UniqueName: ptr("order 7"), Attributes: `{"a":1}`, State: conversations.StateActive,
		Timers: conversations.Timers{
			Inactive: 2 * time.Hour, Closed: 2 * time.Hour,
			DateInactive: exportedAt.Add(3 * time.Hour), DateClosed: exportedAt.Add(5 * time.Hour),
		},
		NextIndex: 5, CreatedBy: conversations.CreatedBySystem, Created: exportedAt, Updated: exportedAt.Add(time.Hour), LastStateOrMessage: exportedAt.Add(time.Hour),
	}, c)
	p, err := w.db.Participant(t.Context(), c.ID, conversations.ParticipantKey{ID: id[conversations.ParticipantID](21)})
	require.NoError(t, err)
	assert.Equal(t, conversations.Participant{
		Seq: p.Seq, ID: id[conversations.ParticipantID](21), Conversation: c.ID, Binding: &conversations.Binding{Address: alice, Proxy: proxy},
		Attributes: "{}", LastReadIndex: ptr(int64(4)), LastReadAt: &read, Created: exportedAt, Updated: exportedAt.Add(time.Minute),
	}, p)
	carol, err := w.db.Participant(t.Context(), c.ID, conversations.ParticipantKey{Identity: "carol"})
	require.NoError(t, err)
	assert.Equal(t, ptr(conversations.RoleID("creator")), carol.Role)
	assert.Equal(t, []string{"carol"}, w.texts("SELECT identity FROM users"))
	m, err := w.db.Message(t.Context(), c.ID, id[conversations.MessageID](12))
	require.NoError(t, err)
	assert.Equal(t, conversations.Message{
		ID: id[conversations.MessageID](12), Conversation: c.ID, Index: 4, Author: string(bob), Attributes: "{}",
		Media:   []conversations.Media{{ID: id[conversations.MediaID](1), ContentType: "image/jpeg", Filename: "car.jpg", Size: 42056}},
		Created: exportedAt.Add(4 * time.Second), Updated: exportedAt.Add(4 * time.Second),
	}, m)

	// The conversation goes on: what comes in has the next index, and answers go out.
	key := conversations.ConversationKey{ID: c.ID}
	w.receive(inbound("in1", alice, "I am back"))
	assert.Equal(t, int64(5), w.say(key, "system", "welcome").Index-1)
	assert.Equal(t, []string{"welcome"}, w.sendAll(whole))
}

func TestImport_canBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := []bridge.ImportItem{anImportedConversation(1), anImportedMessage(1, 11, 0), anImportedMember(1, 21, alice)}
	all := append(slices.Clone(first), anImportedMessage(1, 12, 1), anImportedMember(1, 22, "", func(p *bridge.ImportParticipant) { p.Identity = ptr("carol") }))
	require.Equal(t, []string{"created", "created", "created"}, w.imports(false, first...))
	w.crash()
	require.Equal(t, []string{"exists", "exists", "exists", "created", "created"}, w.imports(false, all...))
	before := w.contents()
	require.Equal(t, []string{"exists", "exists", "exists", "exists", "exists"}, w.imports(false, all...))
	assert.Equal(t, before, w.contents())

	// What was changed here meanwhile stays changed.
	_, err := w.UpdateConversation(t.Context(), system, service, conversations.ConversationKey{ID: id[conversations.ConversationID](1)},
		bridge.ConversationFields{Attributes: ptr(`{"b":2}`)})
	require.NoError(t, err)
	before = w.contents()
	w.imports(false, all...)
	assert.Equal(t, before, w.contents())
}

func TestImport_dryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	before := w.contents()
	assert.Equal(t, []string{"created", "created", "pair taken", "created", "body too long", "not found"}, w.imports(true,
		anImportedConversation(1), anImportedMessage(1, 11, 0), anImportedMember(1, 21, alice), anImportedMember(1, 22, bob),
		anImportedMessage(1, 12, 1, func(m *bridge.ImportMessage) { m.Body = ptr(strings.Repeat("a", 32<<10+1)) }),
		anImportedMessage(9, 13, 1)))
	assert.Equal(t, before, w.contents())
	assert.Equal(t, int64(0), w.say(key, "system", "still the first").Index)
}

func TestImport_refusesOneAndGoesOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 257)
	tests := map[string]struct {
		item bridge.ImportItem
		want conversations.Fault
	}{
		"unique name of another": {anImportedConversation(2, func(c *bridge.ImportConversation) { c.UniqueName = ptr("taken") }), conversations.UniqueNameTaken},
		"attributes no JSON":     {anImportedConversation(2, func(c *bridge.ImportConversation) { c.Attributes = ptr("{") }), conversations.AttributesNotJSON},
		"no such state":          {anImportedConversation(2, func(c *bridge.ImportConversation) { c.State = ptr(conversations.State("open")) }), conversations.StateInvalid},
		"no such conversation":   {anImportedMember(9, 22, bob), conversations.NotFound},
		"pair of another":        {anImportedMember(1, 22, alice), conversations.PairTaken},
		"proxy not ours":         {anImportedMember(1, 22, bob, func(p *bridge.ImportParticipant) { p.Proxy = ptr(conversations.Address("+15558880000")) }), conversations.ProxyNotOwned},
		"address is none":        {anImportedMember(1, 22, "pigeon"), conversations.AddressInvalid},
		"types differ":           {anImportedMember(1, 22, carla, func(p *bridge.ImportParticipant) { p.Proxy = ptr(proxy) }), conversations.TypesDiffer},
		"a group's member":       {anImportedMember(1, 22, "", func(p *bridge.ImportParticipant) { p.Projected = ptr(proxy) }), conversations.GroupsUnavailable},
		"reached by nothing":     {anImportedMember(1, 22, ""), conversations.InvalidParameter},
		"identity is there":      {anImportedMember(1, 22, "", func(p *bridge.ImportParticipant) { p.Identity = ptr("carol") }), conversations.IdentityTaken},
		"identity too long":      {anImportedMember(1, 22, "", func(p *bridge.ImportParticipant) { p.Identity = &long }), conversations.IdentityTooLong},
		"SID of a member there":  {anImportedMember(1, 30, bob), conversations.InvalidParameter},
		"SID of a message there": {anImportedMessage(1, 40, 7), conversations.InvalidParameter},
		"index of another":       {anImportedMessage(1, 41, 0), conversations.InvalidParameter},
		"index below zero":       {anImportedMessage(1, 41, -1), conversations.InvalidParameter},
		"index beyond bounds":    {anImportedMessage(1, 41, 1<<53), conversations.InvalidParameter},
		"author too long":        {anImportedMessage(1, 41, 5, func(m *bridge.ImportMessage) { m.Author = &long }), conversations.AuthorTooLong},
		"message of nowhere":     {anImportedMessage(9, 41, 5), conversations.NotFound},
		"nothing":                {bridge.ImportItem{}, conversations.InvalidParameter},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.conversation(alice) // it has the pair
			require.Equal(t, []string{"created", "created", "created", "created", "created", "created"}, w.imports(false,
				anImportedConversation(1), anImportedMessage(1, 10, 0),
				anImportedMember(1, 20, "", func(p *bridge.ImportParticipant) { p.Identity = ptr("carol") }),
				anImportedConversation(3, func(c *bridge.ImportConversation) { c.UniqueName = ptr("taken") }),
				anImportedMember(3, 30, carla), anImportedMessage(3, 40, 0)))
			before := w.contents()
			require.Equal(t, []string{string(test.want)}, w.imports(false, test.item))
			require.Equal(t, before, w.contents(), "nothing of it is left")
			require.Equal(t, []string{"created", string(test.want), "created"},
				w.imports(false, anImportedMessage(1, 50, 8), test.item, anImportedMessage(1, 51, 9)))
		})
	}
}

func TestImport_bindsThePairsOfLiveConversationsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := func(c *bridge.ImportConversation) {
		c.State = ptr(conversations.StateClosed)
		c.DateClosed = exportedAt.Add(time.Hour)
	}
	inactive := func(c *bridge.ImportConversation) { c.State = ptr(conversations.StateInactive) }
	require.Equal(t, []string{"created", "created", "created", "created", "created"}, w.imports(false,
		anImportedConversation(1, closed), anImportedMember(1, 21, alice), anImportedMessage(1, 11, 0),
		anImportedConversation(2, inactive), anImportedMember(2, 22, alice)))
	assert.Equal(t, []string{string(id[conversations.ParticipantID](22))}, w.texts("SELECT participant_id FROM pairs"))
	c, err := w.db.Conversation(t.Context(), service, conversations.ConversationKey{ID: id[conversations.ConversationID](1)})
	require.NoError(t, err)
	assert.Equal(t, conversations.Timers{}, c.Timers)
	w.receive(inbound("in1", alice, "hello"))
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM messages WHERE conversation_id = $1", id[string](2)))
}

func TestImport_notesWhatIsNotAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	results, err := w.Import(t.Context(), []bridge.ImportItem{
		anImportedConversation(1, func(c *bridge.ImportConversation) {
			c.MessagingService, c.State = ptr(conversations.MessagingServiceID("unknown")), ptr(conversations.StateInitializing)
			c.DateClosed = exportedAt.Add(time.Hour + time.Second) // sooner than a timer can be
		}),
		anImportedMember(1, 21, "", func(p *bridge.ImportParticipant) {
			p.Identity, p.Role, p.LastReadIndex = ptr("carol"), ptr(conversations.RoleID("unknown")), ptr(int64(3))
		}),
		anImportedMessage(1, 11, 0, func(m *bridge.ImportMessage) {
			m.Content, m.Media = ptr(conversations.ContentID("c")), []conversations.Media{{ID: id[conversations.MediaID](1)}}
		}),
	}, false)
	require.NoError(t, err)
	assert.Equal(t, []bridge.Imported{
		{Created: true, Notes: []string{
			"its messaging service is not configured here; it has the default one",
			"it was initializing; it is active now",
			"an export has the dates of timers but not their durations: they are taken to be 0s (inactive) and 10m0s (closed), where 0s is none",
		}},
		{Created: true, Notes: []string{"its role is not known here; it has the default one"}},
		{Created: true, Notes: []string{"of its files the names, types and sizes are kept, not the files themselves"}},
	}, results)
	p, err := w.db.Participant(t.Context(), id[conversations.ConversationID](1), conversations.ParticipantKey{Identity: "carol"})
	require.NoError(t, err)
	assert.Equal(t, ptr(roles.ConversationRole), p.Role)
	assert.Equal(t, ptr(exportedAt.Add(time.Minute)), p.LastReadAt, "no later than the update")
	m, err := w.db.Message(t.Context(), id[conversations.ConversationID](1), id[conversations.MessageID](11))
	require.NoError(t, err)
	require.NotNil(t, m.Content)
	assert.EqualValues(t, "c", m.Content.ID, "it may be made of a content that is not here")
	results, err = w.Import(t.Context(), []bridge.ImportItem{
		anImportedConversation(1, func(c *bridge.ImportConversation) { c.Service = "another" }),
	}, false)
	require.NoError(t, err)
	assert.Equal(t, []bridge.Imported{{Notes: []string{"it is in another chat service already"}}}, results)
}

func TestImport_underAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := bridge.WithAnswer(t.Context(), "key", "print", func(any) (int, []byte) { return 200, []byte("answer") })
	_, err := w.Import(ctx, []bridge.ImportItem{anImportedConversation(1)}, false)
	require.NoError(t, err)
	_, err = w.Import(ctx, []bridge.ImportItem{anImportedConversation(1)}, false)
	repeated, ok := errors.AsType[*bridge.RepeatedError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "answer", string(repeated.Answer.Body))
}

// However messages are cut into batches, repeated and interrupted, the indices
// are those of the export and the next one follows the highest.
func TestImport_property(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := 100
	rapid.Check(t, func(r *rapid.T) {
		made++
		conversation, highest := made, int64(-1)
		indices := rapid.SliceOfNDistinct(rapid.Int64Range(0, 50), 0, 20, rapid.ID[int64]).Draw(r, "indices")
		items := []bridge.ImportItem{anImportedConversation(conversation)}
		for _, index := range indices {
			items = append(items, anImportedMessage(conversation, conversation*1000+int(index), index))
			highest = max(highest, index)
		}
		for range rapid.IntRange(1, 3).Draw(r, "times") {
			size := rapid.IntRange(1, 25).Draw(r, "size")
			for from := 0; from < len(items); from += size {
				for _, fate := range w.imports(false, items[from:min(from+size, len(items))]...) {
					require.Contains(r, []string{"created", "exists"}, fate)
				}
			}
		}
		key := conversations.ConversationKey{ID: id[conversations.ConversationID](conversation)}
		require.Equal(r, len(indices), w.count("SELECT COUNT(*) FROM messages WHERE conversation_id = $1", key.ID))
		for _, index := range indices {
			m, err := w.db.Message(t.Context(), key.ID, id[conversations.MessageID](conversation*1000+int(index)))
			require.NoError(r, err)
			require.Equal(r, index, m.Index)
		}
		require.Equal(r, highest+1, w.say(key, "system", "next").Index)
	})
}

// The members of a group text come one by one.
func TestImport_bringsGroupTexts(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	w.group(byPair(alice, office)) // what the first two of them would be, too
	require.Equal(t, []string{"created", "created", "created", "created"}, w.imports(false,
		anImportedConversation(1),
		anImportedMember(1, 20, "", func(p *bridge.ImportParticipant) { p.Identity, p.Projected = ptr("agent"), ptr(office) }),
		anImportedMember(1, 21, alice, func(p *bridge.ImportParticipant) { p.Proxy = nil }),
		anImportedMember(1, 22, bob, func(p *bridge.ImportParticipant) { p.Proxy = nil })))
	w.receive(groupMessage("in1", alice, "to both", office, bob))
	assert.Equal(t, []string{string(id[conversations.ConversationID](1))}, w.texts("SELECT conversation_id FROM messages"))
}
