// Package channels is the plug between bridged and the carriers.
//
// A driver for a carrier implements Adapter and, where it can, the capability
// interfaces beside it. That is all that the rest of the program knows of it:
// nothing outside this folder asks which channel it deals with. A new driver is
// one folder with its test data and one line in cmd/bridged; the conformance
// kit in channeltest says whether it behaves. docs/adding-a-channel.md walks
// through one.
package channels

import (
	"context"
	"io"
	"net/http"
	"time"

	"bridged/conversations"
)

// Adapter hands messages to one carrier account.
type Adapter interface {
	// Name is the channel's configured name, its segment in hook URLs.
	Name() string
	// Type is the type of the addresses that the channel reaches.
	Type() conversations.ChannelType
	// ParseAddress returns the address in the form in which it is kept and sent
	// to, or an error that says what is wrong with it. It never refuses a number
	// because a table of numbering plans does not know it.
	ParseAddress(s string) (conversations.Address, error)
	// Send hands one part over and returns when the carrier has answered. Any
	// error is a *SendError; one that is not counts as of unknown outcome.
	Send(ctx context.Context, out Outbound) (Sent, error)
}

// Outbound is one part of a message on its way to one person or, on a channel that
// is a GroupCarrier, to a group. It holds nothing of the person who wrote it:
// masking begins here.
type Outbound struct {
	From conversations.Address // the proxy or projected address of ours
	To   conversations.Address // the person
	// Others are further receivers of a group message, numbers of ours among them.
	// Only a GroupCarrier is given any.
	Others []conversations.Address
	Body   string
	// Media are files, of a MediaCarrier as many as its rules allow. The carrier
	// fetches them from their URL, which needs no credentials.
	Media []conversations.Media
	// Content goes out instead of Body and Media, which only a ContentCarrier is
	// given: as the template that it has, else as its form. Body is what it says.
	Content *conversations.OutboundContent
}

// Sent is a carrier's acceptance.
type Sent struct {
	ProviderID string // the carrier's id, which its status reports will name
}

// HookRequest is an HTTP request from a carrier, read in full.
type HookRequest struct {
	Method string
	// URL is the address that the carrier was told: built on public_url,
	// whatever Host header the request carried. Signatures cover it.
	URL    string
	Query  map[string][]string
	Header http.Header
	Body   []byte
}

// Received is what a hook request carried, in normal form.
type Received struct {
	Messages []conversations.Inbound
	Statuses []conversations.StatusReport
	// ContentType and Reply are answered to the carrier once all of the above is
	// durably stored.
	ContentType string
	Reply       []byte
}

// HookReceiver is the capability of a carrier that calls over HTTP. The error
// is ErrSignature, or one that wraps ErrMalformed; anything that the carrier may
// legitimately send and bridged has no use for is no error.
type HookReceiver interface {
	ReceiveHook(r HookRequest) (Received, error)
}

// Challenger is the capability of a carrier that verifies a hook URL by a GET
// request first. It returns what to echo, or ErrSignature.
type Challenger interface {
	AnswerChallenge(r HookRequest) (reply []byte, err error)
}

// GroupCarrier is the capability of a channel that can carry group MMS (page 37). It
// tells of all receivers of an inbound message in its Others, once for each number
// of ours among them or once in all, and hands an Outbound with Others over as one
// message to all of them. Its status reports name the receiver in their Address,
// or mean all where they name none. Any other channel is never given Others.
type GroupCarrier interface {
	// CarriesGroups says whether the channel as it is configured can.
	CarriesGroups() bool
}

// MediaCarrier is the capability of a channel that takes files.
type MediaCarrier interface {
	// MediaRules says which files the channel takes from a proxy address.
	MediaRules(from conversations.Address) conversations.MediaRules
}

// MediaFetcher is the capability of a channel whose carrier keeps the files of
// inbound messages where its credentials are needed.
type MediaFetcher interface {
	// FetchMedia opens a file of an inbound message, which the caller closes. The
	// error is a *SendError: its verdict says whether to try again. So may be errors
	// of reading; any other one says that the file broke off. A reader that has a
	// method ContentType tells by it what type the carrier states, empty for none.
	FetchMedia(ctx context.Context, m conversations.Media) (io.ReadCloser, error)
}

// Windower is the capability of a channel that allows free text only for a time
// after the person last wrote (page 34).
type Windower interface {
	// Window is how long.
	Window() time.Duration
}

// ContentCarrier is the capability of a channel that takes contents as more than
// text.
type ContentCarrier interface {
	// ContentWay says how: as the template that it is approved as, which needs no
	// window; as its form; as text; or not at all.
	ContentWay(c conversations.OutboundContent) conversations.Way
}

// TextLimiter is the capability of a channel whose messages have a longest
// text. Longer ones are handed over in parts.
type TextLimiter interface {
	// MaxText is in UTF-16 code units, the unit in which carriers count.
	MaxText() int
}

// SegmentCounter is the capability of a channel whose texts travel in segments, and
// whose carrier charges for each.
type SegmentCounter interface {
	// Segments counts those of one part, at least one; 0 where the channel as it is
	// configured has none.
	Segments(text string) int
}
