package store_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// indexed waits until the index of a place has caught up with its events.
func indexed(t testing.TB, rows *sql.DB) {
	t.Helper()
	eventually(t, func() bool {
		behind := countRows(t, rows, `SELECT COUNT(*) FROM events e, event_readers r
			WHERE r.name = 'search' AND e.type NOT LIKE 'onDelivery%' AND (e.xid, e.seq) > (r.xid, r.event)`)
		return behind == 0 && isFilled(t, rows)
	}, "the index catches up")
}

// isFilled says whether the index has all that was there before it.
func isFilled(t testing.TB, rows *sql.DB) bool {
	t.Helper()
	return countRows(t, rows, "SELECT COUNT(*) FROM event_readers WHERE name = 'search' AND state LIKE '% done g'") == 1
}

// countRows runs a query that counts.
func countRows(t testing.TB, rows *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, rows.QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// library is a store that is searched, and its rows.
type library struct {
	t    testing.TB
	db   *store.DB
	rows *sql.DB
	now  time.Time
}

func newLibrary(t testing.TB) *library {
	t.Helper()
	l, _ := newUnindexed(t)
	require.NoError(t, l.db.KeepIndex(t.Context()))
	return l
}

// newUnindexed makes a library that nobody keeps an index of yet, and its place.
func newUnindexed(t testing.TB) (*library, *storetest.Place) {
	t.Helper()
	at := storetest.New(t)
	l := &library{t: t, db: at.Open(t), rows: at.SQL(t), now: epoch}
	_, err := l.db.EnsureDefaults(t.Context(), store.Defaults{Service: conversations.Service{ID: service}})
	require.NoError(t, err)
	return l, at
}

// next is the time of the next thing that is added.
func (l *library) next() time.Time {
	l.now = l.now.Add(time.Second)
	return l.now
}

func event(t conversations.EventType, c conversations.ConversationID, r conversations.Resource) conversations.Event {
	return conversations.Event{Type: t, Conversation: c, Source: conversations.SourceAPI, After: r, At: epoch}
}

func (l *library) conversation(friendlyName, uniqueName string) conversations.Conversation {
	c := newConversation(l.next())
	if friendlyName != "" {
		c.FriendlyName = &friendlyName
	}
	if uniqueName != "" {
		c.UniqueName = &uniqueName
	}
	update(l.t, l.db, func(tx *store.Tx) error {
		if err := tx.InsertConversation(&c); err != nil {
			return err
		}
		return tx.Record(event(conversations.ConversationAdded, c.ID, conversations.Resource{Conversation: &c}))
	})
	return c
}

func (l *library) participant(c conversations.ConversationID, identity string, address conversations.Address) conversations.Participant {
	p := newParticipant(c, address)
	p.Created = l.next()
	if identity != "" {
		p.Identity, p.Binding = &identity, nil
	}
	update(l.t, l.db, func(tx *store.Tx) error {
		if err := tx.InsertParticipant(&p); err != nil {
			return err
		}
		return tx.Record(event(conversations.ParticipantAdded, c, conversations.Resource{Participant: &p}))
	})
	return p
}

func (l *library) user(identity, friendlyName string) conversations.User {
	u := conversations.User{
		ID: conversations.NewID[conversations.UserID](epoch), Service: service, Identity: identity, FriendlyName: &friendlyName, Created: l.next(),
	}
	update(l.t, l.db, func(tx *store.Tx) error {
		if _, err := tx.EnsureUser(u); err != nil {
			return err
		}
		return tx.Record(event(conversations.UserAdded, "", conversations.Resource{User: &u}))
	})
	return u
}

// messages adds messages to a conversation, in one commit.
func (l *library) messages(c conversations.ConversationID, from int64, bodies ...string) []conversations.Message {
	list := make([]conversations.Message, len(bodies))
	for i := range bodies {
		list[i] = newMessage(c, from+int64(i))
		list[i].Body, list[i].Created = &bodies[i], l.next()
	}
	update(l.t, l.db, func(tx *store.Tx) error {
		for i := range list {
			if err := tx.InsertMessage(list[i]); err != nil {
				return err
			}
			if err := tx.Record(event(conversations.MessageAdded, c, conversations.Resource{Message: &list[i]})); err != nil {
				return err
			}
		}
		return nil
	})
	return list
}

// found are the identifiers of what a query finds, as it is answered: newest first.
func (l *library) found(query string, kinds ...conversations.SearchKind) []string {
	l.t.Helper()
	ids := []string{}
	for p := (conversations.Page{Size: 7}); ; {
		listing, err := l.db.Search(l.t.Context(), conversations.SearchQuery{Text: query, Kinds: kinds}, p)
		require.NoError(l.t, err, "%q", query)
		for _, h := range listing.Items {
			ids = append(ids, hitID(h))
		}
		if listing.Next == nil {
			return ids
		}
		p.After = listing.Next
	}
}

func hitID(h conversations.SearchHit) string {
	switch h.Kind {
	case conversations.SearchParticipant:
		return string(h.Participant)
	case conversations.SearchMessage:
		return string(h.Message)
	case conversations.SearchUser:
		return string(h.User)
	case conversations.SearchConversation:
	}
	return string(h.Conversation)
}

func TestSearchFindsNamesAddressesAndTexts(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("Lieferung für Zoë", "order-42")
	sms := l.participant(c.ID, "", "+15550200001")
	whatsapp := l.participant(c.ID, "", "whatsapp:+15550300002")
	chat := l.participant(c.ID, "carol@example.com", "")
	user := l.user("carol@example.com", "Carol Danvers")
	texts := l.messages(c.ID, 0, "The gate is open", "Is Zoe at the gate?", "It's 100% 'quoted' \\ & | ! <-> :*", "")
	indexed(t, l.rows)

	conversation, first, second, third := string(c.ID), string(texts[0].ID), string(texts[1].ID), string(texts[2].ID)
	for _, q := range []struct {
		query string
		want  []string
	}{
		{"zoe", []string{second, conversation}},
		{"ZOË LIEFERUNG", []string{conversation}},
		{"order-42", []string{conversation}},
		{"fur 42", []string{conversation}}, // each word in a field of its own
		{"gate", []string{second, first}},
		{"gat", []string{second, first}},
		{`"the gate is"`, []string{first}},
		{"gat open", []string{}},
		{"0001", []string{string(sms.ID)}},
		{"+1 555 030", []string{string(whatsapp.ID)}},
		{"whatsapp", []string{string(whatsapp.ID)}},
		{"15550", []string{string(whatsapp.ID), string(sms.ID)}},
		{"carol@exam", []string{string(user.ID), string(chat.ID)}},
		{"danvers carol", []string{string(user.ID)}},
		{"15550100001", []string{}}, // the proxy address
		{"100%", []string{third}},
		{"'quoted' & |", []string{third}},
		{"nothing", []string{}},
	} {
		assert.Equal(t, q.want, l.found(q.query), "%q", q.query)
	}
	assert.Equal(t, []string{second}, l.found("zoe", conversations.SearchMessage))
	assert.Equal(t, []string{second, conversation}, l.found("zoe", conversations.SearchMessage, conversations.SearchConversation))
	assert.Empty(t, l.found("zoe", conversations.SearchUser))

	listing, err := l.db.Search(t.Context(), conversations.SearchQuery{Text: "at zo"}, conversations.Page{Size: 5})
	require.NoError(t, err)
	assert.Equal(t, []conversations.SearchHit{{
		Kind: conversations.SearchMessage, Service: service, Conversation: c.ID, Message: texts[1].ID,
		Field: conversations.FieldBody, Snippet: "Is Zoe at the gate?", Created: texts[1].Created,
	}}, listing.Items)
}

// A deleted service keeps its conversations until they are purged.
func TestNothingOfADeletedServiceIsFound(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("gate", "")
	l.messages(c.ID, 0, "at the gate")
	l.user("gatekeeper", "")
	indexed(t, l.rows)
	require.Len(t, l.found("gate"), 3)
	update(t, l.db, func(tx *store.Tx) error { return tx.DeleteService(service) })
	assert.Empty(t, l.found("gate"))
}

func (l *library) remove(c conversations.Conversation) {
	l.t.Helper()
	update(l.t, l.db, func(tx *store.Tx) error {
		if _, err := tx.DeleteConversation(c.ID, time.Now()); err != nil {
			return err
		}
		return tx.Record(event(conversations.ConversationRemoved, c.ID, conversations.Resource{Conversation: &c}))
	})
}

func TestPagesOfASearch(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("", "")
	bodies := make([]string, 40)
	for i := range bodies {
		bodies[i] = "needle in"
		if i%3 == 0 {
			bodies[i] = "in needle" // what the index finds too
		}
	}
	texts := l.messages(c.ID, 0, bodies...)
	indexed(t, l.rows)
	var want []string
	for i := len(texts) - 1; i >= 0; i-- {
		if i%3 != 0 {
			want = append(want, string(texts[i].ID))
		}
	}
	ask := func(p conversations.Page) conversations.Listing[conversations.SearchHit] {
		listing, err := l.db.Search(t.Context(), conversations.SearchQuery{Text: `"needle in"`}, p)
		require.NoError(t, err)
		return listing
	}
	var got, back []string
	p := conversations.Page{Size: 4}
	var last conversations.Listing[conversations.SearchHit]
	for {
		last = ask(p)
		for _, h := range last.Items {
			got = append(got, hitID(h))
		}
		if last.Next == nil {
			break
		}
		assert.Len(t, last.Items, 4)
		p.After = last.Next
	}
	assert.Equal(t, want, got)
	assert.Len(t, last.Items, 2)
	for last.Previous != nil {
		last = ask(conversations.Page{Size: 4, Before: last.Previous})
		page := make([]string, 0, 4)
		for _, h := range last.Items {
			page = append(page, hitID(h))
		}
		back = append(page, back...)
	}
	assert.Equal(t, want[:24], back)
	require.NotNil(t, last.Next)
	assert.Equal(t, want[4], hitID(ask(conversations.Page{Size: 4, After: last.Next}).Items[0]))
}

// Where very many entries have the words, and none of them as a phrase, a page ends
// early and says that there are others.
func TestAPageExaminesABoundedNumberOfEntries(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("", "")
	bodies := make([]string, 5000)
	for i := range bodies {
		bodies[i] = "b a"
	}
	bodies[0] = "a b"
	texts := l.messages(c.ID, 0, bodies...)
	indexed(t, l.rows)
	listing, err := l.db.Search(t.Context(), conversations.SearchQuery{Text: `"a b"`}, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Empty(t, listing.Items)
	require.NotNil(t, listing.Next)
	assert.Equal(t, []string{string(texts[0].ID)}, l.found(`"a b"`))
}

// naive finds what a query of plain words should find, by its own means.
func naive(query string, texts []string) (places []int) {
	split := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	words := split(query)
	for i := len(texts) - 1; i >= 0; i-- {
		has := split(texts[i])
		ok := true
		for k, w := range words {
			ok = ok && slices.ContainsFunc(has, func(h string) bool {
				return h == w || k == len(words)-1 && strings.HasPrefix(h, w)
			})
		}
		if ok {
			places = append(places, i)
		}
	}
	return places
}

func TestSearchFindsWhatANaiveMatcherFinds(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("", "")
	word := rapid.StringMatching(`[a-cA-C]{1,3}|[12]{1,3}|é?[ab]`)
	separator := rapid.SampledFrom([]string{" ", ", ", " (", "!\n", " & ", " OR "})
	text := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "words") {
			b.WriteString(word.Draw(t, "word") + separator.Draw(t, "separator"))
		}
		return b.String()
	})
	bodies := make([]string, 400)
	for i := range bodies {
		bodies[i] = text.Example(i)
	}
	texts := l.messages(c.ID, 0, bodies...)
	indexed(t, l.rows)
	plain := make([]string, len(bodies))
	for i, b := range bodies {
		plain[i] = strings.ReplaceAll(b, "é", "e")
	}
	rapid.Check(t, func(t *rapid.T) {
		query := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "query"), " ")
		want := []string{}
		for _, i := range naive(strings.ReplaceAll(query, "é", "e"), plain) {
			want = append(want, string(texts[i].ID))
		}
		require.Equal(t, want, l.found(query), "%q", query)
	})
}

