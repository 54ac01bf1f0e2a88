package channels

import "bridged/conversations"

// DefaultOptOut says who deals with keywords such as STOP on a channel about which
// the configuration says nothing. The carriers of SMS block who writes STOP and
// answer by themselves (carriers.md 2); elsewhere people block a sender in their
// app, and a word is a word.
func DefaultOptOut(a Adapter) conversations.OptOutMode {
	if a.Type() == conversations.TypeSMS {
		return conversations.OptOutCarrier
	}
	return conversations.OptOutOff
}
