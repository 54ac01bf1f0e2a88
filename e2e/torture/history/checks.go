package history

import "cmp"

// The numbers that the store has for where a delivery stands (docs/architecture.md).
const (
	waiting = 0
	retry   = 2
	unknown = 3
	done    = 4
	dead    = 5
	along   = 6
)

// onceEach: a token is one message's, wherever it is.
func onceEach(h *History, r *Result) {
	for token, list := range groupBy(h.Left.Messages, func(m Message) string { return m.Token }) {
		if token != "" {
			r.expect(len(list) == 1, "%s is there %d times, first in conversation %s at %d", token, len(list), list[0].Conversation, list[0].Index)
		}
	}
}

// indexes: the messages of a conversation have the numbers from 0 on, and the next one
// is known.
func indexes(h *History, r *Result) {
	of := groupBy(h.Left.Messages, func(m Message) string { return m.Conversation })
	for _, c := range h.Left.Conversations {
		for want, m := range of[c.ID] {
			if r.expect(m.Index == int64(want), "conversation %s has index %d where %d is due", c.ID, m.Index, want); m.Index != int64(want) {
				break
			}
		}
		r.expect(c.Next == int64(len(of[c.ID])), "conversation %s has %d messages, and its next index is %d", c.ID, len(of[c.ID]), c.Next)
	}
}

// pairs: no two participants of live conversations have the same addresses, and the
// pairs that capture messages are theirs.
func pairs(h *History, r *Result) {
	live := make(map[Pair]bool)
	of := make(map[[2]string]string) // addresses, conversation
	for _, p := range h.Left.Participants {
		if p.State == "closed" {
			continue
		}
		live[Pair{p.ID, p.Conversation}] = true
		key := [2]string{p.Address, p.Proxy}
		other, twice := of[key]
		r.expect(!twice, "a pair of addresses is in the live conversations %s and %s", other, p.Conversation)
		of[key] = p.Conversation
	}
	kept := make(map[Pair]bool)
	for _, p := range h.Left.Pairs {
		kept[p] = true
		r.expect(live[p], "conversation %s captures messages for participant %s, who is in no live conversation", p.Conversation, p.Participant)
	}
	for p := range live {
		r.expect(kept[p], "conversation %s does not capture the messages of participant %s", p.Conversation, p.Participant)
	}
}

func (h *History) byToken() map[string]Message {
	return keyBy(h.Left.Messages, func(m Message) string { return m.Token })
}

// nothingLost: what was acknowledged is in its conversation.
func nothingLost(h *History, r *Result) {
	there := h.byToken()
	for _, w := range h.Written {
		if !w.Acknowledged || w.Refused || w.Keyword {
			continue
		}
		m, ok := there[w.Token]
		r.expect(ok, "%s of %s was acknowledged and is nowhere", w.Token, w.Author)
		if ok && w.Conversation != "" {
			r.expect(m.Conversation == w.Conversation, "%s is in conversation %s, not in %s", w.Token, m.Conversation, w.Conversation)
		}
	}
}

// refused: what a pre-action webhook has refused, and a keyword, are in no conversation.
func refused(h *History, r *Result) {
	there := h.byToken()
	for _, w := range h.Written {
		if w.Refused || w.Keyword {
			m, ok := there[w.Token]
			r.expect(!ok, "%s should be in no conversation, and is in %s", w.Token, m.Conversation)
		}
	}
}

// orderOfWriters: in each conversation, the messages of one author are in the order in
// which the author wrote them.
func orderOfWriters(h *History, r *Result) {
	written := make(map[string]int, len(h.Written))
	author := make(map[string]string, len(h.Written))
	for n, w := range h.Written {
		written[w.Token], author[w.Token] = n, w.Author
	}
	type line struct{ conversation, author string }
	last := make(map[line]Message)
	for _, m := range h.Left.Messages {
		who, known := author[m.Token]
		if !known {
			continue
		}
		l := line{m.Conversation, who}
		before, second := last[l]
		r.expect(!second || written[before.Token] < written[m.Token], "%s stands behind %s, which was written later", m.Token, before.Token)
		last[l] = m
	}
}

// receiver is a message and whom it is for.
type receiver struct{ message, address string }

