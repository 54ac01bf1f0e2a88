package history

import (
	"fmt"
	"maps"
	"strings"
)

// statuses: a delivery of one part whose carrier has reported it as delivered is that.
func statuses(h *History, r *Result) {
	type id struct{ channel, provider string }
	reported := make(map[id]bool)
	for _, s := range h.Reports {
		if s.Status == "delivered" {
			reported[id{s.Channel, s.Provider}] = true
		}
	}
	arrived := make(map[string]bool)
	of := groupBy(h.Left.Attempts, func(a Attempt) string { return a.Delivery })
	for _, d := range h.Left.Deliveries {
		for _, a := range of[d.ID] {
			arrived[d.ID] = arrived[d.ID] || a.Provider != "" && reported[id{d.Channel, a.Provider}]
		}
		if d.Parts == 1 && d.Lead == "" && arrived[d.ID] {
			r.expect(d.Status == "delivered" || d.Status == "read", "delivery %s was reported as delivered, and is %q", d.ID, d.Status)
		}
	}
}

// summaries: what REST shows of a message is what its deliveries come to, and each of
// them is a receipt.
func summaries(h *History, r *Result) {
	of := groupBy(h.Left.Deliveries, func(d Delivery) string { return d.Message })
	for _, shown := range h.Shown {
		want := recount(of[shown.Message])
		r.expect(maps.Equal(shown.Summary, want), "message %s shows %v, and its deliveries come to %v", shown.Message, shown.Summary, want)
		if shown.Receipts == nil {
			continue
		}
		counted := make(map[string]int)
		for _, d := range of[shown.Message] {
			counted[d.Status]++
		}
		for _, status := range shown.Receipts {
			counted[status]--
		}
		for status, n := range counted {
			r.expect(n == 0, "message %s: %d deliveries more than receipts are %q", shown.Message, n, status)
		}
	}
}

// recount is the `delivery` object of deliveries, as page 36 has it; nil for none.
func recount(list []Delivery) map[string]any {
	if len(list) == 0 {
		return nil
	}
	implied := map[string][]string{
		"sent": {"sent"}, "delivered": {"sent", "delivered"}, "read": {"sent", "delivered", "read"},
		"undelivered": {"sent", "undelivered"}, "failed": {"failed"},
	}
	counts := map[string]int{"sent": 0, "delivered": 0, "read": 0, "failed": 0, "undelivered": 0}
	for _, d := range list {
		for _, amount := range implied[d.Status] {
			counts[amount]++
		}
	}
	summary := map[string]any{"total": float64(len(list))}
	for amount, n := range counts {
		switch n {
		case 0:
			summary[amount] = "none"
		case len(list):
			summary[amount] = "all"
		default:
			summary[amount] = "some"
		}
	}
	return summary
}

// wires: a request to a carrier holds nobody's number but the receiver's; a group
// message those of the group.
func wires(h *History, r *Result) {
	for _, s := range h.Sends {
		found := ""
		for _, p := range h.People {
			if !strings.Contains(s.Raw, p.digits()) || isFor(s, p) {
				continue
			}
			found = p.Name
		}
		r.expect(found == "", "the request for %s on %s shows the number of %s", s.Token, s.Channel, found)
	}
}

func isFor(s Send, p Person) bool {
	for _, to := range s.To {
		if strings.HasSuffix(to, p.digits()) {
			return true
		}
	}
	return false
}

// logs: the log holds nobody's number, and no text.
func logs(h *History, r *Result) {
	for _, line := range h.Log {
		found := Token(line)
		for _, p := range h.People {
			if strings.Contains(line, p.digits()) {
				found = "the number of " + p.Name
			}
		}
		r.expect(found == "", "the log shows %s: %s", found, line)
		r.expect(!strings.Contains(line, "panic") && !strings.HasPrefix(line, "goroutine "), "the log tells of a panic: %s", line)
	}
}

// events: the webhook has heard of each message, and of the end of each conversation
// that was closed.
func events(h *History, r *Result) {
	heard := make(map[string]bool)
	for _, t := range h.Told {
		if t.Taken {
			heard[t.Event+t.Conversation+t.Message] = true
		}
	}
	letters := 0
	for _, l := range h.Left.DeadLetters {
		if l.Topic == "webhooks" {
			letters++
		}
	}
	var missing []string
	expect := func(key, what, id string) {
		r.Checked++
		if !heard[key] {
			missing = append(missing, what+" "+id)
		}
	}
	for _, m := range h.Left.Messages {
		expect("onMessageAdded"+m.Conversation+m.ID, "message", m.ID+" "+m.Token)
	}
	for _, c := range h.Left.Conversations {
		if c.State == "closed" {
			expect("onConversationStateUpdated"+c.ID, "the end of conversation", c.ID)
		}
	}
	if len(missing) > letters { // which of them a dead letter is about the store keeps to itself
		for _, what := range missing {
			r.wrong("nobody was told of %s, with %d dead letters of webhooks", what, letters)
		}
	}
}

// eventsInOrder: of the messages of a conversation the webhook hears in their order, as
// far as it has taken what it was told.
func eventsInOrder(h *History, r *Result) {
	index := make(map[string]int64)
	for _, m := range h.Left.Messages {
		index[m.ID] = m.Index
	}
	seen := make(map[string]bool)
	last := make(map[string]Told)
	for _, t := range h.Told {
		if t.Event != "onMessageAdded" || !t.Taken || seen[t.Message] {
			continue
		}
		seen[t.Message] = true
		before, second := last[t.Conversation]
		r.expect(!second || index[before.Message] < index[t.Message], "message %s was told behind %s of the same conversation, which is newer", t.Message, before.Message)
		last[t.Conversation] = t
	}
}

// leftovers: the engine finds its files whole, and there is no task any more.
func leftovers(h *History, r *Result) {
	r.expect(h.Left.Integrity == "ok", "integrity_check: %s", h.Left.Integrity)
	r.expect(h.Left.Outbox == 0, "%d tasks are left in the outbox", h.Left.Outbox)
	r.expect(h.Left.Pending == 0, "%d inbound messages were not routed", h.Left.Pending)
}

// What a process may take at the end beside what it took after its warm-up: the
// runtime collects garbage when it likes.
const (
	moreGoroutines = 12
	moreHeap       = 48 << 20
	moreRSS        = 96 << 20
)

// usage: the last process takes no more in the end than it did in the beginning.
func usage(h *History, r *Result) {
	known := h.Warm.Goroutines > 0 && h.End.Goroutines > 0
	r.expect(known, "nobody has looked at what the process takes")
	r.expect(h.End.Goroutines <= h.Warm.Goroutines+moreGoroutines, "%d goroutines, and %d at first", h.End.Goroutines, h.Warm.Goroutines)
	r.expect(h.End.Heap <= 2*h.Warm.Heap+moreHeap, "a heap of %s, and %s at first", megabytes(h.End.Heap), megabytes(h.Warm.Heap))
	r.expect(h.End.RSS <= h.Warm.RSS+moreRSS, "%s resident, and %s at first", megabytes(h.End.RSS), megabytes(h.Warm.RSS))
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n>>20) }
