// Package twilio is the driver for SMS and MMS over Twilio's Programmable
// Messaging. What it shares with WhatsApp over Twilio is in
// channels/internal/programmable.
package twilio

import (
	"bridged/channels/internal/files"
	"bridged/channels/internal/programmable"
	"bridged/channels/internal/sms"
	"bridged/conversations"
)

// DefaultAPIBaseURL is where Twilio's REST API is.
const DefaultAPIBaseURL = programmable.DefaultAPIBaseURL

// Config is one Twilio account as a channel.
type Config = programmable.Config

// Adapter is a channels.Adapter, HookReceiver, MediaCarrier, MediaFetcher,
// SegmentCounter and TextLimiter.
type Adapter struct{ *programmable.Client }

// New makes an Adapter, or says which setting is missing or wrong.
func New(cfg Config) (*Adapter, error) {
	client, err := programmable.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Adapter{Client: client}, nil
}

// Type is conversations.TypeSMS.
func (a *Adapter) Type() conversations.ChannelType { return conversations.TypeSMS }

// Segments counts what the carrier charges for (carriers.md §3 c).
func (a *Adapter) Segments(text string) int { return conversations.Segments(text) }

// ParseAddress accepts a number in E.164 and a short code. Inbound messages may
// come from other addresses too, such as a sender's name; nobody can answer those.
func (a *Adapter) ParseAddress(s string) (conversations.Address, error) { return sms.ParseAddress(s) }

// MediaRules are those of MMS.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	return files.MMS(a.MaxText())
}
