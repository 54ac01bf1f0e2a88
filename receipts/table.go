package receipts

import "bridged/conversations"

// pair is what is known of one of the carrier's messages, and what is reported of
// it next.
type pair struct{ known, reported conversations.Status }

// decision is what becomes of what is known: it moves on to what is reported, or
// it stays.
type decision struct {
	moves  bool
	reason string
}

func moves(reason string) decision { return decision{true, reason} }

func stays(reason string) decision { return decision{false, reason} }

// The reasons that several pairs have.
const (
	whyFirst    = "nothing was known before"
	whyNothing  = "a report without a status says nothing"
	whyRepeated = "it is known already: carriers report at least once"
	whyLate     = "it happened before what is known, and only its report is late"
	whyArrived  = "the handset or its network confirmed the message; a failure that is told of is that of another route or copy"
	whyMended   = "whatever failed before, the handset or its network confirmed the message in the end"
)

// table decides each pair of what is known and what is reported, once for all
// channels (carriers.md, 2: the stream is unordered, and failed may precede or
// follow delivered). Read by columns it is an order, sent < failed < undelivered <
// delivered < read, so that what is known in the end does not depend on the order
// of the reports. One thing does, by the pairs of a failure that is repeated: the
// error code is that of the first report of a kind.
var table = map[pair]decision{ //nolint:gochecknoglobals // a constant in all but name
	{conversations.StatusNone, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusNone, conversations.StatusSent}:        moves(whyFirst),
	{conversations.StatusNone, conversations.StatusFailed}:      moves(whyFirst),
	{conversations.StatusNone, conversations.StatusUndelivered}: moves(whyFirst),
	{conversations.StatusNone, conversations.StatusDelivered}:   moves(whyFirst),
	{conversations.StatusNone, conversations.StatusRead}:        moves(whyFirst),

	{conversations.StatusSent, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusSent, conversations.StatusSent}:        stays(whyRepeated),
	{conversations.StatusSent, conversations.StatusFailed}:      moves("the carrier took it and could not send it on, as the Cloud API does with 131047"),
	{conversations.StatusSent, conversations.StatusUndelivered}: moves("page 36: undelivered overrides sent"),
	{conversations.StatusSent, conversations.StatusDelivered}:   moves("the ordinary way"),
	{conversations.StatusSent, conversations.StatusRead}:        moves("read implies delivered (contract, 12), and the report between is late or lost"),

	{conversations.StatusFailed, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusFailed, conversations.StatusSent}:        stays(whyLate),
	{conversations.StatusFailed, conversations.StatusFailed}:      stays("the first code stands: " + whyRepeated),
	{conversations.StatusFailed, conversations.StatusUndelivered}: moves("it got further than was thought: undelivered implies sent (contract, 12)"),
	{conversations.StatusFailed, conversations.StatusDelivered}:   moves(whyMended),
	{conversations.StatusFailed, conversations.StatusRead}:        moves(whyMended),

	{conversations.StatusUndelivered, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusUndelivered, conversations.StatusSent}:        stays(whyLate),
	{conversations.StatusUndelivered, conversations.StatusFailed}:      stays("undelivered is the same news and tells more: that it had been sent"),
	{conversations.StatusUndelivered, conversations.StatusUndelivered}: stays("the first code stands: " + whyRepeated),
	{conversations.StatusUndelivered, conversations.StatusDelivered}:   moves(whyMended),
	{conversations.StatusUndelivered, conversations.StatusRead}:        moves(whyMended),

	{conversations.StatusDelivered, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusDelivered, conversations.StatusSent}:        stays(whyLate),
	{conversations.StatusDelivered, conversations.StatusFailed}:      stays(whyArrived),
	{conversations.StatusDelivered, conversations.StatusUndelivered}: stays(whyArrived),
	{conversations.StatusDelivered, conversations.StatusDelivered}:   stays(whyRepeated),
	{conversations.StatusDelivered, conversations.StatusRead}:        moves("the ordinary way"),

	{conversations.StatusRead, conversations.StatusNone}:        stays(whyNothing),
	{conversations.StatusRead, conversations.StatusSent}:        stays(whyLate),
	{conversations.StatusRead, conversations.StatusFailed}:      stays(whyArrived),
	{conversations.StatusRead, conversations.StatusUndelivered}: stays(whyArrived),
	{conversations.StatusRead, conversations.StatusDelivered}:   stays(whyLate),
	{conversations.StatusRead, conversations.StatusRead}:        stays(whyRepeated),
}

// Advances says whether a report of next changes what is known of a message
// whose status is now. A status that the reference does not have changes nothing.
func Advances(now, next conversations.Status) bool { return table[pair{now, next}].moves }
