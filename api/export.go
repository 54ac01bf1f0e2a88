package api

import (
	"context"
	"net/http"

	"bridged/conversations"
	"bridged/twilio"
)

// exportPage is how many entries of a list are in memory at a time.
const exportPage = 100

func (s *server) fetchChannelMetadata(c *call) (reply, error) {
	of, err := s.message(c, "MessageSid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.InboundOf(c.Context(), of.ID)
	if conversations.NotFound.Is(err) {
		return reply{}, conversations.Refuse(conversations.ChannelMetadataUnknown, "the message came from no carrier")
	}
	if err != nil {
		return reply{}, err
	}
	return ok(twilio.ShowChannelMetadata(found)), nil
}

// exportConversation answers with everything that is in a conversation (contract,
// 29). Each entry is as it is when it is read: while the conversation goes on,
// what comes later can be in the document and what went before be missing.
func (s *server) exportConversation(w http.ResponseWriter, c *call) error {
	found, err := s.conversation(c)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	if err := s.export(c, w, found); err != nil {
		if c.Context().Err() == nil {
			s.log.ErrorContext(c.Context(), "an answer broke off", "method", c.Method, "route", c.Pattern, "error", err)
		}
		// The connection is cut, so that nobody takes half a document for a whole one.
		panic(http.ErrAbortHandler)
	}
	return nil
}

// export writes {"conversation":{…},"participants":[…],"messages":[…],"receipts":[…]},
// each resource as its own URL shows it.
func (s *server) export(c *call, to http.ResponseWriter, of conversations.Conversation) error {
	w := &exportWriter{to: to}
	w.text(`{"conversation":`)
	w.value(c.scope.Conversation(of))
	w.text(`,"participants":[`)
	err := walk(func(p conversations.Page) (conversations.Listing[conversations.Participant], error) {
		return s.cfg.Store.Participants(c.Context(), of.ID, p)
	}, func(page []conversations.Participant) error {
		for _, p := range page {
			w.entry(c.scope.Participant(p))
		}
		return w.send()
	})
	if err != nil {
		return err
	}
	w.text(`],"messages":[`)
	err = walk(func(p conversations.Page) (conversations.Listing[conversations.Message], error) {
		return s.cfg.Store.Messages(c.Context(), of.ID, p)
	}, func(page []conversations.Message) error { return s.exportMessages(c, w, page) })
	if err != nil {
		return err
	}
	w.text(`],"receipts":[`)
	if err := s.exportReceipts(c.Context(), c.scope, w, of.ID); err != nil {
		return err
	}
	w.text(`]}`)
	return w.err
}

func (s *server) exportMessages(c *call, w *exportWriter, page []conversations.Message) error {
	if len(page) == 0 {
		return nil
	}
	counts, err := s.deliveryCounts(c, page[0].Conversation, page...)
	if err != nil {
		return err
	}
	for _, m := range page {
		w.entry(c.scope.Message(m, counts[m.ID]))
	}
	return w.send()
}

func (s *server) exportReceipts(ctx context.Context, scope twilio.Scope, w *exportWriter, of conversations.ConversationID) error {
	var last conversations.Delivery
	for {
		page, err := s.cfg.Store.ReceiptsAfter(ctx, of, last, exportPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			w.entry(scope.Receipt(d))
		}
		if err := w.send(); err != nil || len(page) < exportPage {
			return err
		}
		last = page[len(page)-1]
	}
}

// walk gives a list to each, page by page.
func walk[T any](list func(conversations.Page) (conversations.Listing[T], error), each func([]T) error) error {
	for p := (conversations.Page{Size: exportPage}); ; {
		listing, err := list(p)
		if err != nil {
			return err
		}
		if err := each(listing.Items); err != nil || listing.Next == nil {
			return err
		}
		p.After = listing.Next
	}
}

// exportWriter writes a JSON document piece by piece. It keeps the first error:
// the caller has hung up.
type exportWriter struct {
	to      http.ResponseWriter
	entries int // of the list that is being written
	err     error
}

func (w *exportWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

// send has what is written sent, so that what is in memory stays small. It
// returns the first error.
func (w *exportWriter) send() error {
	if w.err == nil {
		w.err = http.NewResponseController(w.to).Flush()
	}
	return w.err
}

// text writes what stands between the values. A list begins after it.
func (w *exportWriter) text(s string) {
	w.write([]byte(s))
	w.entries = 0
}

func (w *exportWriter) value(v any) { w.write(encode(v)) }

// entry writes the next value of a list.
func (w *exportWriter) entry(v any) {
	if w.entries > 0 {
		w.write([]byte(","))
	}
	w.entries++
	w.value(v)
}
