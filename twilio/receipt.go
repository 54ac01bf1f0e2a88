package twilio

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"bridged/conversations"
)

// Receipt is the delivery receipt resource (pages 14 and 36). What is not known
// yet is null.
type Receipt struct {
	SID               string  `json:"sid"`
	AccountSID        string  `json:"account_sid"`
	ChatServiceSID    string  `json:"chat_service_sid,omitempty"`
	ConversationSID   string  `json:"conversation_sid"`
	MessageSID        string  `json:"message_sid"`
	ChannelMessageSID *string `json:"channel_message_sid"`
	Status            *string `json:"status"`
	ErrorCode         *int    `json:"error_code"`
	ParticipantSID    string  `json:"participant_sid"`
	DateCreated       string  `json:"date_created"`
	DateUpdated       string  `json:"date_updated"`
	URL               string  `json:"url"`
}

// Receipt shows a delivery as its receipt.
func (s Scope) Receipt(d conversations.Delivery) Receipt {
	return Receipt{
		SID:               SID(d.ID),
		AccountSID:        s.Account,
		ChatServiceSID:    s.service(),
		ConversationSID:   SID(d.Conversation),
		MessageSID:        SID(d.Message),
		ChannelMessageSID: DeliverySID(d),
		Status:            NullableStatus(d.Status),
		ErrorCode:         NullableCode(d.ErrorCode),
		ParticipantSID:    SID(d.Participant),
		DateCreated:       Date(d.Created),
		DateUpdated:       Date(d.Updated),
		URL:               s.ReceiptsURL(d.Conversation, d.Message) + "/" + SID(d.ID),
	}
}

// NullableStatus writes a status; null while nothing is known.
func NullableStatus(status conversations.Status) *string {
	if status == conversations.StatusNone {
		return nil
	}
	s := string(status)
	return &s
}

// NullableCode writes an error code; null where there is no error.
func NullableCode(code int) *int {
	if code == 0 {
		return nil
	}
	return &code
}

// DeliverySID is ChannelMessageSID for a delivery: MMS has letters of its own. What
// goes to a group does so as MMS, and files only with the first part, whose id it is.
func DeliverySID(d conversations.Delivery) *string {
	letters := channelLetters(d.Address.Type())
	if letters == "SM" && (len(d.Others) > 0 || slices.ContainsFunc(d.Files, conversations.SentFile.Goes)) {
		letters = "MM"
	}
	return channelSID(letters, d.Channel, d.ProviderID)
}

// ChannelMessageSID is the id of a carrier's message in the form that clients
// expect: two letters and 32 hexadecimal digits (contract, 13). A carrier's id of
// that form stays itself; of any other it is derived, always the same way. It is
// null while the carrier has given no id.
func ChannelMessageSID(t conversations.ChannelType, channel, providerID string) *string {
	return channelSID(channelLetters(t), channel, providerID)
}

func channelSID(letters, channel, providerID string) *string {
	if providerID == "" {
		return nil
	}
	if channelSIDForm(providerID) {
		return &providerID
	}
	sum := sha256.Sum256([]byte(channel + "\x00" + providerID))
	sid := letters + hex.EncodeToString(sum[:16])
	return &sid
}

func channelSIDForm(id string) bool {
	for _, letters := range []string{"SM", "MM", "WA"} {
		if digits, ok := strings.CutPrefix(id, letters); ok {
			return conversations.ValidID(strings.ToLower(digits))
		}
	}
	return false
}

// channelLetters are the letters that the reference gives to a channel's
// messages. They are part of its wire format: nothing behaves by them.
func channelLetters(t conversations.ChannelType) string {
	if t == "whatsapp" {
		return "WA"
	}
	return "SM"
}
