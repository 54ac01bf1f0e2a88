package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	// keepAliveTime is how long a client is left without a sign of life.
	keepAliveTime = 15 * time.Second
	// streamWriteTime is how long a client may take nothing. Then it is cut off; it
	// can come back and go on where it was.
	streamWriteTime = 30 * time.Second
	// reconnectTime is how long a client should wait before it comes back.
	reconnectTime = time.Second
	// How soon it is looked again for events that transactions under way hold up.
	unsettledFirst = 2 * time.Millisecond
	unsettledMax   = 100 * time.Millisecond
)

// newKeepAlive ticks when a client is to be given a sign of life.
func newKeepAlive() (ticks <-chan time.Time, stop func()) {
	ticker := time.NewTicker(keepAliveTime)
	return ticker.C, ticker.Stop
}

// eventStream is the events that one client is told. It keeps nothing of them: it
// reads as fast as the client takes.
type eventStream struct {
	s      *server
	w      http.ResponseWriter
	rc     *http.ResponseController
	filter eventFilter
	watch  conversations.EventWatch
	ticks  <-chan time.Time

	at   conversations.Cursor // how far it has come
	told conversations.Cursor // how far the client knows that
}

// streamEvents tells a client what happens until it hangs up or bridged stops.
func (s *server) streamEvents(w http.ResponseWriter, c *call, q *twilio.Form, filter eventFilter) error {
	at, given, err := s.eventCursor(c, q)
	if err != nil {
		return err
	}
	stream := &eventStream{s: s, w: w, rc: http.NewResponseController(w), filter: filter, watch: s.cfg.Store.WatchEvents()}
	defer stream.watch.Close()
	if !given {
		if at, err = s.cfg.Store.LastEvent(c.Context()); err != nil {
			return err
		}
	}
	stream.at = at
	h := w.Header()
	h.Set("Content-Type", typeEventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for proxies that gather answers
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	var stop func()
	stream.ticks, stop = s.cfg.KeepAlive()
	defer stop()
	if err := stream.run(c.Context()); err != nil && c.Context().Err() == nil && !errors.Is(err, errHungUp) {
		s.log.ErrorContext(c.Context(), "an event stream broke off", "error", err)
	}
	return nil // it is answered
}

// errHungUp says that the client takes no more.
var errHungUp = errors.New("the client has hung up")

// run tells what happens. The first thing that the client gets is where it begins, so
// that it can come back there although nothing has happened.
func (e *eventStream) run(ctx context.Context) error {
	if err := e.write(fmt.Appendf(nil, "retry: %d\nid: %s\n\n", reconnectTime.Milliseconds(), twilio.EventID(e.at))); err != nil {
		return err
	}
	e.told = e.at
	var patience time.Duration
	for {
		changed := e.watch.Changed() // before reading, so that nothing is missed between
		chunk, err := e.s.chunks.after(ctx, e.at, changed)
		switch {
		case conversations.Gone.Is(err):
			return e.write(fmt.Appendf(nil, "event: gone\ndata: %s\n\n", encode(twilio.FromError(err, ""))))
		case err != nil:
			return err
		case len(chunk.events) > 0:
			patience = 0
			if err := e.tell(chunk.events); err != nil {
				return err
			}
			if e.isStopping(ctx) {
				return nil
			}
			continue
		case chunk.unsettled:
			patience = min(max(2*patience, unsettledFirst), unsettledMax)
		default:
			patience = 0
		}
		if goesOn, err := e.wait(ctx, changed, patience); err != nil || !goesOn {
			return err
		}
	}
}

// tell tells the events that the client wants.
func (e *eventStream) tell(events []toldEvent) error {
	var text bytes.Buffer
	for i := range events {
		event := &events[i]
		if e.filter.wants(event) {
			fmt.Fprintf(&text, "id: %s\nevent: %s\ndata: %s\n\n", event.id, event.kind, event.data)
			e.told = event.place
		}
	}
	e.at = events[len(events)-1].place
	if text.Len() == 0 {
		return nil
	}
	return e.write(text.Bytes())
}

// wait waits for events, or for patience where that is not 0. It says whether the
// stream goes on.
func (e *eventStream) wait(ctx context.Context, changed <-chan struct{}, patience time.Duration) (goesOn bool, err error) {
	var again <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		again = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-e.s.cfg.Stopping:
			return false, nil
		case <-changed:
			return true, nil
		case <-again:
			return true, nil
		case <-e.ticks:
			if err := e.keepAlive(); err != nil {
				return false, err
			}
		}
	}
}

// keepAlive gives a sign of life, with how far the stream has come where the client
// does not know: what it does not want may be all that happens, and the place of the
// last event that it got may be forgotten when it comes back.
func (e *eventStream) keepAlive() error {
	text := ":\n\n"
	if e.at != e.told {
		text = "id: " + twilio.EventID(e.at) + "\n\n"
		e.told = e.at
	}
	return e.write([]byte(text))
}

func (e *eventStream) isStopping(ctx context.Context) bool {
	select {
	case <-e.s.cfg.Stopping:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// write sends at once.
func (e *eventStream) write(text []byte) error {
	// In place of the server's own time for a whole answer. A connection that cannot be
	// given one is cut off by whoever has it.
	_ = e.rc.SetWriteDeadline(time.Now().Add(streamWriteTime))
	_, err := e.w.Write(text)
	if err = errors.Join(err, e.rc.Flush()); err != nil {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	return nil
}
