package api

import (
	"context"
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

// window says until when a person may be sent free text from one of our numbers.
// The conversation and the participant are those that have the pair now; null where
// nobody has.
type window struct {
	ID              int64                 `json:"id"`
	Address         conversations.Address `json:"address"`
	ProxyAddress    conversations.Address `json:"proxy_address"`
	ConversationSID *string               `json:"conversation_sid"`
	ParticipantSID  *string               `json:"participant_sid"`
	LastInbound     string                `json:"last_inbound"`
	OpenUntil       string                `json:"open_until"`
	Open            bool                  `json:"open"`
	DateUpdated     string                `json:"date_updated"`
}

// listWindows lists the windows that are known of, all or those of one
// conversation's participants.
func (s *server) listWindows(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxOperations)
	page.KeepFrom(q, "ConversationSid")
	var of conversations.ConversationID
	if sid := q.String("ConversationSid"); sid != nil {
		id, ok := twilio.ParseSID[conversations.ConversationID](*sid)
		if !ok {
			return reply{}, twilio.Invalid("ConversationSid must be CH and 32 hexadecimal digits")
		}
		of = id
	}
	now := s.cfg.Now()
	show := func(w conversations.Window) window { return showWindow(w, now) }
	return paged(c, q, page, "windows", s.operationsURL("windows"), show,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Window], error) {
			return s.cfg.Store.Windows(ctx, of, p)
		})
}

func showWindow(w conversations.Window, now time.Time) window {
	return window{
		ID:              w.Seq,
		Address:         w.Address,
		ProxyAddress:    w.Proxy,
		ConversationSID: twilio.NullableSID(&w.Conversation),
		ParticipantSID:  twilio.NullableSID(&w.Participant),
		LastInbound:     twilio.Date(w.LastInbound),
		OpenUntil:       twilio.Date(w.OpenUntil),
		Open:            w.IsOpen(now),
		DateUpdated:     twilio.Date(w.Updated),
	}
}
