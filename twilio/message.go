package twilio

import (
	"bridged/conversations"
	"bridged/receipts"
)

// Message is the message resource (page 04).
type Message struct {
	SID             string       `json:"sid"`
	AccountSID      string       `json:"account_sid"`
	ChatServiceSID  string       `json:"chat_service_sid,omitempty"`
	ConversationSID string       `json:"conversation_sid"`
	Body            *string      `json:"body"`
	Media           []Media      `json:"media"`
	Author          string       `json:"author"`
	ParticipantSID  *string      `json:"participant_sid"`
	Attributes      string       `json:"attributes"`
	DateCreated     string       `json:"date_created"`
	DateUpdated     string       `json:"date_updated"`
	Index           int64        `json:"index"`
	Delivery        *Delivery    `json:"delivery"`
	ContentSID      *string      `json:"content_sid"`
	URL             string       `json:"url"`
	Links           MessageLinks `json:"links"`
}

// Media is one file of a message.
type Media struct {
	SID         string  `json:"sid"`
	Size        int64   `json:"size"`
	ContentType string  `json:"content_type"`
	Filename    *string `json:"filename"`
}

// Delivery sums up the receipts of a message (page 36).
type Delivery struct {
	Total       int             `json:"total"`
	Sent        receipts.Amount `json:"sent"`
	Delivered   receipts.Amount `json:"delivered"`
	Read        receipts.Amount `json:"read"`
	Failed      receipts.Amount `json:"failed"`
	Undelivered receipts.Amount `json:"undelivered"`
}

// MessageLinks are the URLs of what belongs to a message.
type MessageLinks struct {
	DeliveryReceipts string `json:"delivery_receipts"`
	ChannelMetadata  string `json:"channel_metadata"`
}

// Message shows a message of which so much has been delivered. The zero Counts
// are those of a message that has no receipt yet.
func (s Scope) Message(m conversations.Message, counts receipts.Counts) Message {
	url := s.MessagesURL(m.Conversation) + "/" + SID(m.ID)
	return Message{
		SID:             SID(m.ID),
		AccountSID:      s.Account,
		ChatServiceSID:  s.service(),
		ConversationSID: SID(m.Conversation),
		Body:            m.Body,
		Media:           media(m.Media),
		Author:          m.Author,
		ParticipantSID:  NullableSID(m.Participant),
		Attributes:      attributes(m.Attributes),
		DateCreated:     Date(m.Created),
		DateUpdated:     Date(m.Updated),
		Index:           m.Index,
		Delivery:        (*Delivery)(receipts.Summarize(counts)),
		ContentSID:      contentSID(m.Content),
		URL:             url,
		Links: MessageLinks{
			DeliveryReceipts: s.ReceiptsURL(m.Conversation, m.ID),
			ChannelMetadata:  url + "/ChannelMetadata",
		},
	}
}

// media shows the files of a message; null where it has none.
func media(files []conversations.Media) []Media {
	if len(files) == 0 {
		return nil
	}
	shown := make([]Media, len(files))
	for i, f := range files {
		shown[i] = Media{SID: SID(f.ID), Size: f.Size, ContentType: f.ContentType}
		if f.Filename != "" {
			shown[i].Filename = &f.Filename
		}
	}
	return shown
}
