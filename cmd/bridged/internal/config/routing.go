package config

import (
	"reflect"
	"slices"
	"strings"

	"bridged/phone"
)

// The two types of channel, as they are written.
const (
	typeSMS      = "sms"
	typeWhatsApp = "whatsapp"
)

// drivers lists the drivers of a type: those that this version has, and those
// that a later one will have.
func drivers(channelType string) (ready, later []string) {
	switch channelType {
	case typeSMS:
		return []string{"twilio", "telnyx", "bandwidth", "simulator"}, []string{"smpp"}
	case typeWhatsApp:
		return []string{"cloud", "twilio", "simulator"}, nil
	}
	return nil, nil
}

func (r *reader) checkChannels(channels []Channel) {
	names, numbers := owners{}, owners{}
	for i := range channels {
		path, c := element("channels", i), &channels[i]
		r.unique(names, member(path, "name"), c.Name)
		if r.ok(member(path, "type")) && r.ok(member(path, "driver")) {
			r.checkDriver(path, c)
		}
		r.checkProxies(path, c, numbers)
		r.checkWindow(path, c)
	}
}

// checkDriver checks that the driver exists and that its table, and no other, is
// there.
func (r *reader) checkDriver(path string, c *Channel) {
	ready, later := drivers(c.Type)
	at := member(path, "driver")
	switch {
	case slices.Contains(later, c.Driver):
		r.wrong(at, "%q is not built yet in this version: for type %q use %s", c.Driver, c.Type, anyOf(ready))
	case !slices.Contains(ready, c.Driver):
		r.wrong(at, "%q is no driver of type %q: use %s", c.Driver, c.Type, anyOf(ready))
		return // whether its table is right, nobody can tell
	}
	v := reflect.ValueOf(c).Elem()
	for _, f := range fields(v.Type()) {
		if kindOf(f.typ) != optionalKind {
			continue
		}
		table, key := v.Field(f.index), member(path, f.key)
		switch {
		case f.key == c.Driver && table.IsNil() && r.ok(key) && r.ok(at):
			// An absent table lacks every key that it must have; one without
			// required keys may be absent.
			table.Set(reflect.New(f.typ.Elem()))
			r.table(table.Elem(), tree{}, key)
		case f.key != c.Driver && !table.IsNil():
			r.wrong(key, "is the table of another driver than %q: remove it, or change driver", c.Driver)
		}
	}
}

// checkWindow checks that what is about a window is of a channel that has one.
func (r *reader) checkWindow(path string, c *Channel) {
	if !r.ok(member(path, "type")) || c.Type == typeWhatsApp {
		return
	}
	for key, isSet := range map[string]bool{"fallback_content_sid": c.FallbackContentSID != "", "resend_when_open": c.ResendWhenOpen} {
		if at := member(path, key); isSet && r.ok(at) {
			r.wrong(at, "is for type %q, which allows free text for 24 hours only: remove it", typeWhatsApp)
		}
	}
}

// checkProxies checks the addresses that a channel owns.
func (r *reader) checkProxies(path string, c *Channel, seen owners) {
	list := member(path, "numbers")
	if !r.ok(list) {
		return
	}
	for i, number := range c.Numbers {
		at := element(list, i)
		if !r.ok(at) {
			continue
		}
		if r.ok(member(path, "type")) {
			if text := addressMistake(c.Type, number); text != "" {
				r.wrong(at, "%q %s", number, text)
				continue
			}
		}
		// Two spellings of one number are one number.
		scheme, local := splitAddress(number)
		key := scheme + phone.Canonical(local)
		if first, again := seen[key]; again {
			r.wrong(at, "%q is already at %s: a number belongs to one channel, once", number, first)
			continue
		}
		seen[key] = at
	}
	if r.ok(member(path, "driver")) && c.Driver == "cloud" && len(c.Numbers) > 1 {
		r.wrong(list, "has %d entries, but a cloud channel has one sender: make a [[channels]] entry of each", len(c.Numbers))
	}
}

// addressMistake says what is wrong with a proxy address of a type, if anything.
func addressMistake(channelType, address string) string {
	scheme, local := splitAddress(address)
	switch channelType {
	case typeSMS:
		if scheme != "" || !phone.Valid(local) && !phone.ShortCode(local) {
			return `is no number for SMS: write "+" and the number with its country code, or a short code`
		}
	case typeWhatsApp:
		if scheme != "whatsapp:" || !phone.Valid(local) {
			return `is no WhatsApp sender: write "whatsapp:+" and the number with its country code`
		}
	}
	return ""
}

// splitAddress parts "whatsapp:+1555…" after the colon.
func splitAddress(address string) (scheme, local string) {
	if i := strings.IndexByte(address, ':'); i >= 0 {
		return address[:i+1], address[i+1:]
	}
	return "", address
}

func (r *reader) checkNumbers(c *Config) {
	seen := owners{}
	for i, number := range c.Numbers {
		path := member(element("numbers", i), "address")
		r.unique(seen, path, number.Address)
		r.checkOwned(c, path, number.Address)
	}
}

func (r *reader) checkServices(c *Config) {
	sids := owners{}
	for i, service := range c.MessagingServices {
		path := element("messaging_services", i)
		r.unique(sids, member(path, "sid"), service.SID)
		senders := owners{}
		for j, sender := range service.Senders {
			at := element(member(path, "senders"), j)
			r.unique(senders, at, sender)
			r.checkOwned(c, at, sender)
		}
	}
}

// checkRelay checks the services whose conversations tell who speaks.
func (r *reader) checkRelay(c *Config) {
	for i, sid := range c.Relay.PrefixServices {
		if at := element("relay.prefix_services", i); r.ok(at) {
			if err := checkSID("IS", sid); err != nil {
				r.wrong(at, "%v", err)
			}
		}
	}
}

// checkOwned checks that an address is one of the channels', spelled as there.
func (r *reader) checkOwned(c *Config, path, address string) {
	if !r.ok(path) || !r.ok("channels") {
		return
	}
	for i, ch := range c.Channels {
		// Of a channel whose list is unreadable nobody knows what it owns.
		if slices.Contains(ch.Numbers, address) || !r.ok(member(element("channels", i), "numbers")) {
			return
		}
	}
	r.wrong(path, "%q is owned by no channel: add it to the numbers of one, spelled alike, or remove it here", address)
}
