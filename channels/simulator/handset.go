package simulator

import (
	"container/list"
	"slices"
	"time"

	"bridged/conversations"
)

// Direction says whether a handset sent or received a message.
type Direction string

// The directions, as seen from the handset.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Message is an entry of a handset's thread.
type Message struct {
	ID        string
	Direction Direction
	From      conversations.Address
	To        []conversations.Address
	Body      string
	Media     []string // URLs, or paths of files that the carrier keeps
	At        time.Time
	// Choices are the buttons or the list beside the text, on WhatsApp. List is what
	// the button says that opens the list; empty for buttons.
	Choices []conversations.Choice
	List    string
	ReplyTo string // the id of the message that it answers; empty for none

	order uint64 // by which threads are sorted: clocks have ties
}

// overhead is about what a message takes in memory besides its texts.
const overhead = 256

func (m Message) size() int {
	n := overhead + len(m.Body)
	for _, u := range m.Media {
		n += len(u)
	}
	for _, c := range m.Choices {
		n += overhead + len(c.ID) + len(c.Title) + len(c.Description)
	}
	return n
}

// handset is a simulated telephone.
type handset struct {
	address   conversations.Address
	behaviour Behaviour
	thread    []Message // oldest first
	changed   uint64    // rises with each message
	bytes     int
	idle      *list.Element // its place in handsets.byUse
}

// insert puts m at its place in the order of the thread. Nearly always that is
// the end; a message that was sent is entered only once it was accepted.
func (h *handset) insert(m Message) {
	i := len(h.thread)
	for i > 0 && h.thread[i-1].order > m.order {
		i--
	}
	h.thread = append(h.thread, Message{})
	copy(h.thread[i+1:], h.thread[i:])
	h.thread[i] = m
	h.bytes += m.size()
}

// dropOldest removes the oldest message and returns how many bytes that freed.
func (h *handset) dropOldest() int {
	freed := h.thread[0].size()
	h.thread[0] = Message{} // the array behind the slice lives on until it grows
	h.thread = h.thread[1:]
	h.bytes -= freed
	return freed
}

// remove removes messages, and returns how many bytes that freed.
func (h *handset) remove(which func(Message) bool) (freed int) {
	for _, m := range h.thread {
		if which(m) {
			freed += m.size()
		}
	}
	h.thread = slices.DeleteFunc(h.thread, which)
	h.bytes -= freed
	return freed
}

// sent says whether the thread holds a message that was sent under the id.
func (h *handset) sent(id string) bool {
	for i := len(h.thread) - 1; i >= 0; i-- {
		if h.thread[i].ID == id && h.thread[i].Direction == Sent {
			return true
		}
	}
	return false
}
