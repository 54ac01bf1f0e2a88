package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"bridged/conversations"
	"bridged/store/search"
)

// WordIndex is how a database is asked for entries of the search index.
type WordIndex struct {
	// Places is a query for the places of the entries that a formula ($1) finds,
	// beyond a place ($2), in an order, ASC or DESC, and at most some ($3).
	Places func(beyond, order string) string
	Syntax search.Syntax
	// Add and Remove put an entry's place and words into the index, and take them
	// out. Empty where the database does so by itself.
	Add, Remove string
	// DropEntries and AddEntries write many entries at once, given arrays of their
	// columns: those of which conversations ($1) and resources ($2) are removed; and
	// places, kinds, resources, conversations and words are added, as far as the
	// places are free, and the resources of what was added returned. Optional.
	DropEntries, AddEntries string
}

// maxExamined bounds how many entries one page looks at. The index finds more than
// is asked for where words have to follow one another; what it leaves out is on the
// next pages.
const maxExamined = 2000

// Search returns a page of what a query finds, newest first. A page may have fewer
// entries than its size, or none, and be followed by others. What is answered is
// there, and as it is now, however far the index has come.
func (db *DB) Search(ctx context.Context, q conversations.SearchQuery, p conversations.Page) (conversations.Listing[conversations.SearchHit], error) {
	query, err := search.Parse(q.Text)
	if err != nil {
		return conversations.Listing[conversations.SearchHit]{}, conversations.Refuse(conversations.InvalidParameter, "Query cannot be searched for: %v", err)
	}
	kinds := make([]string, len(q.Kinds))
	for i, kind := range q.Kinds {
		kinds[i] = string(kind)
	}
	w := &searchWalk{
		reader: db.reader(ctx), index: db.backend.Words, query: query, kinds: kinds,
		formula: query.Formula(kinds, db.backend.Words.Syntax), size: p.Size,
		forward: p.Before == nil, at: math.MaxInt64,
	}
	if c := cmpOr(p.After, p.Before); c != nil {
		w.at = c.Major
	}
	if err := w.find(); err != nil {
		return conversations.Listing[conversations.SearchHit]{}, err
	}
	return w.listing(p), nil
}

// searchWalk walks through the entries that a formula finds.
type searchWalk struct {
	reader  querier
	index   WordIndex
	query   search.Query
	kinds   []string
	formula string
	size    int
	forward bool // to older ones

	at       int64 // the last place that was looked at
	hits     []placedHit
	examined int
	more     bool // there may be others beyond
}

// placedHit is a hit and its place in the index.
type placedHit struct {
	conversations.SearchHit
	place int64
}

// find looks at entries until the page is full, one more is found, or there are no
// others.
func (w *searchWalk) find() error {
	done, err := w.walkNear()
	if err != nil || done {
		return err
	}
	return w.walk()
}

// walk looks at the entries that the index finds.
func (w *searchWalk) walk() error {
	beyond, order := w.direction()
	query := fmt.Sprintf("SELECT %s FROM (%s) f %s ORDER BY f.place %s", candidateColumns, w.index.Places(beyond, order), candidateTables, order)
	for limit := w.size + 1; ; limit = min(2*limit, maxExamined) {
		rows, err := all(w.reader, scanCandidate, query, w.formula, w.at, limit)
		if err != nil {
			return err
		}
		if w.take(rows) {
			return nil
		}
		w.examined += len(rows)
		if len(rows) < limit {
			return nil
		}
		if w.examined >= maxExamined {
			w.more = true
			return nil
		}
	}
}

// direction is how places compare that lie ahead, and their order.
func (w *searchWalk) direction() (beyond, order string) {
	if w.forward {
		return "<", "DESC"
	}
	return ">", "ASC"
}

// take looks at candidates, and says whether the page is full and one more is found.
func (w *searchWalk) take(rows []candidate) bool {
	for i := range rows {
		hit, ok := rows[i].match(w.query)
		if ok && len(w.hits) == w.size {
			w.more = true
			return true
		}
		w.at = rows[i].place
		if ok {
			w.hits = append(w.hits, hit)
		}
	}
	return false
}

// listing makes the page. Its neighbors begin where the walk began and ended,
// which need not be places of hits.
func (w *searchWalk) listing(p conversations.Page) (out conversations.Listing[conversations.SearchHit]) {
	var end *conversations.Cursor // where the walk goes on
	if w.more {
		end = &conversations.Cursor{Major: w.at}
	}
	var begin *conversations.Cursor // where it came from, with the entry that it began behind
	switch {
	case p.After != nil:
		begin = &conversations.Cursor{Major: p.After.Major - 1}
	case p.Before != nil:
		begin = &conversations.Cursor{Major: p.Before.Major + 1}
	}
	if begin != nil && len(w.hits) > 0 {
		begin.Major = w.hits[0].place
	}
	out.Next, out.Previous = end, begin
	if !w.forward {
		slices.Reverse(w.hits)
		out.Next, out.Previous = begin, end
	}
	for _, h := range w.hits {
		out.Items = append(out.Items, h.SearchHit)
	}
	return out
}

