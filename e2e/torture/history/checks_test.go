package history_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/torture/history"
)

// good is a history in which everything is as promised: Ann on SMS and Bea on
// WhatsApp, whose first message was sent twice because its first answer was lost, and
// a conversation that is closed.
func good() *history.History {
	const one, two = "p00-000000", "p01-000000"
	send := func(token, to, id string) history.Send {
		return history.Send{Channel: "sms", Sender: "+15550100001", To: []string{to}, Token: token, Taken: id != "", Provider: id, Raw: "Body=" + token + "&To=" + to[1:]}
	}
	summary := func(n int) map[string]any {
		return map[string]any{"total": float64(n), "sent": "all", "delivered": "all", "read": "none", "failed": "none", "undelivered": "none"}
	}
	return &history.History{
		People: []history.Person{{Name: "p00", Address: "+15550210000"}, {Name: "p01", Address: "whatsapp:+15550310001"}},
		Written: []history.Written{
			{Token: one, Author: "p00", Conversation: "c1", Acknowledged: true},
			{Token: "p00-000001", Author: "p00", Conversation: "c1", Acknowledged: true},
			{Token: two, Author: "p01", Conversation: "c1", Acknowledged: true},
			{Token: "p00-000002", Author: "p00", Conversation: "c1", Acknowledged: true, Refused: true},
		},
		Sends: []history.Send{
			send(one, "whatsapp:+15550310001", "id1"), send(one, "whatsapp:+15550310001", "id2"),
			send("p00-000001", "whatsapp:+15550310001", "id3"), send(two, "+15550210000", "id4"),
		},
		Reports: []history.Report{{Channel: "sms", Provider: "id3", Status: "delivered"}},
		Told: []history.Told{
			{Event: "onMessageAdded", Conversation: "c1", Message: "m0", Taken: true},
			{Event: "onMessageAdded", Conversation: "c1", Message: "m1", Taken: false},
			{Event: "onMessageAdded", Conversation: "c1", Message: "m1", Taken: true},
			{Event: "onMessageAdded", Conversation: "c1", Message: "m2", Taken: true},
			{Event: "onConversationStateUpdated", Conversation: "c2", Taken: true},
		},
		Shown: []history.Shown{
			{Message: "m0", Summary: summary(1), Receipts: []string{"delivered"}},
			{Message: "m1", Summary: summary(1)},
			{Message: "m2", Summary: summary(1)},
		},
		Log: []string{"level=INFO msg=\"bridged is ready\" to=+1555•••0000"},
		Left: history.Store{
			Conversations: []history.Conversation{{ID: "c1", State: "active", Next: 3}, {ID: "c2", State: "closed"}},
			Messages: []history.Message{
				{ID: "m0", Conversation: "c1", Index: 0, Token: one},
				{ID: "m1", Conversation: "c1", Index: 1, Token: "p00-000001"},
				{ID: "m2", Conversation: "c1", Index: 2, Token: two},
			},
			Participants: []history.Participant{
				{ID: "a", Conversation: "c1", Address: "+15550210000", Proxy: "+15550100001", State: "active"},
				{ID: "b", Conversation: "c1", Address: "whatsapp:+15550310001", Proxy: "whatsapp:+15550100009", State: "active"},
				{ID: "z", Conversation: "c2", Address: "+15550210000", Proxy: "+15550100001", State: "closed"},
			},
			Pairs: []history.Pair{{Participant: "a", Conversation: "c1"}, {Participant: "b", Conversation: "c1"}},
			Deliveries: []history.Delivery{
				{Seq: 1, ID: "d0", Message: "m0", Channel: "sms", Address: "whatsapp:+15550310001", Status: "delivered", Progress: 4, Parts: 1},
				{Seq: 2, ID: "d1", Message: "m1", Channel: "sms", Address: "whatsapp:+15550310001", Status: "delivered", Progress: 4, Parts: 1},
				{Seq: 3, ID: "d2", Message: "m2", Channel: "sms", Address: "+15550210000", Status: "delivered", Progress: 4, Parts: 1},
			},
			Attempts: []history.Attempt{
				{Delivery: "d0", Outcome: "unknown"},
				{Delivery: "d0", Outcome: "accepted", Provider: "id2"},
				{Delivery: "d1", Outcome: "accepted", Provider: "id3"},
				{Delivery: "d2", Outcome: "accepted", Provider: "id4"},
			},
			Integrity: "ok",
		},
		Warm: history.Usage{Goroutines: 100, Heap: 4 << 20, RSS: 40 << 20},
		End:  history.Usage{Goroutines: 101, Heap: 5 << 20, RSS: 41 << 20},
	}
}

