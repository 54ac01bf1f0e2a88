package store

import (
	"context"
	"fmt"
	"slices"

	"bridged/conversations"
)

// Inbox returns a page of conversations, those where something happened last coming
// first, with their first participants and their last messages.
//
// The page is found in the index by activity alone, which has all that is filtered
// by, and only then its conversations are read: however few and old they are, the
// worst that can happen is a walk through that index.
func (db *DB) Inbox(ctx context.Context, f conversations.InboxFilter, p conversations.Page) (conversations.Listing[conversations.InboxEntry], error) {
	q := db.reader(ctx)
	p.Descending = true
	from, args := inboxQuery(f)
	places, err := listed[conversations.Cursor]{
		columns: "c.active_at, c.seq", from: from, args: args, major: "c.active_at", minor: "c.seq",
		scan: func(s scanner) (c conversations.Cursor, err error) {
			err = s.Scan(&c.Major, &c.Minor)
			return c, err
		},
		cursor: func(c conversations.Cursor) conversations.Cursor { return c },
	}.page(q, p)
	if err != nil || len(places.Items) == 0 {
		return conversations.Listing[conversations.InboxEntry]{}, err
	}
	found, err := conversationsAt(q, places.Items)
	if err != nil {
		return conversations.Listing[conversations.InboxEntry]{}, err
	}
	list := conversations.Listing[conversations.InboxEntry]{Next: places.Next, Previous: places.Previous}
	list.Items, err = inboxEntries(q, found)
	return list, err
}

// inboxQuery is the conversations that a filter lets through. The service is not
// compared as it is, which keeps the database from walking through the index of a
// service's conversations by age, and sorting them.
func inboxQuery(f conversations.InboxFilter) (from string, args []any) {
	from = "FROM conversations c WHERE 1 = 1"
	condition := func(format string, arg any) {
		args = append(args, arg)
		from += fmt.Sprintf(" AND "+format, len(args))
	}
	if f.Service != "" {
		condition("c.service_id || '' = $%d", f.Service)
	}
	if f.State != "" {
		condition("c.state = $%d", f.State)
	}
	if bit := bitOf(f.Channel); bit != 0 {
		condition("(c.channels & $%d) <> 0", int64(bit))
	}
	return among(from, args, "c.id", f.Only)
}

// conversationsAt reads the conversations of places, in their order. One that is
// deleted meanwhile is left out.
func conversationsAt(q querier, places []conversations.Cursor) ([]conversations.Conversation, error) {
	order, seqs := make(map[int64]int, len(places)), make([]int64, len(places))
	for i, place := range places {
		order[place.Minor], seqs[i] = i, place.Minor
	}
	from, args := among("FROM conversations c WHERE 1 = 1", nil, "c.seq", seqs)
	found, err := all(q, scanConversation, "SELECT "+conversationColumns+" "+from, args...)
	slices.SortFunc(found, func(a, b conversations.Conversation) int { return order[a.Seq] - order[b.Seq] })
	return found, err
}

// inboxEntries adds to conversations who is in them and what was said last.
func inboxEntries(q querier, list []conversations.Conversation) ([]conversations.InboxEntry, error) {
	entries := make([]conversations.InboxEntry, len(list))
	place := make(map[conversations.ConversationID]int, len(list))
	ids := make([]conversations.ConversationID, len(list))
	for i, c := range list {
		entries[i].Conversation, place[c.ID], ids[i] = c, i, c.ID
	}
	from, args := among(fmt.Sprintf(`FROM conversations c JOIN participants p ON p.conversation_id = c.id
		WHERE p.seq IN (SELECT x.seq FROM participants x WHERE x.conversation_id = c.id ORDER BY x.seq LIMIT %d)`,
		conversations.InboxPeople), nil, "c.id", ids)
	people, err := all(q, scanParticipant, "SELECT "+participantColumns+" "+from+" ORDER BY p.seq", args...)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		e := &entries[place[p.Conversation]]
		e.Participants = append(e.Participants, p)
	}
	from, args = among(`FROM conversations c JOIN messages m ON m.conversation_id = c.id
		AND m.idx = (SELECT MAX(x.idx) FROM messages x WHERE x.conversation_id = c.id) WHERE 1 = 1`, nil, "c.id", ids)
	last, err := all(q, scanMessage, "SELECT "+messageColumns+" "+from, args...)
	if err != nil {
		return nil, err
	}
	for _, m := range last {
		entries[place[m.Conversation]].Last = &m
	}
	return entries, nil
}
