package store

import (
	"context"
	"fmt"

	"bridged/conversations"
)

// Inbox returns a page of conversations, those where something happened last coming
// first, with their first participants and their last messages.
func (db *DB) Inbox(ctx context.Context, f conversations.InboxFilter, p conversations.Page) (conversations.Listing[conversations.InboxEntry], error) {
	q := db.reader(ctx)
	p.Descending = true
	from, args := inboxQuery(f)
	page, err := listed[conversations.Conversation]{
		columns: conversationColumns, from: from, args: args, major: "c.active_at", minor: "c.seq", scan: scanConversation,
		cursor: func(c conversations.Conversation) conversations.Cursor {
			return conversations.Cursor{Major: micros(c.LastStateOrMessage), Minor: c.Seq}
		},
	}.page(q, p)
	if err != nil || len(page.Items) == 0 {
		return conversations.Listing[conversations.InboxEntry]{}, err
	}
	list := conversations.Listing[conversations.InboxEntry]{Next: page.Next, Previous: page.Previous}
	list.Items, err = inboxEntries(q, page.Items)
	return list, err
}

// inboxQuery is the conversations that a filter lets through.
func inboxQuery(f conversations.InboxFilter) (from string, args []any) {
	from = "FROM conversations c WHERE 1 = 1"
	condition := func(format string, arg any) {
		args = append(args, arg)
		from += fmt.Sprintf(" AND "+format, len(args))
	}
	if f.Service != "" {
		condition("c.service_id = $%d", f.Service)
	}
	if f.State != "" {
		condition("c.state = $%d", f.State)
	}
	const someone = " AND EXISTS (SELECT 1 FROM participants p WHERE p.conversation_id = c.id AND "
	switch f.Channel {
	case conversations.InboxSMS:
		from += someone + "p.address NOT LIKE 'whatsapp:%')"
	case conversations.InboxWhatsApp:
		from += someone + "p.address LIKE 'whatsapp:%')"
	case conversations.InboxGroup:
		from += someone + "p.proxy IS NULL AND (p.address IS NOT NULL OR p.projected IS NOT NULL))"
	case conversations.InboxChat:
		from += someone + "p.identity IS NOT NULL)"
	}
	return among(from, args, "c.id", f.Only)
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
