// Package waid knows how people on WhatsApp are named in addresses:
// "whatsapp:" and a telephone number in E.164 or, since 2026, a business-scoped
// user id such as US.13491208655302741918, which stands for a person who keeps
// the number from businesses (carriers.md §1).
package waid

import (
	"errors"
	"slices"
	"strings"

	"bridged/conversations"
	"bridged/phone"
)

// Type is the type of addresses on WhatsApp.
const Type conversations.ChannelType = "whatsapp"

const prefix = string(Type) + ":"

// Parse returns the address in the form in which it is kept: the type in small
// letters, the rest as it was written, without spaces around it.
func Parse(s string) (conversations.Address, error) {
	scheme, local, ok := strings.Cut(strings.TrimSpace(s), ":")
	if !ok || !strings.EqualFold(scheme, string(Type)) {
		return "", errors.New("what names a person on WhatsApp starts with whatsapp: and a number")
	}
	if !phone.Valid(local) && !scoped(local) {
		return "", errors.New("behind whatsapp: stands + and 7 to 15 digits, or a business-scoped user id")
	}
	return conversations.Address(prefix + local), nil
}

// FromID returns the address of what WhatsApp calls a person: a number's digits
// without a plus sign, or a business-scoped user id. It refuses nothing, for a
// message has arrived from there.
func FromID(id string) conversations.Address {
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		return ""
	case digits(id):
		return conversations.Address(prefix + "+" + id)
	}
	return conversations.Address(prefix + id)
}

// Names splits what WhatsApp calls one person, empty ids left out, into the address
// that a message counts as coming from and the other names. A number goes first:
// it can be written to from every business. Who has none goes by the first id.
func Names(ids ...string) (address conversations.Address, others []conversations.Address) {
	var names []conversations.Address
	for _, id := range ids {
		if name := FromID(id); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	first := max(0, slices.IndexFunc(names, func(a conversations.Address) bool { return phone.Valid(a.Local()) }))
	address = names[first]
	if others = slices.Delete(names, first, first+1); len(others) == 0 {
		return address, nil
	}
	return address, others
}

// ToID is the reverse of FromID.
func ToID(a conversations.Address) string {
	return strings.TrimPrefix(a.Local(), "+")
}

// scoped says whether s has the form of a business-scoped user id: a country's
// two letters, a dot and up to 128 letters and digits, or ENT and a dot between
// them for the ids that a group of businesses shares.
func scoped(s string) bool {
	const country, longest = 2, 128
	if len(s) < country+2 || s[country] != '.' || !alphanumeric(s[:country]) || digit(s[0]) || digit(s[1]) {
		return false
	}
	id := strings.TrimPrefix(s[country+1:], "ENT.")
	return id != "" && len(id) <= longest && alphanumeric(id)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20 // capital letters to small ones
		if !digit(s[i]) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
