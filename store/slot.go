package store

import "sync"

// slot is the place of one message among those of its subscription that are in
// flight.
type slot struct {
	*subscription

	mu     sync.Mutex
	isHeld bool
	ended  bool // the message is not in flight any more, whatever its handler does
}

// stepAside leaves the place to another message for as long as wait takes. Where too
// many have done so already it is kept.
func (s *slot) stepAside(wait func()) {
	select {
	case s.aside <- struct{}{}:
		defer func() { <-s.aside }()
	default:
		wait()
		return
	}
	if !s.leave() {
		wait()
		return
	}
	defer s.take()
	wait()
}

// leave gives the place up, if it is held.
func (s *slot) leave() (left bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left = s.isHeld; left {
		<-s.slots
		s.isHeld = false
	}
	return left
}

// take waits for a place again, which those who have one give up in the end.
func (s *slot) take() {
	s.slots <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		<-s.slots
		return
	}
	s.isHeld = true
}

// end gives the place up for good.
func (s *slot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.isHeld {
		<-s.slots
		s.isHeld = false
	}
}
