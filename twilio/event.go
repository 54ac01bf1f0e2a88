package twilio

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"bridged/conversations"
	"bridged/receipts"
)

// Event is one change, as the event stream and the sinks tell it. The reference's
// Event Streams, which page 33 names, are not among its pages: the form is our own.
type Event struct {
	ID              string  `json:"id"`
	Type            string  `json:"type"`
	At              string  `json:"at"`
	AccountSID      string  `json:"account_sid"`
	ConversationSID *string `json:"conversation_sid"`
	ChatServiceSID  *string `json:"chat_service_sid"`
	Source          string  `json:"source"`
	By              *string `json:"by"`
	Webhooks        bool    `json:"webhooks"`
	Reason          *string `json:"reason"`
	Resource        any     `json:"resource"`
	Before          any     `json:"before"`
}

// eventTime is ISO 8601 with milliseconds.
const eventTime = "2006-01-02T15:04:05.000Z"

// Event shows an event of a service, whose ID is empty where it is not known. The
// resources are in the form of the REST API, through their service unless that is
// the default one, which is the scope's. The `delivery` of a message is null: what
// becomes of its deliveries, events of their own tell.
func (s Scope) Event(e conversations.Event, service conversations.ServiceID) Event {
	for _, r := range []conversations.Resource{e.After, e.Before} {
		switch {
		case r.Conversation != nil:
			service = r.Conversation.Service
		case r.User != nil:
			service = r.User.Service
		}
	}
	if service != "" {
		s.Service, s.ThroughService = service, service != s.Service
	}
	return Event{
		ID:              EventID(e.Place),
		Type:            string(e.Type),
		At:              e.At.UTC().Format(eventTime),
		AccountSID:      s.Account,
		ConversationSID: NullableSID(&e.Conversation),
		ChatServiceSID:  NullableSID(&service),
		Source:          string(e.Source),
		By:              nullable(e.By),
		Webhooks:        e.Webhooks,
		Reason:          nullable(string(e.Reason)),
		Resource:        s.eventResource(e.After),
		Before:          s.eventResource(e.Before),
	}
}

// eventResource shows what an event is about; nil where there is nothing.
func (s Scope) eventResource(r conversations.Resource) any {
	switch {
	case r.Conversation != nil:
		return s.Conversation(*r.Conversation)
	case r.Participant != nil:
		return s.Participant(*r.Participant)
	case r.Message != nil:
		return s.Message(*r.Message, receipts.Counts{})
	case r.Delivery != nil:
		return s.Receipt(*r.Delivery)
	case r.User != nil:
		return s.User(*r.User)
	}
	return nil
}

// EncodeEvent writes an event as JSON on one line.
func EncodeEvent(e Event) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// eventIDLen is the length of what an event's ID is made of.
const eventIDLen = 8 + 8

// EventID is the ID of the event at a place, and the cursor behind it. It is opaque
// to clients, and always the same for one event.
func EventID(place conversations.Cursor) string {
	b := make([]byte, 0, eventIDLen)
	b = binary.BigEndian.AppendUint64(b, uint64(place.Major))
	b = binary.BigEndian.AppendUint64(b, uint64(place.Minor))
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseEventID reads the place of an event.
func ParseEventID(id string) (place conversations.Cursor, ok bool) {
	b, ok := decodeToken(id)
	if !ok || len(b) != eventIDLen {
		return place, false
	}
	place.Major = int64(binary.BigEndian.Uint64(b))
	place.Minor = int64(binary.BigEndian.Uint64(b[8:]))
	return place, place.Major >= 0 && place.Minor >= 0
}

// EventPage is a page of the events that are kept, oldest first.
type EventPage struct {
	Events []json.RawMessage `json:"events"`
	Meta   EventMeta         `json:"meta"`
}

// EventMeta is the `meta` object of a page of events. There is no way back through
// them.
type EventMeta struct {
	Meta

	// After is the cursor behind the last event that was looked at: where to go on,
	// also when there was no event.
	After string `json:"after"`
}

// Events shows a page of events that begins behind the cursor after, which is empty
// for the beginning, and ends with last.
func (p PageRequest) Events(listURL string, events []json.RawMessage, after, last string, more bool) EventPage {
	if events == nil {
		events = []json.RawMessage{} // an empty list is no null
	}
	from := func(cursor string) string {
		here := p
		here.kept = slices.Clip(p.kept)
		if cursor != "" {
			here.Keep("After", cursor)
		}
		return here.url(listURL, 0, "")
	}
	page := EventPage{Events: events, Meta: EventMeta{
		Meta:  Meta{PageSize: p.Page.Size, FirstPageURL: from(""), URL: from(after), Key: "events"},
		After: last,
	}}
	if more {
		next := from(last)
		page.Meta.NextPageURL = &next
	}
	return page
}
