package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

// maxRedriven bounds the dead letters that one request takes up: they are one
// commit, for which others wait.
const maxRedriven = 100

// deadLetter is something that was given up. What discarding it says is null as
// long as nobody has.
type deadLetter struct {
	ID            int64   `json:"id"`
	State         string  `json:"state"`
	Topic         string  `json:"topic"`
	Key           string  `json:"key"`
	Channel       *string `json:"channel"`
	DeliverySID   *string `json:"delivery_sid"`
	ErrorCode     *int    `json:"error_code"`
	Reason        string  `json:"reason"`
	Payload       string  `json:"payload"`
	DateCreated   string  `json:"date_created"`
	DateDiscarded *string `json:"date_discarded"`
	DiscardedBy   *string `json:"discarded_by"`
	DiscardReason *string `json:"discard_reason"`
	URL           string  `json:"url"`
}

// redriven says what became of dead letters that were to be taken up. After is where
// the next request goes on, null where there are no more.
type redriven struct {
	Redriven []int64       `json:"redriven"`
	Refused  []notRedriven `json:"refused"`
	After    *int64        `json:"after"`
}

type notRedriven struct {
	ID     int64  `json:"id"`
	Reason string `json:"reason"`
}

// The states of dead letters.
const (
	letterOpen      = "open"
	letterDiscarded = "discarded"
)

// readLetterFilter reads which dead letters are wanted.
func readLetterFilter(q *twilio.Form) (f conversations.DeadLetterFilter, err error) {
	if topic := q.String("Topic"); topic != nil {
		f.Topic = *topic
	}
	if channel := q.String("Channel"); channel != nil {
		f.Channel = *channel
	}
	if code := q.Int("ErrorCode"); code != nil {
		f.ErrorCode = int(*code)
	}
	if listener := q.String("Target"); listener != nil {
		f.Listener = conversations.WebhookListener(*listener)
	}
	if since := q.Date("Since"); since != nil {
		f.Since = *since
	}
	return f, q.Err()
}

func (s *server) listDeadLetters(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxOperations)
	page.KeepFrom(q, "Topic", "Channel", "ErrorCode", "Target", "Since", "State")
	f, err := readLetterFilter(q)
	if err != nil {
		return reply{}, err
	}
	if state := q.Lower("State"); state != nil {
		if *state != letterOpen && *state != letterDiscarded {
			return reply{}, twilio.Invalid("State must be open or discarded")
		}
		f.Discarded = *state == letterDiscarded
	}
	return paged(c, q, page, "dead_letters", s.operationsURL("dead-letters"), s.showDeadLetter,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.DeadLetter], error) {
			return s.cfg.Store.DeadLetters(ctx, f, p)
		})
}

func (s *server) fetchDeadLetter(c *call) (reply, error) {
	seq, err := letterID(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.DeadLetter(c.Context(), seq)
	return fetched(s.showDeadLetter, found, err)
}

// redrive takes up what was given up.
func (s *server) redrive(c *call) (reply, error) {
	seq, err := letterID(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusAccepted, shown(s.showDeadLetter), func(ctx context.Context) (conversations.DeadLetter, error) {
		return s.cfg.Bridge.Redrive(ctx, seq)
	})
}

// redriveMany takes up the first of what was given up and passes a filter. All of it
// has to be asked for.
func (s *server) redriveMany(c *call) (reply, error) {
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	f, err := readLetterFilter(form)
	everything, after := form.Bool("All"), form.Int("After")
	switch {
	case err != nil:
		return reply{}, err
	case form.Err() != nil:
		return reply{}, form.Err()
	case f == conversations.DeadLetterFilter{} && (everything == nil || !*everything):
		return reply{}, twilio.Invalid("say which: give Topic, Channel, ErrorCode, Target or Since, or All=true for every one")
	}
	var from int64
	if after != nil {
		from = *after
	}
	return carryOut(c, http.StatusAccepted, shown(showRedriven), func(ctx context.Context) (bridge.Redriven, error) {
		return s.cfg.Bridge.RedriveMany(ctx, f, from, maxRedriven)
	})
}

// discard records that nobody wants it any more.
func (s *server) discard(c *call) (reply, error) {
	seq, err := letterID(c)
	if err != nil {
		return reply{}, err
	}
	form, err := c.form()
	if err != nil {
		return reply{}, err
	}
	var reason string
	if given := form.String("Reason"); given != nil {
		reason = *given
	}
	return carryOut(c, http.StatusOK, shown(s.showDeadLetter), func(ctx context.Context) (conversations.DeadLetter, error) {
		return s.cfg.Bridge.Discard(ctx, c.caller, seq, reason)
	})
}

func letterID(c *call) (int64, error) {
	seq, err := strconv.ParseInt(c.PathValue("ID"), 10, 64)
	if err != nil {
		return 0, errNotFound()
	}
	return seq, nil
}

func (s *server) showDeadLetter(l conversations.DeadLetter) deadLetter {
	state := letterOpen
	if !l.Discarded.IsZero() {
		state = letterDiscarded
	}
	return deadLetter{
		ID:            l.Seq,
		State:         state,
		Topic:         l.Topic,
		Key:           l.Key,
		Channel:       nullable(l.Channel),
		DeliverySID:   twilio.NullableSID(&l.Delivery),
		ErrorCode:     twilio.NullableCode(l.ErrorCode),
		Reason:        l.Reason,
		Payload:       strings.ToValidUTF8(string(l.Payload), "\uFFFD"),
		DateCreated:   twilio.Date(l.Created),
		DateDiscarded: twilio.NullableDate(l.Discarded),
		DiscardedBy:   nullable(l.DiscardedBy),
		DiscardReason: nullable(l.DiscardReason),
		URL:           s.operationsURL("dead-letters/" + strconv.FormatInt(l.Seq, 10)),
	}
}

func showRedriven(r bridge.Redriven) redriven {
	list := redriven{Redriven: make([]int64, len(r.Taken)), Refused: make([]notRedriven, len(r.Refused))}
	for i, l := range r.Taken {
		list.Redriven[i] = l.Seq
	}
	for i, refused := range r.Refused {
		list.Refused[i] = notRedriven{ID: refused.Letter.Seq, Reason: refused.Reason}
	}
	if r.Last != 0 {
		list.After = &r.Last
	}
	return list
}