func broken(h *history.History) (names []string) {
	for _, c := range history.All() {
		if r := c.Run(h); len(r.Violations) > 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

func TestAGoodHistoryPassesAllChecks(t *testing.T) {
	t.Parallel()
	require.Empty(t, broken(good()))
	for _, c := range history.All() {
		assert.NotZero(t, c.Run(good()).Checked, c.Name)
	}
}

// Each wrong history breaks the promise that it is about, and each promise can be
// broken.
func TestEachCheckCanFail(t *testing.T) {
	t.Parallel()
	shown := make(map[string]bool)
	for _, c := range wrongHistories {
		shown[c.breaks] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := good()
			c.spoil(h)
			assert.Contains(t, broken(h), c.breaks)
		})
	}
	for _, c := range history.All() {
		assert.True(t, shown[c.Name], "nothing shows that %q can fail", c.Name)
	}
}

// wrongHistories spoil the good one in one way each.
var wrongHistories = []struct {
	name, breaks string
	spoil        func(h *history.History)
}{
	{"a message is there twice", "none twice in a conversation, or in two", func(h *history.History) {
		h.Left.Messages = append(h.Left.Messages, history.Message{ID: "m9", Conversation: "c2", Token: "p00-000000"})
	}},
	{"an index is missing", "indexes of a conversation without gaps", func(h *history.History) { h.Left.Messages[2].Index = 3 }},
	{"the next index is one that is there", "indexes of a conversation without gaps", func(h *history.History) { h.Left.Conversations[0].Next = 2 }},
	{"a pair is in two live conversations", "no pair in two live conversations", func(h *history.History) { h.Left.Participants[2].State = "active" }},
	{"a pair captures for nobody", "no pair in two live conversations", func(h *history.History) {
		h.Left.Pairs = append(h.Left.Pairs, history.Pair{Participant: "z", Conversation: "c2"})
	}},
	{"a pair does not capture", "no pair in two live conversations", func(h *history.History) { h.Left.Pairs = h.Left.Pairs[:1] }},
	{"a message is lost", "no acknowledged message lost", func(h *history.History) { h.Left.Messages = h.Left.Messages[:2] }},
	{"a message is elsewhere", "no acknowledged message lost", func(h *history.History) { h.Left.Messages[1].Conversation = "c2" }},
	{"a refused message is there", "what a webhook refused is nowhere", func(h *history.History) { h.Left.Messages[2].Token = "p00-000002" }},
	{"a keyword is there", "what a webhook refused is nowhere", func(h *history.History) { h.Written[0].Keyword = true }},
	{"an author's messages are swapped", "order of each writer", func(h *history.History) {
		h.Left.Messages[0].Token, h.Left.Messages[1].Token = h.Left.Messages[1].Token, h.Left.Messages[0].Token
	}},
	{"a person gets two in the wrong order", "order on each line to a person", func(h *history.History) {
		h.Sends[0], h.Sends[2] = h.Sends[2], h.Sends[0]
	}},
	{"a delivery is under way forever", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Progress = 1 }},
	{"a delivery waits for nothing", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Progress = 0 }},
	{"a delivery is to be repeated at no time", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Progress = 2 }},
	{"a delivery was given up silently", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Progress = 5 }},
	{"a delivery is done with nothing known", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Status = "" }},
	{"a delivery goes along with nothing", "each delivery final, or waiting with a reason", func(h *history.History) { h.Left.Deliveries[0].Progress = 6 }},
	{"nobody sent it", "what counts as sent was sent", func(h *history.History) { h.Sends = h.Sends[:3] }},
	{"no carrier took it", "what counts as sent was sent", func(h *history.History) { h.Sends[3].Taken = false }},
	{"it failed for no reason", "what counts as sent was sent", func(h *history.History) { h.Left.Deliveries[2].Status = "failed" }},
	{"it was sent again after its acceptance", "sent again only after an unknown outcome", func(h *history.History) { h.Sends = append(h.Sends, h.Sends[3]) }},
	{"it was sent again after a refusal that was none", "sent again only after an unknown outcome", func(h *history.History) { h.Left.Attempts[0].Outcome = "refused" }},
	{"a status is lost", "no acknowledged status lost", func(h *history.History) { h.Left.Deliveries[1].Status = "sent" }},
	{"a summary is behind", "the summary equals a recount", func(h *history.History) { h.Shown[0].Summary["delivered"] = "none" }},
	{"a summary is missing", "the summary equals a recount", func(h *history.History) { h.Shown[1].Summary = nil }},
	{"a receipt says something else", "the summary equals a recount", func(h *history.History) { h.Shown[0].Receipts = []string{"sent"} }},
	{"a number is on a wire", "no other person's number on a wire", func(h *history.History) { h.Sends[0].Raw += "&From=%2B15550210000" }},
	{"a number is in the log", "no number and no text in the log", func(h *history.History) { h.Log = append(h.Log, "to=+15550210000") }},
	{"a text is in the log", "no number and no text in the log", func(h *history.History) { h.Log = append(h.Log, "body=p00-000001") }},
	{"a panic is in the log", "no number and no text in the log", func(h *history.History) { h.Log = append(h.Log, "panic: runtime error") }},
	{"a message is not told", "each event told, or a dead letter", func(h *history.History) { h.Told = h.Told[1:] }},
	{"the end of a conversation is not told", "each event told, or a dead letter", func(h *history.History) { h.Told = h.Told[:4] }},
	{"messages are told in the wrong order", "events of a conversation told in order", func(h *history.History) { h.Told[0], h.Told[3] = h.Told[3], h.Told[0] }},
	{"the file is broken", "the store is whole, and nothing is left to do", func(h *history.History) { h.Left.Integrity = "row 1 missing" }},
	{"a task is left", "the store is whole, and nothing is left to do", func(h *history.History) { h.Left.Outbox = 1 }},
	{"an inbound message is left", "the store is whole, and nothing is left to do", func(h *history.History) { h.Left.Pending = 1 }},
	{"goroutines are left", "memory and goroutines return", func(h *history.History) { h.End.Goroutines = 200 }},
	{"the heap grows", "memory and goroutines return", func(h *history.History) { h.End.Heap = 200 << 20 }},
	{"the process grows", "memory and goroutines return", func(h *history.History) { h.End.RSS = 300 << 20 }},
	{"nobody looked", "memory and goroutines return", func(h *history.History) { h.Warm, h.End = history.Usage{}, history.Usage{} }},
}

// A dead letter of a webhook stands for one event that nobody was told of, and a group
// message shows its receivers to one another.
func TestWhatIsNoViolation(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *history.History){
		"a dead letter": func(h *history.History) {
			h.Told = h.Told[1:]
			h.Left.DeadLetters = []history.DeadLetter{{Topic: "webhooks", Reason: "too late"}}
		},
		"a group message": func(h *history.History) {
			h.Sends[3].Group, h.Sends[3].To = true, []string{"+15550210000", "+15550310001"}
			h.Sends[3].Raw += "15550310001"
		},
		"a dead delivery": func(h *history.History) {
			h.Left.Deliveries[2].Progress, h.Left.Deliveries[2].Status, h.Left.Deliveries[2].Reason = 5, "failed", "given up"
			h.Left.DeadLetters = []history.DeadLetter{{Delivery: "d2", Reason: "given up"}}
			h.Shown = h.Shown[:2]
		},
		"a line that waits": func(h *history.History) {
			h.Left.Deliveries[0].Progress, h.Left.Deliveries[0].Due = 2, 1
			h.Left.Deliveries[1].Progress = 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := good()
			change(h)
			assert.Empty(t, broken(h))
		})
	}
}
