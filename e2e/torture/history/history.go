// Package history is what a run of the fault suite has seen from outside, what the
// daemon has left in its store, and the checks that compare the two.
//
// Every check is a pure function of a History, so that a wrong history shows that
// it can fail.
package history

import (
	"fmt"
	"regexp"
	"strings"
)

// Person is somebody outside chat, whose number nobody else may see.
type Person struct {
	Name    string
	Address string // in E.164, with "whatsapp:" in front for WhatsApp
}

// digits are those of the person's number, as every carrier writes them.
func (p Person) digits() string {
	return strings.TrimLeft(strings.TrimPrefix(p.Address, "whatsapp:"), "+")
}

// Written is a message that somebody wrote. Those of one author are in the order in
// which they were written.
type Written struct {
	Token        string // the word of its text that no other message has
	Author       string // name of a person, or identity of a chat participant
	Conversation string // where it belongs, by its ID; empty: wherever routing brings it
	Acknowledged bool   // the hook or REST answered 2xx
	Refused      bool   // a pre-action webhook refuses it
	Keyword      bool   // a word that opts out or in, which is obeyed and not relayed
}

// Send is a request of the daemon to a carrier.
type Send struct {
	Channel  string
	Sender   string   // our number, as the carrier is told it
	To       []string // whom it is for
	Group    bool     // it is a group message, whose receivers see one another
	Token    string   // of the message; empty where it has none
	Taken    bool     // the carrier has the message, whatever it answered
	Provider string   // the carrier's id of a message that it has
	Raw      string   // the whole request
}

// Report is a status that a hook has answered with 2xx.
type Report struct{ Channel, Provider, Status string }

// Told is a call of the post-action webhook.
type Told struct {
	Event        string
	Conversation string // its ID
	Message      string // its ID; empty for events of conversations
	Taken        bool   // answered with 2xx
}

// Shown is what REST shows of a message.
type Shown struct {
	Message  string
	Summary  map[string]any // the `delivery` object; nil for none
	Receipts []string       // statuses of its receipts; nil where they were not looked at
}

// Usage is what a process takes while it has nothing to do.
type Usage struct {
	Goroutines int
	Heap, RSS  int64 // bytes
}

// History is all of it.
type History struct {
	People  []Person
	Written []Written
	Sends   []Send
	Reports []Report
	Told    []Told
	Shown   []Shown
	Log     []string // lines of all processes
	Left    Store

	Warm, End Usage // of the last process: after its warm-up, and at the end
}

// Result is how a check went.
type Result struct {
	Name       string
	Checked    int // things that were compared
	Violations []string
}

func (r *Result) wrong(format string, args ...any) {
	r.Violations = append(r.Violations, fmt.Sprintf(format, args...))
}

// expect counts one comparison, and keeps what is wrong about it.
func (r *Result) expect(ok bool, format string, args ...any) {
	r.Checked++
	if !ok {
		r.wrong(format, args...)
	}
}

// Check is one promise.
type Check struct {
	Name string
	run  func(h *History, r *Result)
}

// Run compares a history with the promise.
func (c Check) Run(h *History) Result {
	r := Result{Name: c.Name}
	c.run(h, &r)
	return r
}

// structural are the promises of the store alone, which hold at every moment.
var structural = []Check{ //nolint:gochecknoglobals // a table
	{"none twice in a conversation, or in two", onceEach},
	{"indexes of a conversation without gaps", indexes},
	{"no pair in two live conversations", pairs},
}

// atRest are the promises that hold when nothing is left to do.
var atRest = []Check{ //nolint:gochecknoglobals // a table
	{"no acknowledged message lost", nothingLost},
	{"what a webhook refused is nowhere", refused},
	{"order of each writer", orderOfWriters},
	{"order on each line to a person", orderOfSends},
	{"each delivery final, or waiting with a reason", deliveriesEnd},
	{"what counts as sent was sent", sentWasSent},
	{"sent again only after an unknown outcome", repeats},
	{"no acknowledged status lost", statuses},
	{"the summary equals a recount", summaries},
	{"no other person's number on a wire", wires},
	{"no number and no text in the log", logs},
	{"each event told, or a dead letter", events},
	{"events of a conversation told in order", eventsInOrder},
	{"the store is whole, and nothing is left to do", leftovers},
	{"memory and goroutines return", usage},
}

// Structural are the checks that hold at every moment, of a store alone.
func Structural() []Check { return append([]Check(nil), structural...) }

// All are all checks, for the end.
func All() []Check { return append(Structural(), atRest...) }

var token = regexp.MustCompile(`\b[a-z]+[0-9]+-[0-9]{6}\b`)

// Token finds a message's token in a text; empty if there is none.
func Token(text string) string { return token.FindString(text) }
