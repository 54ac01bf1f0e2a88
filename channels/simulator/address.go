package simulator

import (
	"fmt"
	"strings"

	"bridged/conversations"
	"bridged/phone"
)

// typeWhatsApp is the type of "whatsapp:" addresses.
const typeWhatsApp conversations.ChannelType = "whatsapp"

// parseAddress brings s into the form in which addresses of the type are kept.
// Its errors do not repeat s: they may end in a log.
func parseAddress(t conversations.ChannelType, s string) (conversations.Address, error) {
	switch t {
	case conversations.TypeSMS:
		if phone.Valid(s) || phone.ShortCode(s) {
			return conversations.Address(s), nil
		}
		return "", fmt.Errorf("an SMS address is a number such as +15550001111, or a short code of 3 to 8 digits")
	case typeWhatsApp:
		scheme, local, ok := strings.Cut(s, ":")
		if ok && strings.EqualFold(scheme, string(typeWhatsApp)) && (phone.Valid(local) || scopedID(local)) {
			return conversations.Address(string(typeWhatsApp) + ":" + local), nil
		}
		return "", fmt.Errorf("a WhatsApp address is a number such as whatsapp:+15550001111, " +
			"or a business-scoped id such as whatsapp:US.1349")
	}
	return "", fmt.Errorf("the simulated carrier knows sms and whatsapp, not %q", string(t))
}

// parseAny parses an address of whichever type it says it is.
func parseAny(s string) (conversations.Address, error) {
	return parseAddress(conversations.Address(s).Type(), s)
}

// scopedID says whether s has the form of a business-scoped user id: a country
// in capitals, a dot, and letters, digits and dots (carriers.md §1).
func scopedID(s string) bool {
	const country, longest = 2, 128
	if len(s) < country+2 || len(s) > longest || s[country] != '.' {
		return false
	}
	for i := range len(s) {
		letter := s[i] >= 'A' && s[i] <= 'Z'
		other := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'z' || s[i] == '.'
		if !letter && (i < country || !other) {
			return false
		}
	}
	return true
}
