package store

import (
	"bridged/conversations"
)

// channelBits are the ways in which somebody takes part in a conversation, as the
// column conversations.channels adds them up. It is kept where participants come and
// go, which is seldom, so that the inbox finds what is rare without asking for the
// participants of all conversations.
type channelBits int64

const (
	bitSMS channelBits = 1 << iota
	bitWhatsApp
	bitGroup
	bitChat
)

// bitOf is the bit of a way to take part; 0 where the filter is empty.
func bitOf(c conversations.InboxChannel) channelBits {
	return map[conversations.InboxChannel]channelBits{
		conversations.InboxSMS: bitSMS, conversations.InboxWhatsApp: bitWhatsApp,
		conversations.InboxGroup: bitGroup, conversations.InboxChat: bitChat,
	}[c]
}

// channelsOf are the ways in which one participant takes part.
func channelsOf(p conversations.Participant) (bits channelBits) {
	if p.Identity != nil {
		bits |= bitChat
	}
	if p.Binding == nil {
		return bits
	}
	switch {
	case p.Binding.Address == "":
	case p.Binding.Address.Type() == conversations.ChannelType(conversations.InboxWhatsApp):
		bits |= bitWhatsApp
	default:
		bits |= bitSMS
	}
	if p.Binding.Proxy == "" {
		bits |= bitGroup
	}
	return bits
}

// addChannels adds those of a participant who is new.
func (tx *Tx) addChannels(p conversations.Participant) error {
	return tx.run(`UPDATE conversations SET channels = channels | $2 WHERE id = $1 AND (channels & $2) <> $2`,
		p.Conversation, int64(channelsOf(p)))
}

// countChannels adds up anew those of the participants who are there.
func (tx *Tx) countChannels(id conversations.ConversationID) error {
	return tx.run(`UPDATE conversations SET channels = (SELECT
		COALESCE(MAX(CASE WHEN LOWER(p.address) NOT LIKE 'whatsapp:%' THEN 1 ELSE 0 END), 0)
		+ COALESCE(MAX(CASE WHEN LOWER(p.address) LIKE 'whatsapp:%' THEN 2 ELSE 0 END), 0)
		+ COALESCE(MAX(CASE WHEN p.proxy IS NULL AND (p.address IS NOT NULL OR p.projected IS NOT NULL) THEN 4 ELSE 0 END), 0)
		+ COALESCE(MAX(CASE WHEN p.identity IS NOT NULL THEN 8 ELSE 0 END), 0)
		FROM participants p WHERE p.conversation_id = $1) WHERE id = $1`, id)
}
