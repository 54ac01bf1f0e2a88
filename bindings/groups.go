package bindings

import (
	"slices"
	"strings"

	"bridged/conversations"
	"bridged/phone"
)

// GroupKey returns what identifies the group of these addresses, in whichever
// order and spelling they are given, and how many members it has (page 38).
func GroupKey(members ...conversations.Address) (key string, size int) {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = canonical(m)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return strings.Join(names, " "), len(names)
}

// LineKey returns the key of the line that a delivery waits in: that of its pair
// or, of a group message, that of its group.
func LineKey(d conversations.Delivery) string {
	if len(d.Others) == 0 {
		return MatchKey(d.Address, d.Proxy)
	}
	key, _ := GroupKey(append([]conversations.Address{d.Address, d.Proxy}, d.Others...)...)
	return key
}

// CanBeGrouped says whether an address may be a member of a group text: group MMS
// is of SMS, between long codes of +1 (page 37).
func CanBeGrouped(a conversations.Address) bool {
	return a.Type() == conversations.TypeSMS && phone.CarriesGroups(a.Local())
}
