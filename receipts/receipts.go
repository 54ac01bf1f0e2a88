// Package receipts is the state machine of one delivery and the summary of many.
//
// Carriers report statuses repeatedly, late and out of order. One table decides
// each pair of what is known and what is reported: whatever the order in which
// reports arrive, the end is the same. Page 36 and contract 12 say what the summary
// counts.
package receipts

import "bridged/conversations"

// Part is what is known of one of the carrier's messages that make up a delivery.
type Part struct {
	Status    conversations.Status
	ErrorCode int
}

// Whole returns the status of a delivery from those of its parts: it failed
// when one did, else it has come as far as the part that has come least far. Of
// several failures the most telling counts, and of equal ones that of the first part.
func Whole(parts []Part) Part {
	var least, failure Part
	for i, p := range parts {
		if Failed(p.Status) && Advances(failure.Status, p.Status) {
			failure = p
		}
		if i == 0 || Advances(p.Status, least.Status) {
			least = p
		}
	}
	if Failed(failure.Status) {
		return failure
	}
	return least
}

// Failed says whether s is one of the two statuses of failure.
func Failed(s conversations.Status) bool {
	return s == conversations.StatusFailed || s == conversations.StatusUndelivered
}

// Amount is how many of a message's deliveries have come to a status.
type Amount string

// The amounts of a summary (page 36).
const (
	None Amount = "none"
	Some Amount = "some"
	All  Amount = "all"
)

// Counts is how many deliveries of one message stand at each status exactly.
type Counts struct {
	Total    int // native recipients
	Receipts int // those of which anything is known, or which were tried
	ByStatus map[conversations.Status]int
}

// Summary is the `delivery` object of a message (page 36).
type Summary struct {
	Total                                      int
	Sent, Delivered, Read, Failed, Undelivered Amount
}

// Summarize makes a message's summary. It is nil while no receipt exists, and
// so for a message that went to chat participants only (contract, 12).
func Summarize(c Counts) *Summary {
	if c.Total == 0 || c.Receipts == 0 {
		return nil
	}
	of := func(n int) Amount {
		switch n {
		case 0:
			return None
		case c.Total:
			return All
		}
		return Some
	}
	// Read implies delivered; delivered and undelivered imply sent; failed does not.
	read := c.ByStatus[conversations.StatusRead]
	delivered := c.ByStatus[conversations.StatusDelivered] + read
	undelivered := c.ByStatus[conversations.StatusUndelivered]
	sent := c.ByStatus[conversations.StatusSent] + delivered + undelivered
	return &Summary{
		Total:       c.Total,
		Sent:        of(sent),
		Delivered:   of(delivered),
		Read:        of(read),
		Failed:      of(c.ByStatus[conversations.StatusFailed]),
		Undelivered: of(undelivered),
	}
}
