package simulator

import (
	"container/list"
	"slices"
	"strings"

	"bridged/conversations"
)

// handsets is all telephones that were heard of, within bounds: when there is no
// room the one that was idle longest is forgotten. The caller holds Carrier.mu.
type handsets struct {
	limits Limits
	byName map[conversations.Address]*handset
	byUse  *list.List // of *handset, the latest used first
	bytes  int        // of all threads

	changes uint64 // of all threads
}

func newHandsets(l Limits) *handsets {
	return &handsets{limits: l, byName: make(map[conversations.Address]*handset), byUse: list.New()}
}

// find returns the handset, or nil when it was never heard of.
func (s *handsets) find(a conversations.Address) *handset {
	h := s.byName[a]
	if h != nil {
		s.byUse.MoveToFront(h.idle)
	}
	return h
}

// get returns the handset and makes it when it was never heard of.
func (s *handsets) get(a conversations.Address) *handset {
	if h := s.find(a); h != nil {
		return h
	}
	for len(s.byName) >= s.limits.Handsets {
		s.forgetIdlest()
	}
	h := &handset{address: a, behaviour: Behaviour{Status: defaultStatus(a.Type(), 0)}}
	h.idle = s.byUse.PushFront(h)
	s.byName[a] = h
	return h
}

// append enters m in the thread of h, which the caller has just got.
func (s *handsets) append(h *handset, m Message) {
	h.insert(m)
	s.changes++
	h.changed = s.changes
	s.bytes += m.size()
	for len(h.thread) > s.limits.Thread {
		s.bytes -= h.dropOldest()
	}
	for s.bytes > s.limits.Bytes && len(s.byName) > 1 {
		s.forgetIdlest()
	}
	for s.bytes > s.limits.Bytes && len(h.thread) > 1 {
		s.bytes -= h.dropOldest()
	}
}

func (s *handsets) forgetIdlest() {
	h := s.byUse.Remove(s.byUse.Back()).(*handset)
	delete(s.byName, h.address)
	s.bytes -= h.bytes
}

// Handset is a telephone as Carrier.Handsets lists it.
type Handset struct {
	Address   conversations.Address
	Behaviour Behaviour
	Messages  int    // how many its thread has
	Changed   uint64 // another one whenever a message has come to the thread; 0 for an empty one
}

func (h *handset) listed() Handset {
	return Handset{Address: h.address, Behaviour: h.behaviour, Messages: len(h.thread), Changed: h.changed}
}

// Handset returns a handset as it is listed: of one that was never heard of, the
// default behaviour and an empty thread.
func (c *Carrier) Handset(a conversations.Address) Handset {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.handsets.find(a); h != nil {
		return h.listed()
	}
	return Handset{Address: a, Behaviour: Behaviour{Status: defaultStatus(a.Type(), 0)}}
}

// Handsets lists the handsets that were heard of, by address.
func (c *Carrier) Handsets() []Handset {
	c.mu.Lock()
	known := make([]Handset, 0, len(c.handsets.byName))
	for _, h := range c.handsets.byName {
		known = append(known, h.listed())
	}
	c.mu.Unlock()
	slices.SortFunc(known, func(a, b Handset) int { return strings.Compare(string(a.Address), string(b.Address)) })
	return known
}

// Messages returns the thread of a handset, oldest first. That of one that was
// never heard of is empty.
func (c *Carrier) Messages(a conversations.Address) []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.handsets.find(a); h != nil {
		return slices.Clone(h.thread)
	}
	return nil
}

// Forget forgets the handsets of a person, and takes the messages that the person sent
// or was sent from the threads of others.
func (c *Carrier) Forget(person conversations.Spellings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a, h := range c.handsets.byName {
		if person.Are(a) {
			c.handsets.byUse.Remove(h.idle)
			delete(c.handsets.byName, a)
			c.handsets.bytes -= h.bytes
			continue
		}
		c.handsets.bytes -= h.remove(func(m Message) bool { return person.Are(m.From) || slices.ContainsFunc(m.To, person.Are) })
	}
}
