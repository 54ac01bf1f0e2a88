// Package simulator is a carrier that lives inside the process: it carries SMS
// and WhatsApp messages between bridged and handsets that exist only in memory.
// It lets somebody without a carrier account see the whole relay, and it lets
// tests bring about what real carriers do only on a bad day.
//
// # The parts
//
//   - Carrier (carrier.go) holds the world: which proxy address belongs to which
//     channel, and the handsets.
//   - Adapter (adapter.go) is what the rest of bridged sees of one configured
//     channel: a channels.Adapter that puts messages into handsets.
//   - handsets (handset.go, handsets.go) hold a thread and a behaviour each, and
//     are bounded in number, in messages and in bytes. The idlest goes first.
//   - reporter (reporter.go) tells the Acceptor what became of each message, one
//     status after the other, at its time, again and again until it is taken.
//   - files (files.go) are the photos that handsets send, and choices.go is what they
//     are asked and tap.
//   - Originate (originate.go) sends as a handset, and Handler (api.go, wire.go)
//     is all of it over HTTP.
//
// The wiring makes one Carrier for all simulated channels, an Adapter for each,
// and calls Connect once the bridge exists. Nothing survives a restart, as if
// every telephone had been wiped: statuses that were still to come never do.
//
// # A message to a handset
//
// Adapter.Send does under one lock: the handset's behaviour may refuse; the
// reporter takes the message's statuses or, when too many are pending, the send
// is throttled; the message enters the handset's thread. Statuses may therefore
// reach the Acceptor before Send's own answer is recorded, as they do in the wild.
//
// # Behaviour
//
// PUT /bridged/v1/simulator/handsets/{address} replaces the behaviour of a
// handset with the fields that it is given; the others return to their defaults,
// so {} makes it well-behaved again. Statuses of messages that were sent before
// are not affected.
//
//	{
//	  "delay": "0s",               // before each status: "250ms", "5s"; 1h at most
//	  "status": "delivered",       // the last status reported: none, sent, delivered, read
//	                               // (WhatsApp only) or, with error_code, undelivered, failed
//	  "error_code": 0,             // not 0: the last status is undelivered (WhatsApp: failed)
//	                               // with this code
//	  "duplicate_statuses": false, // each status is reported twice
//	  "reorder_statuses": false,   // the last status is reported first
//	  "refuse": {                  // the send itself is refused; null for never
//	    "kind": "permanent",       // retry, throttled, permanent, opted_out, outside_window, unknown
//	    "code": 21610,             // the code that the receipt gets; 0 for none
//	    "times": 0,                // for so many sends, then no more; 0 for all
//	    "after": "0s",             // with throttled: how long the carrier asks to wait
//	    "arrives": false           // with unknown: the handset has it all the same, and
//	                               // its statuses are reported
//	  }
//	}
//
// A message whose last status is a failure never comes to the telephone, and is not in
// its thread. A telephone without coverage is {"error_code":30003}, one whose owner has
// blocked us {"error_code":30004} on SMS and {"error_code":63033} on WhatsApp.
//
// A real outage is {"refuse":{"kind":"retry","times":3}}; a lost answer is
// {"refuse":{"kind":"unknown","times":1,"arrives":true}}.
package simulator
