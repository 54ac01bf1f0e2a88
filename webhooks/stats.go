package webhooks

import (
	"slices"
	"sync"

	"bridged/conversations"
)

// mostStats is of how many listeners it is kept how their calls went.
const mostStats = 1000

// stats are how the calls of listeners went since the process has started: of those
// that were called lately, where there are many.
type stats struct {
	mu   sync.Mutex
	kept map[conversations.WebhookListener]*record
}

// record is how the calls of one listener went.
type record struct {
	target            target
	last              conversations.WebhookCall
	succeeded, failed int64
}

func newStats() *stats { return &stats{kept: make(map[conversations.WebhookListener]*record)} }

// called records a call.
func (s *stats) called(l conversations.WebhookListener, t target, c conversations.WebhookCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.kept[l]
	if r == nil {
		s.makeRoom()
		r = new(record)
		s.kept[l] = r
	}
	r.target, r.last = t, c
	if c.Error == "" {
		r.succeeded++
	} else {
		r.failed++
	}
}

// makeRoom forgets those that were not called for the longest time, a tenth of them
// at once. The caller holds s.mu.
func (s *stats) makeRoom() {
	if len(s.kept) < mostStats {
		return
	}
	oldest := make([]conversations.WebhookListener, 0, len(s.kept))
	for l := range s.kept {
		oldest = append(oldest, l)
	}
	slices.SortFunc(oldest, func(a, b conversations.WebhookListener) int {
		return s.kept[a].last.At.Compare(s.kept[b].last.At)
	})
	for _, l := range oldest[:mostStats/10] {
		delete(s.kept, l)
	}
}

// of returns the record of a listener; the zero one where there is none.
func (s *stats) of(l conversations.WebhookListener) (r record, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[l]; kept != nil {
		return *kept, true
	}
	return record{}, false
}

// listeners are those that have a record.
func (s *stats) listeners() []conversations.WebhookListener {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]conversations.WebhookListener, 0, len(s.kept))
	for l := range s.kept {
		list = append(list, l)
	}
	return list
}
