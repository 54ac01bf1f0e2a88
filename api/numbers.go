package api

import (
	"context"
	"net/url"

	"bridged/autocreate"
	"bridged/conversations"
	"bridged/twilio"
)

// Number is one of our numbers, as the configuration has it.
type Number struct {
	Address           conversations.Address
	Channel           string // its name
	Driver            string
	MessagingServices []conversations.MessagingServiceID // whose pools it is in
	InboundWebhook    string                             // its own; empty for none
	MaxMMSBytes       int64                              // the files of one MMS; 0 where there is none
	Rate              float64                            // messages a second; 0 where nothing limits it
}

// number is one of our numbers, as operators see it. Of its webhook the host is
// enough to know it again; the rest may hold a secret.
type number struct {
	Address                 conversations.Address     `json:"address"`
	Type                    conversations.ChannelType `json:"type"`
	Channel                 string                    `json:"channel"`
	Driver                  string                    `json:"driver"`
	MessagingServiceSIDs    []string                  `json:"messaging_service_sids"`
	InboundWebhookHost      *string                   `json:"inbound_webhook_host"`
	AddressConfigurationSID *string                   `json:"address_configuration_sid"`
	MaxMMSBytes             *int64                    `json:"max_mms_bytes"`
	Rate                    *float64                  `json:"rate"`
	place                   int64
}

// listNumbers lists the numbers that the channels own.
func (s *server) listNumbers(c *call) (reply, error) {
	return listed(c, twilio.MaxAddresses, "numbers", s.operationsURL("numbers"), func(n number) number { return n }, s.numbers)
}

// numbers returns a page of them. A place is that in the configuration, from 1.
func (s *server) numbers(ctx context.Context, p conversations.Page) (l conversations.Listing[number], err error) {
	all := s.cfg.Numbers
	from, to := 0, min(p.Size, len(all))
	switch {
	case p.After != nil:
		from = int(min(max(p.After.Major, 0), int64(len(all))))
		to = min(from+p.Size, len(all))
	case p.Before != nil:
		to = int(min(max(p.Before.Major-1, 0), int64(len(all))))
		from = max(to-p.Size, 0)
	}
	for i, n := range all[from:to] {
		shown, err := s.showNumber(ctx, n)
		if err != nil {
			return l, err
		}
		shown.place = int64(from + i + 1)
		l.Items = append(l.Items, shown)
	}
	if len(l.Items) > 0 && from > 0 {
		l.Previous = &conversations.Cursor{Major: l.Items[0].place}
	}
	if len(l.Items) > 0 && to < len(all) {
		l.Next = &conversations.Cursor{Major: int64(to)}
	}
	return l, nil
}

func (s *server) showNumber(ctx context.Context, n Number) (number, error) {
	shown := number{
		Address: n.Address, Type: n.Address.Type(), Channel: n.Channel, Driver: n.Driver,
		MessagingServiceSIDs: make([]string, len(n.MessagingServices)),
	}
	if n.MaxMMSBytes != 0 {
		shown.MaxMMSBytes = &n.MaxMMSBytes
	}
	for i, id := range n.MessagingServices {
		shown.MessagingServiceSIDs[i] = twilio.SID(id)
	}
	if u, err := url.Parse(n.InboundWebhook); err == nil { // the configuration has checked it
		shown.InboundWebhookHost = nullable(u.Host)
	}
	if n.Rate != 0 {
		shown.Rate = &n.Rate
	}
	found, err := s.cfg.Store.AddressConfiguration(ctx, autocreate.Key{Address: n.Address})
	if err != nil && !conversations.NotFound.Is(err) {
		return shown, err
	}
	shown.AddressConfigurationSID = twilio.NullableSID(&found.ID)
	return shown, nil
}
