package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bridged/conversations"
	"bridged/store/search"
)

// indexReader is the name of the reader of events that keeps the search index.
const indexReader = "search"

// indexVersion is that of what stands in the index. Where the database has that of
// another one, everything is put into the index anew.
const indexVersion = "1"

// How much one commit of the index does.
const (
	indexRows  = 64
	indexBytes = 1 << 18
	indexRest  = 9 // one tenth of the writer's time, at the most
)

// KeepIndex keeps the search index until the store is closed. What there was
// before the index is put into it first to last, newest first, a little with every
// step.
func (db *DB) KeepIndex(ctx context.Context) error {
	x := &indexer{db: db}
	_, err := db.FollowEvents(ctx, EventReaderConfig{Name: indexReader, Wants: x.wants, Step: x.step, Rest: indexRest})
	return err
}

// indexer makes of events what stands in the index.
type indexer struct{ db *DB }

func (x *indexer) wants(e conversations.Event) bool {
	return !strings.HasPrefix(string(e.Type), "onDelivery")
}

// entry is a row of the index. Without words it is none.
type indexEntry struct {
	kind         conversations.SearchKind
	resource     string
	conversation conversations.ConversationID
	words        string
	created      time.Time
}

func newIndexEntry(kind conversations.SearchKind, resource string, c conversations.ConversationID, created time.Time, fields searchFields) indexEntry {
	return indexEntry{kind, resource, c, search.Index(string(kind), fields), created}
}

func entryOfConversation(c conversations.Conversation) indexEntry {
	return newIndexEntry(conversations.SearchConversation, string(c.ID), c.ID, c.Created, conversationFields(c.FriendlyName, c.UniqueName))
}

func entryOfParticipant(p conversations.Participant) indexEntry {
	var address *string
	if p.Native() {
		address = (*string)(&p.Binding.Address)
	}
	return newIndexEntry(conversations.SearchParticipant, string(p.ID), p.Conversation, p.Created, participantFields(p.Identity, address))
}

func entryOfMessage(m conversations.Message) indexEntry {
	return newIndexEntry(conversations.SearchMessage, string(m.ID), m.Conversation, m.Created, messageFields(m.Body, m.Subject))
}

func entryOfUser(u conversations.User) indexEntry {
	return newIndexEntry(conversations.SearchUser, string(u.ID), "", u.Created, userFields(&u.Identity, u.FriendlyName))
}

// entryOf returns the entry of what an event is about, as it is after it.
func entryOf(e conversations.Event) (entry indexEntry, ok bool) {
	switch r := e.After; {
	case r.Conversation != nil:
		entry = entryOfConversation(*r.Conversation)
	case r.Participant != nil:
		entry = entryOfParticipant(*r.Participant)
	case r.Message != nil:
		entry = entryOfMessage(*r.Message)
	case r.User != nil:
		entry = entryOfUser(*r.User)
	default:
		return entry, false
	}
	if strings.HasSuffix(string(e.Type), "Removed") {
		entry.words = ""
	}
	return entry, true
}

// indexChanges are what a commit changes in the index.
type indexChanges struct {
	entries []indexEntry                   // each resource once
	removed []conversations.ConversationID // with all that is in them
	size    int                            // of the words, in bytes
	rows    int                            // of what is in the removed conversations
}

func (c *indexChanges) put(e indexEntry) {
	c.entries = slices.DeleteFunc(c.entries, func(other indexEntry) bool { return other.resource == e.resource })
	c.entries = append(c.entries, e)
	c.size += len(e.words)
}

func (c *indexChanges) full() bool { return c.size >= indexBytes || c.rows >= indexRows }