// What is looked at of a candidate is what is there now.
const (
	candidateColumns = `f.place, e.kind, e.resource_id, c.id, c.friendly_name, c.unique_name, c.created,
		p.identity, p.address, p.created, m.body, m.subject, m.created,
		u.identity, u.friendly_name, u.created, s.id`
	candidateTables = `JOIN search_entries e ON e.place = f.place
		LEFT JOIN conversations c ON c.id = e.conversation_id
		LEFT JOIN participants p ON p.id = e.resource_id AND e.kind = 'participant'
		LEFT JOIN messages m ON m.id = e.resource_id AND e.kind = 'message'
		LEFT JOIN users u ON u.id = e.resource_id AND e.kind = 'user'
		LEFT JOIN services s ON s.id = COALESCE(c.service_id, u.service_id)`
)

// candidate is an entry of the index and the resource that it is of, whose columns
// are nil where it is gone.
type candidate struct {
	place        int64
	kind         conversations.SearchKind
	resource     string
	conversation *conversations.ConversationID
	friendlyName *string
	uniqueName   *string
	identity     *string
	address      *string
	body         *string
	subject      *string
	userIdentity *string
	userName     *string
	service      *conversations.ServiceID // nil where it is gone, and with it all that it had

	created, joined, sent, known *int64 // when each kind of resource was made
}

func scanCandidate(s scanner) (c candidate, err error) {
	err = s.Scan(&c.place, &c.kind, &c.resource, &c.conversation, &c.friendlyName, &c.uniqueName, &c.created,
		&c.identity, &c.address, &c.joined, &c.body, &c.subject, &c.sent,
		&c.userIdentity, &c.userName, &c.known, &c.service)
	return c, err
}

// match says whether the query finds the resource as it is now.
func (c candidate) match(q search.Query) (placedHit, bool) {
	h := conversations.SearchHit{Kind: c.kind}
	var (
		created *int64
		fields  searchFields
	)
	switch c.kind {
	case conversations.SearchConversation:
		created, fields = c.created, conversationFields(c.friendlyName, c.uniqueName)
	case conversations.SearchParticipant:
		created, fields = c.joined, participantFields(c.identity, c.address)
		h.Participant = conversations.ParticipantID(c.resource)
	case conversations.SearchMessage:
		created, fields = c.sent, messageFields(c.body, c.subject)
		h.Message = conversations.MessageID(c.resource)
	case conversations.SearchUser:
		created, fields = c.known, userFields(c.userIdentity, c.userName)
		h.User = conversations.UserID(c.resource)
	}
	isUser := c.kind == conversations.SearchUser
	if created == nil || c.service == nil || !isUser && c.conversation == nil {
		return placedHit{}, false
	}
	if h.Service = *c.service; !isUser {
		h.Conversation = *c.conversation
	}
	found, ok := q.Match(fields)
	if !ok {
		return placedHit{}, false
	}
	field := fields[found.Field]
	h.Field, h.Snippet = conversations.SearchField(field.Name), search.Snippet(field.Text, found.Start, found.End)
	h.Created = fromMicros(*created)
	return placedHit{h, c.place}, true
}

// searchFields are the texts of a resource that can be searched.
type searchFields []search.Field

func (f searchFields) with(name conversations.SearchField, text *string) searchFields {
	if text == nil || *text == "" {
		return f
	}
	return append(f, search.Field{Name: string(name), Text: *text, Address: name == conversations.FieldAddress})
}

// What is searched of each kind of resource. Our own proxy addresses are not:
// whoever looks for one would find everybody.

func conversationFields(friendlyName, uniqueName *string) searchFields {
	return searchFields(nil).with(conversations.FieldFriendlyName, friendlyName).with(conversations.FieldUniqueName, uniqueName)
}

func participantFields(identity, address *string) searchFields {
	return searchFields(nil).with(conversations.FieldIdentity, identity).with(conversations.FieldAddress, address)
}

func messageFields(body, subject *string) searchFields {
	return searchFields(nil).with(conversations.FieldBody, body).with(conversations.FieldSubject, subject)
}

func userFields(identity, friendlyName *string) searchFields {
	return searchFields(nil).with(conversations.FieldIdentity, identity).with(conversations.FieldFriendlyName, friendlyName)
}

// placeBits is how many places of the index one microsecond has.
const placeBits = 10

// latestPlace is the last microsecond that has places of its own, in the year
// 2223.
const latestPlace = 8e15

// firstPlace is the first place of the moment at which a resource was made.
func firstPlace(created time.Time) int64 {
	return min(max(micros(created), 0), latestPlace) << placeBits
}
