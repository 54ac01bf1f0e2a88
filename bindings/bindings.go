// Package bindings decides which pairs of addresses are the same pair.
//
// A messaging binding is the pair of a person's address and a proxy address of
// ours. Two spellings of one number must find the same participant, so pairs
// are compared by a match key: computed when an inbound message is accepted and
// when a participant is added, held in a unique index by the store, and used as
// the key by which messages of one pair are kept in order. The addresses
// themselves are never changed (contract, routing 1).
package bindings

import (
	"strings"

	"bridged/conversations"
	"bridged/phone"
)

// MatchKey returns what identifies the pair of a person's address and a proxy
// address.
func MatchKey(address, proxy conversations.Address) string {
	return canonical(address) + ">" + canonical(proxy)
}

// canonical writes an address as type and canonical local part. What is no
// number, such as a business-scoped id, is compared as it is.
func canonical(a conversations.Address) string {
	return string(a.Type()) + ":" + phone.Canonical(strings.TrimSpace(a.Local()))
}
