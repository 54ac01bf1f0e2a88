package main

import (
	"fmt"

	"bridged/conversations"
)

// The two proxy addresses of the benchmark.
const (
	smsProxy      conversations.Address = "+15550100001"
	whatsappProxy conversations.Address = "whatsapp:+15550100009"
)

// pair is one participant: somebody's address and the proxy that they write to.
type pair struct{ person, proxy conversations.Address }

// makePairs returns the participants of n conversations, the two of each beside
// each other: one on SMS, one on WhatsApp.
func makePairs(n int) []pair {
	pairs := make([]pair, 0, 2*n)
	for i := range n {
		pairs = append(pairs,
			pair{conversations.Address(fmt.Sprintf("+1557%07d", i)), smsProxy},
			pair{conversations.Address(fmt.Sprintf("whatsapp:+1558%07d", i)), whatsappProxy})
	}
	return pairs
}

// body is the text of the n-th message: about as long as people write.
func body(n int64) string {
	return fmt.Sprintf("%08d On my way, I should be at your door in about ten minutes. Is the gate open?", n)
}
