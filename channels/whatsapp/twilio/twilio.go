// Package twilio is the driver for WhatsApp over Twilio's Programmable
// Messaging. What it shares with SMS over Twilio is in
// channels/internal/programmable.
package twilio

import (
	"bridged/channels/internal/files"
	"bridged/channels/internal/programmable"
	"bridged/channels/internal/waid"
	"bridged/conversations"
)

// DefaultAPIBaseURL is where Twilio's REST API is.
const DefaultAPIBaseURL = programmable.DefaultAPIBaseURL

// Config is one Twilio account as a channel.
type Config = programmable.Config

// Adapter is a channels.Adapter, HookReceiver, MediaCarrier, MediaFetcher and
// TextLimiter.
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

// MediaRules are those of WhatsApp on Twilio.
func (a *Adapter) MediaRules(conversations.Address) conversations.MediaRules {
	return files.WhatsApp(a.MaxText())
}