// Whatever people type, it is answered, or refused with a reason.
func TestNoQueryIsAnError(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("", "")
	l.messages(c.ID, 0, "a b c", "it's \\ a")
	indexed(t, l.rows)
	odd := rapid.StringOf(rapid.RuneFrom([]rune(`ab1'"\*:&|!()<>-+^%_$?{}[];,~ `+"\t\n\x00\u0301é東🙂"), unicode.L, unicode.M, unicode.N, unicode.S))
	rapid.Check(t, func(t *rapid.T) {
		query := rapid.OneOf(odd, rapid.String(), rapid.SampledFrom([]string{
			"NEAR(a b)", "words : a", "a AND", "OR", "NOT a", "a^2", "-a", "{a}:b", "' OR 1=1 --", `"`, `a"b"c`, "a:*", "!a", "a <-> b", "*", "a*b*",
			strings.Repeat("a ", 100), strings.Repeat("1", 200), strings.Repeat("(", 200), "\xff\xfe", "a\x00b",
		})).Draw(t, "query")
		_, err := l.db.Search(l.t.Context(), conversations.SearchQuery{Text: query}, conversations.Page{Size: 3})
		if err != nil {
			require.True(t, conversations.InvalidParameter.Is(err), "%q: %v", query, err)
		}
	})
}
