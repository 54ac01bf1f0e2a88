package conversations

import (
	"log/slog"
	"strings"
	"unicode/utf8"
)

// ChannelType names a family of addresses: what stands before the colon of an
// address. An address without a colon is a telephone number on SMS.
type ChannelType string

// TypeSMS is the type of an address that names none. Other types need no
// constant here: nothing outside channels/ asks which channel it deals with.
const TypeSMS ChannelType = "sms"

// Source is how the type is named as the source of an event (contract, 20).
func (t ChannelType) Source() Source { return Source(strings.ToUpper(string(t))) }

// Address is where somebody is reached: "+15550001111" on SMS,
// "whatsapp:+15550001111" on WhatsApp. It is kept as it came, for sending;
// package bindings derives from it what is compared.
type Address string

// Type returns the address's channel type.
func (a Address) Type() ChannelType {
	if scheme, _, ok := strings.Cut(string(a), ":"); ok {
		return ChannelType(strings.ToLower(scheme))
	}
	return TypeSMS
}

// Local returns the address without its type: "+15550001111".
func (a Address) Local() string {
	if _, local, ok := strings.Cut(string(a), ":"); ok {
		return local
	}
	return string(a)
}

// Masked returns the address fit for a log line: "+1555•••0123". At least three
// characters are hidden; of a short address only its type remains.
func (a Address) Masked() string {
	const head, hidden, tail = 5, 3, 4
	scheme, local, ok := strings.Cut(string(a), ":")
	if !ok {
		scheme, local = "", string(a)
	} else {
		scheme += ":"
	}
	shown := min(head, len(local)-hidden-tail) // of the beginning
	if shown < 2 {
		return scheme + "•••"
	}
	end := len(local) - tail
	for shown > 0 && !utf8.RuneStart(local[shown]) { // of a letter all or nothing
		shown--
	}
	for end < len(local) && !utf8.RuneStart(local[end]) {
		end++
	}
	return scheme + local[:shown] + "•••" + local[end:]
}

// LogValue masks the address wherever slog prints it.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Masked()) }
