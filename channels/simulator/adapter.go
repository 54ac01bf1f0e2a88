package simulator

import (
	"context"
	"slices"
	"time"

	"bridged/channels"
	"bridged/channels/internal/files"
	"bridged/channels/internal/waid"
	"bridged/conversations"
)

// The codes of errors.tsv that a send can end in.
const (
	codeUnknownHandset = 30005 // unknown destination handset
	codeBadRecipient   = 30014 // 'To' attributes are invalid
	codeTooLarge       = 30019 // content size exceeds the carrier's limit
	codeQueueOverflow  = 30001 // queue overflow
	codeSMSMedia       = 12300 // invalid content type
	codeWhatsAppFrom   = 63007 // no channel with the From address
	codeWhatsAppTo     = 63024 // invalid message recipient
	codeWhatsAppBody   = 63021 // invalid content
)

// The longest texts of one message, in UTF-16 code units.
const (
	maxSMS      = 1600
	maxWhatsApp = 4096
	maxCaption  = 1024 // beside a file
)

var (
	_ channels.Adapter        = (*Adapter)(nil)
	_ channels.GroupCarrier   = (*Adapter)(nil)
	_ channels.MediaCarrier   = (*Adapter)(nil)
	_ channels.MediaFetcher   = (*Adapter)(nil)
	_ channels.TextLimiter    = (*Adapter)(nil)
	_ channels.SegmentCounter = (*Adapter)(nil)
	_ channels.Windower       = (*Adapter)(nil)
	_ channels.ContentCarrier = (*Adapter)(nil)
)

// Adapter is one configured channel of the simulated carrier. Carrier.Channel
// makes it.
type Adapter struct {
	carrier *Carrier
	name    string
	kind    conversations.ChannelType
}

// Name implements channels.Adapter.
func (a *Adapter) Name() string { return a.name }

// Type implements channels.Adapter.
func (a *Adapter) Type() conversations.ChannelType { return a.kind }

// ParseAddress implements channels.Adapter.
func (a *Adapter) ParseAddress(s string) (conversations.Address, error) {
	return parseAddress(a.kind, s)
}

// CarriesGroups implements channels.GroupCarrier: handsets on SMS have group
// texts.
func (a *Adapter) CarriesGroups() bool { return a.kind == conversations.TypeSMS }

// MaxText implements channels.TextLimiter.
func (a *Adapter) MaxText() int {
	if a.kind == typeWhatsApp {
		return maxWhatsApp
	}
	return maxSMS
}

// Window implements channels.Windower: as WhatsApp's is; none for SMS.
func (a *Adapter) Window() time.Duration {
	if a.kind == typeWhatsApp {
		return waid.Window
	}
	return 0
}

// ContentWay implements channels.ContentCarrier: on WhatsApp what is approved goes
// out as a template, of which the handset shows the text and the buttons; answers to
// choose from are buttons or a list there. Everything else is text.
func (a *Adapter) ContentWay(c conversations.OutboundContent) conversations.Way {
	switch {
	case a.kind == typeWhatsApp && c.Template != nil:
		return conversations.WayTemplate
	case a.kind == typeWhatsApp && (c.Form.Type == conversations.ContentCard || c.Form.Type == conversations.ContentCallToAction):
		return conversations.WayNone
	case a.kind == typeWhatsApp && showsChoices(c.Form):
		return conversations.WayForm
	}
	return conversations.WayText
}

// MediaRules implements channels.MediaCarrier: those of MMS, and of WhatsApp on
// Twilio.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	if a.kind == typeWhatsApp {
		return files.WhatsApp(maxCaption)
	}
	return files.MMS(maxSMS)
}

// Segments implements channels.SegmentCounter. On WhatsApp there are none.
func (a *Adapter) Segments(text string) int {
	if a.kind == typeWhatsApp {
		return 0
	}
	return conversations.Segments(text)
}

// Send implements channels.Adapter: it puts the message into the handset's
// thread, or into those of a group, unless a handset's behaviour says otherwise. A
// group message comes back to the numbers of ours in the group.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	if err := ctx.Err(); err != nil {
		return channels.Sent{}, &channels.SendError{Verdict: channels.Retry, Cause: err}
	}
	if refusal := a.check(out); refusal != nil {
		return channels.Sent{}, refusal
	}
	id, refusal := a.carrier.deliver(a.name, a.kind, out)
	if refusal != nil {
		return channels.Sent{}, refusal
	}
	if len(out.Others) > 0 {
		a.carrier.comeBack(ctx, id, out)
	}
	return channels.Sent{ProviderID: id}, nil
}

// check refuses what no handset could ever be sent.
func (a *Adapter) check(out channels.Outbound) *channels.SendError {
	whatsapp := a.kind == typeWhatsApp
	code := func(sms, other int) int {
		if whatsapp {
			return other
		}
		return sms
	}
	to, err := a.ParseAddress(string(out.To))
	switch {
	case a.carrier.owner(out.From) != a.name:
		return permanent(code(0, codeWhatsAppFrom), "the channel does not own the From address")
	case err != nil || to != out.To:
		return permanent(code(codeBadRecipient, codeWhatsAppTo), "the To address is malformed")
	case a.carrier.owner(to) != "":
		return permanent(code(codeUnknownHandset, codeWhatsAppTo), "the To address is a proxy address, and no handset")
	case len(out.Others) > 0 && !a.reachesGroup(out):
		return permanent(code(codeBadRecipient, codeWhatsAppTo), "the group is none that the channel can send to")
	case len(out.Media) > a.MediaRules(out.From).Count:
		return permanent(code(codeSMSMedia, codeWhatsAppBody), "the message has more files than one message can have")
	case out.Body == "" && len(out.Media) == 0:
		return permanent(code(0, codeWhatsAppBody), "the message is empty")
	case conversations.UTF16Length(out.Body) > a.MaxText():
		return permanent(code(codeTooLarge, codeWhatsAppBody), "the text is longer than one message can be")
	}
	return nil
}

// reachesGroup says whether a group message can be sent to its receivers.
func (a *Adapter) reachesGroup(out channels.Outbound) bool {
	malformed := func(to conversations.Address) bool {
		parsed, err := a.ParseAddress(string(to))
		return err != nil || parsed != to || to == out.To || to == out.From
	}
	return a.CarriesGroups() && len(out.Others) < maxTo-1 && !slices.ContainsFunc(out.Others, malformed)
}

func permanent(code int, detail string) *channels.SendError {
	return &channels.SendError{Verdict: channels.Permanent, Code: code, Detail: detail}
}
