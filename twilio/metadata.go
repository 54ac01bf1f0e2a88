package twilio

import "bridged/conversations"

// ChannelMetadata is what is known of a message from the channel that it came
// through (contract, 29).
type ChannelMetadata struct {
	Type string      `json:"type"` // of the channel, such as "sms"
	Data ChannelData `json:"data"`
}

// ChannelData is the carrier's side of a message.
type ChannelData struct {
	Channel           string                  `json:"channel"` // as it is named in the configuration
	ChannelMessageSID *string                 `json:"channel_message_sid"`
	ProviderID        string                  `json:"provider_id"`
	From              conversations.Address   `json:"from"`
	To                conversations.Address   `json:"to"`
	Others            []conversations.Address `json:"others"` // further members of a group
	DateSent          *string                 `json:"date_sent"`
	DateReceived      string                  `json:"date_received"`
}

// ShowChannelMetadata shows the carrier's message that became a message.
func ShowChannelMetadata(r conversations.InboundRecord) ChannelMetadata {
	others := r.Others
	if others == nil {
		others = []conversations.Address{}
	}
	return ChannelMetadata{
		Type: string(r.From.Type()),
		Data: ChannelData{
			Channel:           r.Channel,
			ChannelMessageSID: ChannelMessageSID(r.From.Type(), r.Channel, r.ProviderID),
			ProviderID:        r.ProviderID,
			From:              r.From,
			To:                r.To,
			Others:            others,
			DateSent:          NullableDate(r.SentAt),
			DateReceived:      Date(r.Received),
		},
	}
}