// sendsTo finds what was sent of each delivery.
func (h *History) sendsTo() map[receiver][]Send {
	there := h.byToken()
	sends := make(map[receiver][]Send)
	for _, s := range h.Sends {
		for _, to := range s.To {
			if s.Token == "" {
				continue // a keyword that stood for itself, or a file
			}
			key := receiver{there[s.Token].ID, to}
			sends[key] = append(sends[key], s)
		}
	}
	return sends
}

// orderOfSends: to one person from one number, or to one group, messages are handed
// over for the first time in the order of their deliveries.
func orderOfSends(h *History, r *Result) {
	there := h.byToken()
	number := make(map[receiver]int64)
	for _, d := range h.Left.Deliveries {
		number[receiver{d.Message, d.Address}] = d.Seq
	}
	type line struct {
		channel, sender, to string
		group               bool
	}
	type first struct {
		line
		token string
	}
	seen := make(map[first]bool)
	last := make(map[line]Send)
	numberOf := func(s Send) int64 { return number[receiver{there[s.Token].ID, s.To[0]}] }
	for _, s := range h.Sends {
		l := line{s.Channel, s.Sender, s.To[0], s.Group}
		if s.Token == "" || seen[first{l, s.Token}] {
			continue
		}
		seen[first{l, s.Token}] = true
		before, second := last[l]
		r.expect(!second || numberOf(before) < numberOf(s), "%s went out behind %s on the same line, and was made before it", s.Token, before.Token)
		last[l] = s
	}
}

// deliveriesEnd: a delivery is answered, or given up and listed, or it waits until a
// time, or for one before it that does.
func deliveriesEnd(h *History, r *Result) {
	listed := keyBy(h.Left.DeadLetters, func(l DeadLetter) string { return l.Delivery })
	type line struct{ address, proxy string }
	heads := make(map[line]bool) // that wait until a time
	leads := keyBy(h.Left.Deliveries, func(d Delivery) string { return d.ID })
	for _, d := range h.Left.Deliveries {
		l := line{d.Address, d.Proxy}
		ok, how := false, "stands at a progress that nothing ends"
		switch d.Progress {
		case done:
			ok, how = d.Status != "", "is done without a status"
		case dead:
			ok, how = listed[d.ID].Reason != "", "was given up, and is no dead letter"
		case retry, unknown:
			ok, how = d.Due > 0, "waits without a time"
			heads[l] = heads[l] || ok
		case waiting:
			ok, how = heads[l], "waits for nothing"
		case along:
			lead, found := leads[d.Lead]
			ok, how = found && lead.Progress != along, "goes along with a delivery that is not there"
		}
		r.expect(ok, "delivery %s (progress %d, status %q) %s", d.ID, d.Progress, d.Status, how)
	}
}

// sentWasSent: what counts as sent is at its carrier, and a failure has its reason.
func sentWasSent(h *History, r *Result) {
	sends := h.sendsTo()
	tokens := keyBy(h.Left.Messages, func(m Message) string { return m.ID })
	for _, d := range h.Left.Deliveries {
		token := tokens[d.Message].Token
		switch d.Status {
		case "sent", "delivered", "read", "undelivered":
			taken := false
			for _, s := range sends[receiver{d.Message, d.Address}] {
				taken = taken || s.Taken
			}
			r.expect(taken || token == "", "%s counts as %s by delivery %s, and no carrier has it", token, d.Status, d.ID)
		case "failed":
			r.expect(d.Code != 0 || d.Reason != "", "delivery %s of %s failed without a reason", d.ID, token)
		}
	}
}

// repeats: each request has its attempt, and each message that a carrier took its
// attempt that was accepted, or whose outcome nobody knew.
func repeats(h *History, r *Result) {
	type count struct{ all, maybe int }
	attempts := make(map[string]count)
	for _, a := range h.Left.Attempts {
		c := attempts[a.Delivery]
		c.all++
		if a.Outcome != "refused" {
			c.maybe++
		}
		attempts[a.Delivery] = c
	}
	sends := h.sendsTo()
	for _, d := range h.Left.Deliveries {
		list := sends[receiver{d.Message, d.Address}]
		taken := 0
		for _, s := range list {
			if s.Taken {
				taken++
			}
		}
		known := attempts[cmp.Or(d.Lead, d.ID)]
		r.expect(len(list) <= known.all, "delivery %s was handed over %d times, with %d attempts", d.ID, len(list), known.all)
		r.expect(taken <= known.maybe, "the carrier has delivery %s %d times, with %d attempts that may have reached it", d.ID, taken, known.maybe)
	}
}
