// Package twilio is the driver for WhatsApp over Twilio's Programmable
// Messaging. What it shares with SMS over Twilio is in
// channels/internal/programmable.
package twilio

import (
	"time"

	"bridged/channels"
	"bridged/channels/internal/files"
	"bridged/channels/internal/programmable"
	"bridged/channels/internal/waid"
	"bridged/conversations"
)

// DefaultAPIBaseURL is where Twilio's REST API is.
const DefaultAPIBaseURL = programmable.DefaultAPIBaseURL

// Config is one Twilio account as a channel.
type Config = programmable.Config

var (
	_ channels.Windower       = (*Adapter)(nil)
	_ channels.ContentCarrier = (*Adapter)(nil)
)

// Adapter is a channels.Adapter, HookReceiver, MediaCarrier, MediaFetcher,
// TextLimiter, Windower and ContentCarrier.
type Adapter struct{ *programmable.Client }

// New makes an Adapter, or says which setting is missing or wrong.
func New(cfg Config) (*Adapter, error) {
	client, err := programmable.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Adapter{Client: client}, nil
}

// Type is "whatsapp".
func (a *Adapter) Type() conversations.ChannelType { return waid.Type }

// ParseAddress accepts "whatsapp:" and a number in E.164 or a business-scoped
// user id.
func (a *Adapter) ParseAddress(s string) (conversations.Address, error) { return waid.Parse(s) }

// Window implements channels.Windower.
func (a *Adapter) Window() time.Duration { return waid.Window }

// ContentWay implements channels.ContentCarrier. Templates belong to the account at
// the carrier, which knows them by SIDs of its own: a content that is approved under
// such a SID, in small letters, goes out as that template. Any other is text.
func (a *Adapter) ContentWay(c conversations.OutboundContent) conversations.Way {
	switch {
	case c.Template != nil && programmable.ContentSID(c.Template.Name) != "":
		return conversations.WayTemplate
	case c.Form.Type == conversations.ContentCard || c.Form.Type == conversations.ContentCallToAction:
		return conversations.WayNone
	}
	return conversations.WayText
}

// MediaRules are those of WhatsApp on Twilio.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	return files.WhatsApp(a.MaxText())
}
