package store

import "sync"

// slot is the place of one message among those of its subscription that are in
// flight.
type slot struct {
	*subscription

	mu     sync.Mutex
	places chan struct{} // in which it has a place: those in flight, or those aside
	ended  bool          // it is in flight no more, whatever its handler does
}

// stepAside leaves the place to another message, for good: who comes back may find
// all places taken. Where too many have stepped aside the place is kept.
func (s *slot) stepAside() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.places == s.aside {
		return
	}
	select {
	case s.aside <- struct{}{}:
		<-s.places
		s.places = s.aside
	default:
	}
}

// end gives the place up.
func (s *slot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	<-s.places
}
