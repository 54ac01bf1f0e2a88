package main

import (
	"cmp"
	"slices"

	"bridged/api"
	"bridged/channels"
	"bridged/cmd/bridged/internal/config"
	"bridged/conversations"
	"bridged/twilio"
)

// defaultMaxMMSBytes is what the files of one message may have where nothing else is
// configured (contract, 7).
const defaultMaxMMSBytes = 5_000_000

// numbersOf are the numbers of all channels with what the configuration says of each.
func numbersOf(cfg *config.Config, directory *channels.Directory) []api.Number {
	parsed := func(written string) conversations.Address {
		// The configuration allows only what a channel owns.
		address, err := directory.Parse(conversations.Address(written))
		if err != nil {
			return ""
		}
		return address
	}
	settings := make(map[conversations.Address]config.Number, len(cfg.Numbers))
	for _, n := range cfg.Numbers {
		settings[parsed(n.Address)] = n
	}
	services := make(map[conversations.Address][]conversations.MessagingServiceID)
	for _, s := range cfg.MessagingServices {
		id, ok := twilio.ParseSID[conversations.MessagingServiceID](s.SID)
		for _, sender := range s.Senders {
			if address := parsed(sender); ok && !slices.Contains(services[address], id) {
				services[address] = append(services[address], id)
			}
		}
	}
	var list []api.Number
	for _, c := range cfg.Channels {
		for _, written := range c.Numbers {
			address := parsed(written)
			own := settings[address]
			n := api.Number{
				Address: address, Channel: c.Name, Driver: c.Driver, MessagingServices: services[address],
				InboundWebhook: own.InboundWebhook, Rate: own.Rate,
			}
			if address.Type() == conversations.TypeSMS {
				n.MaxMMSBytes = int64(cmp.Or(own.MaxMMSBytes, defaultMaxMMSBytes))
			}
			list = append(list, n)
		}
	}
	return list
}
