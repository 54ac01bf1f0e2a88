package api

import (
	"strings"

	"bridged/conversations"
	"bridged/receipts"
	"bridged/twilio"
)

// inboxEntry is a conversation as a list for operators has it: the resources of the
// reference, side by side. Participants are the first twelve.
type inboxEntry struct {
	Conversation twilio.Conversation  `json:"conversation"`
	Participants []twilio.Participant `json:"participants"`
	LastMessage  *twilio.Message      `json:"last_message"`
	DateActive   string               `json:"date_active"`
}

// listInbox lists the conversations of all services, or of one, those coming first
// where something happened last. The reference lists by date of creation only.
func (s *server) listInbox(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxConversations)
	page.KeepFrom(q, "ChatServiceSid", "State", "Channel")
	filter, err := inboxFilter(c, q)
	if err != nil {
		return reply{}, err
	}
	for _, id := range filter.Only {
		page.Keep("ConversationSid", twilio.SID(id))
	}
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	listing, err := s.cfg.Store.Inbox(c.Context(), filter, page.Page)
	if err != nil {
		return reply{}, err
	}
	counts := map[conversations.MessageID]receipts.Counts{}
	for _, entry := range listing.Items {
		if entry.Last == nil {
			continue
		}
		found, err := s.deliveryCounts(c, entry.Conversation.ID, *entry.Last)
		if err != nil {
			return reply{}, err
		}
		counts[entry.Last.ID] = found[entry.Last.ID]
	}
	return ok(twilio.List(page, "conversations", s.operationsURL("inbox"), listing, showInboxEntry(c.scope, counts))), nil
}

func inboxFilter(c *call, q *twilio.Form) (f conversations.InboxFilter, err error) {
	if sid := q.String("ChatServiceSid"); sid != nil {
		id, ok := twilio.ParseSID[conversations.ServiceID](*sid)
		if !ok {
			return f, twilio.Invalid("ChatServiceSid must be IS and 32 hexadecimal digits")
		}
		f.Service = id
	}
	if state := q.String("State"); state != nil {
		switch f.State = conversations.State(strings.ToLower(*state)); f.State {
		case conversations.StateInitializing, conversations.StateActive, conversations.StateInactive, conversations.StateClosed:
		default:
			return f, twilio.Invalid("State must be initializing, active, inactive or closed")
		}
	}
	if channel := q.String("Channel"); channel != nil {
		switch f.Channel = conversations.InboxChannel(strings.ToLower(*channel)); f.Channel {
		case conversations.InboxSMS, conversations.InboxWhatsApp, conversations.InboxGroup, conversations.InboxChat:
		default:
			return f, twilio.Invalid("Channel must be sms, whatsapp, group or chat")
		}
	}
	sids := c.URL.Query()["ConversationSid"]
	if len(sids) > twilio.MaxConversations {
		return f, twilio.Invalid("ConversationSid is there %d times; at most %d are allowed", len(sids), twilio.MaxConversations)
	}
	for _, sid := range sids {
		id, ok := twilio.ParseSID[conversations.ConversationID](sid)
		if !ok {
			return f, twilio.Invalid("ConversationSid must be CH and 32 hexadecimal digits")
		}
		f.Only = append(f.Only, id)
	}
	return f, nil
}

func showInboxEntry(scope twilio.Scope, counts map[conversations.MessageID]receipts.Counts) func(conversations.InboxEntry) inboxEntry {
	return func(e conversations.InboxEntry) inboxEntry {
		within := scope
		within.Service, within.ThroughService = e.Conversation.Service, true
		shown := inboxEntry{
			Conversation: within.Conversation(e.Conversation),
			Participants: make([]twilio.Participant, len(e.Participants)),
			DateActive:   twilio.Date(e.Conversation.LastStateOrMessage),
		}
		for i, p := range e.Participants {
			shown.Participants[i] = within.Participant(p)
		}
		if e.Last != nil {
			last := within.Message(*e.Last, counts[e.Last.ID])
			shown.LastMessage = &last
		}
		return shown
	}
}
