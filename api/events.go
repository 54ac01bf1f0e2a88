package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	typeEventStream = "text/event-stream"
	// lastEventID is the header by which a client says up to where it has come.
	lastEventID = "Last-Event-ID"
	// maxLookedAt bounds how many events one page looks at for those that are wanted.
	maxLookedAt = 2000
)

// eventFilter is which events a client wants; the zero one is for all.
type eventFilter struct {
	types        []conversations.EventType
	conversation conversations.ConversationID
}

func (f eventFilter) wants(e *toldEvent) bool {
	return e.kind.Streamed() && (len(f.types) == 0 || slices.Contains(f.types, e.kind)) &&
		(f.conversation == "" || f.conversation == e.conversation)
}

// events tells what happens: as a stream of server-sent events to who accepts one,
// else as a page of what has happened.
func (s *server) events(w http.ResponseWriter, c *call) error {
	w.Header().Add("Vary", "Accept")
	q, err := c.query()
	if err != nil {
		return err
	}
	filter, err := readEventFilter(c, q)
	if err != nil {
		return err
	}
	if wantsStream(c.Request) {
		return s.streamEvents(w, c, q, filter)
	}
	answer, err := s.pageOfEvents(c, q, filter)
	if err == nil {
		answer.validate(w, c.Request).write(w)
	}
	return err
}

// wantsStream says whether the client accepts server-sent events.
func wantsStream(r *http.Request) bool {
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if kind, _, err := mime.ParseMediaType(item); err == nil && kind == typeEventStream {
			return true
		}
	}
	return false
}

// readEventFilter reads Type, which may come in several parameters and with commas
// between, and ConversationSid.
func readEventFilter(c *call, q *twilio.Form) (f eventFilter, err error) {
	for name := range strings.SplitSeq(strings.Join(c.URL.Query()["Type"], ","), ",") {
		kind := conversations.EventType(strings.TrimSpace(name))
		switch {
		case kind == "" || slices.Contains(f.types, kind):
		case kind.Streamed():
			f.types = append(f.types, kind)
		default:
			return f, twilio.Invalid("Type must be one of %s", eventNames())
		}
	}
	if id := twilio.FormSID[conversations.ConversationID](q, "ConversationSid",
		twilio.Invalid("ConversationSid must be the SID of a conversation")); id != nil {
		f.conversation = *id
	}
	return f, q.Err()
}

// eventNames lists the types of events.
func eventNames() string {
	types := conversations.StreamedEvents()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// eventCursor returns the place behind which the client wants to go on; none where it
// does not say. An EventSource that reconnects says so by a header, beside whatever
// its URL says.
func (s *server) eventCursor(c *call, q *twilio.Form) (at conversations.Cursor, given bool, err error) {
	name, id := lastEventID, c.Header.Get(lastEventID)
	if after := q.String("After"); id == "" && after != nil {
		name, id = "After", *after
	}
	if id == "" {
		return at, false, q.Err()
	}
	at, ok := twilio.ParseEventID(id)
	if !ok {
		return at, true, twilio.Invalid("%s must be the id of an event", name)
	}
	return at, true, s.cfg.Store.CheckEvents(c.Context(), at)
}

// pageOfEvents answers with a page of what has happened, oldest first.
func (s *server) pageOfEvents(c *call, q *twilio.Form, filter eventFilter) (reply, error) {
	page := q.ReadPage(twilio.MaxEvents)
	for _, t := range filter.types {
		page.Keep("Type", string(t))
	}
	page.KeepFrom(q, "ConversationSid")
	at, given, err := s.eventCursor(c, q)
	if err != nil {
		return reply{}, err
	}
	after := ""
	if given {
		after = twilio.EventID(at)
	} else if at, err = s.cfg.Store.EventsKept(c.Context()); err != nil {
		return reply{}, err
	}
	var found []json.RawMessage
	var more bool
	for looked := 0; ; {
		chunk, err := s.chunks.after(c.Context(), at, nil)
		if err != nil {
			return reply{}, err
		}
		more = len(chunk.events) > 0
		if !more || len(found) == page.Page.Size || looked >= maxLookedAt {
			break
		}
		for i := 0; i < len(chunk.events) && len(found) < page.Page.Size; i++ {
			e := &chunk.events[i]
			at = e.place
			looked++
			if filter.wants(e) {
				found = append(found, e.data)
			}
		}
	}
	return ok(page.Events(s.operationsURL("events"), found, after, twilio.EventID(at), more)), nil
}
