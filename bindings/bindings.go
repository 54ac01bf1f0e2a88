// Package bindings decides which pairs of addresses are the same pair.
//
// A messaging binding is the pair of a person's address and a proxy address of
// ours. Two spellings of one number must find the same participant, so pairs
// are compared by a match key: computed when an inbound message is accepted and
// when a participant is added, and held in a unique index by the store. The
// addresses themselves are never changed (contract, routing 1).
//
// A person may have other names than a telephone number. Those that a carrier has
// told are aliases: the number is their root, and stands for them in match keys.
// Which aliases there are is in the store; package bridge asks it. Without a
// store, MatchKey is the key by the address's own name. By that key the
// deliveries to an address are kept in order.
package bindings

import (
	"slices"
	"strings"

	"bridged/conversations"
	"bridged/phone"
)

// between stands between the two ends of a match key. No proxy address has it.
const between = ">"

// MatchKey returns what identifies the pair of a person's address and a proxy
// address, aliases aside.
func MatchKey(address, proxy conversations.Address) string {
	return canonical(address) + between + canonical(proxy)
}

// Rename returns the match key of the pair that another name makes with the same
// proxy address.
func Rename(matchKey string, name conversations.Address) string {
	return canonical(name) + matchKey[max(0, strings.LastIndex(matchKey, between)):]
}

// Name returns the one spelling of an address by which aliases are known.
func Name(a conversations.Address) conversations.Address {
	return conversations.Address(strings.TrimPrefix(canonical(a), string(conversations.TypeSMS)+":"))
}

// NameIn returns the name of the person in a match key.
func NameIn(matchKey string) conversations.Address {
	return Name(conversations.Address(matchKey[:max(0, strings.LastIndex(matchKey, between))]))
}

// ProxyIn returns the proxy address in a match key.
func ProxyIn(matchKey string) conversations.Address {
	return Name(conversations.Address(matchKey[strings.LastIndex(matchKey, between)+1:]))
}

// IsRoot says whether an address is a telephone number, which is no alias of
// anything: its match key needs no look-up.
func IsRoot(a conversations.Address) bool { return phone.Valid(strings.TrimSpace(a.Local())) }

// Learn takes the names that a carrier gave one person, and returns the number
// among them and the names that are its aliases, sorted. Without a number there
// is nothing to learn, and of two numbers nobody can say which it is; then root is
// empty. Names of another type than the first one are another channel's.
func Learn(names ...conversations.Address) (root conversations.Address, aliases []conversations.Address) {
	for _, a := range names {
		name := Name(a)
		switch {
		case a.Type() != names[0].Type() || strings.TrimSpace(a.Local()) == "":
		case !IsRoot(a):
			aliases = append(aliases, name)
		case root == "" || root == name:
			root = name
		default:
			return "", nil
		}
	}
	if root == "" {
		return "", nil
	}
	slices.Sort(aliases)
	return root, slices.Compact(aliases)
}

// canonical writes an address as type and canonical local part. What is no
// number, such as a business-scoped id, is compared as it is.
func canonical(a conversations.Address) string {
	return string(a.Type()) + ":" + phone.Canonical(strings.TrimSpace(a.Local()))
}