// step makes changes of events, and puts some of what was there before the index
// into it.
func (x *indexer) step(ctx context.Context, state string, events []conversations.Event) (Step, error) {
	var changes indexChanges
	through, err := x.follow(ctx, events, &changes)
	if err != nil {
		return Step{}, err
	}
	filling := parseFilling(state)
	// Read after the events, so that a later event tells of what changes after this.
	if err := x.fill(ctx, &filling, &changes); err != nil {
		return Step{}, err
	}
	step := Step{Through: through, State: filling.String(), More: !filling.done()}
	if len(changes.entries)+len(changes.removed) > 0 {
		slices.SortFunc(changes.entries, func(a, b indexEntry) int { return a.created.Compare(b.created) })
		step.Apply = changes.apply
	}
	return step, nil
}

// follow gathers the changes of events, and says of how many.
func (x *indexer) follow(ctx context.Context, events []conversations.Event, changes *indexChanges) (through int, err error) {
	for i, e := range events {
		if changes.full() {
			return i, nil
		}
		entry, ok := entryOf(e)
		switch {
		case !ok:
		case e.Type == conversations.ConversationRemoved:
			rows, err := countIndexed(x.db.reader(ctx), entry.conversation)
			if err != nil {
				return i, err
			}
			changes.rows += rows
			changes.removed = append(changes.removed, entry.conversation)
			changes.entries = slices.DeleteFunc(changes.entries, func(other indexEntry) bool { return other.conversation == entry.conversation })
			if rows > indexRows {
				return i, nil // the event comes again for the rest of them
			}
		default:
			changes.put(entry)
		}
	}
	return len(events), nil
}

// filling is how far the index has been filled with what was there before it: the
// kind of resource that is next, and the identifier before which they are.
type filling struct {
	kind   string
	before string
}

// filled is the kind after the last one.
const filled = "done"

func parseFilling(state string) filling {
	fields := strings.Fields(state)
	if len(fields) != 3 || fields[0] != indexVersion {
		return filling{string(conversations.SearchConversation), afterAll}
	}
	return filling{fields[1], fields[2]}
}

// afterAll is greater than every identifier.
const afterAll = "g"

func (f filling) String() string { return indexVersion + " " + f.kind + " " + f.before }
func (f filling) done() bool     { return f.kind == filled }

// fill adds some of what was there before the index to the changes.
func (x *indexer) fill(ctx context.Context, f *filling, changes *indexChanges) (err error) {
	q := x.db.reader(ctx)
	for left := indexRows; err == nil && left > 0 && !f.done() && !changes.full(); {
		before := len(changes.entries)
		switch conversations.SearchKind(f.kind) {
		case conversations.SearchConversation:
			err = fillWith(q, f, changes, conversationColumns, "conversations c", "c.id", scanConversation, entryOfConversation, conversations.SearchParticipant)
		case conversations.SearchParticipant:
			err = fillWith(q, f, changes, participantColumns, "participants p", "p.id", scanParticipant, entryOfParticipant, conversations.SearchUser)
		case conversations.SearchUser:
			err = fillWith(q, f, changes, userColumns, "users u", "u.id", scanUser, entryOfUser, conversations.SearchMessage)
		case conversations.SearchMessage:
			err = fillWith(q, f, changes, messageColumns, "messages m", "m.id", scanMessage, entryOfMessage, filled)
		default:
			err = fmt.Errorf("the index is filled with %q, which this program does not know", f.kind)
		}
		left -= len(changes.entries) - before
	}
	return err
}

// fillWith is fill for one kind of resource.
func fillWith[T any](q querier, f *filling, changes *indexChanges, columns, table, id string, scan func(scanner) (T, error), entry func(T) indexEntry, next conversations.SearchKind) error {
	list, err := all(q, scan, "SELECT "+columns+" FROM "+table+" WHERE "+id+" < $1 ORDER BY "+id+" DESC LIMIT $2", f.before, indexRows)
	if err != nil {
		return err
	}
	for _, item := range list {
		if changes.full() {
			return nil
		}
		e := entry(item)
		changes.put(e)
		f.before = e.resource
	}
	if len(list) < indexRows {
		*f = filling{string(next), afterAll}
	}
	return nil
}
