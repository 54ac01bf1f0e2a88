package api

import (
	"bridged/conversations"
	"bridged/twilio"
)

// aliasConflict is a pair of addresses that two conversations held until a carrier
// told that alias and address are the same person. The one captures the person's
// messages, the other does not any more.
type aliasConflict struct {
	ID                   int64                 `json:"id"`
	Alias                conversations.Address `json:"alias"`
	Address              conversations.Address `json:"address"`
	ProxyAddress         conversations.Address `json:"proxy_address"`
	KeptConversationSID  string                `json:"kept_conversation_sid"`
	KeptParticipantSID   string                `json:"kept_participant_sid"`
	FreedConversationSID string                `json:"freed_conversation_sid"`
	FreedParticipantSID  string                `json:"freed_participant_sid"`
	DateCreated          string                `json:"date_created"`
}

func (s *server) listAliasConflicts(c *call) (reply, error) {
	return listed(c, twilio.MaxOperations, "alias_conflicts", s.operationsURL("alias-conflicts"), showAliasConflict, s.cfg.Store.AliasConflicts)
}

func showAliasConflict(c conversations.AliasConflict) aliasConflict {
	return aliasConflict{
		ID:                   c.Seq,
		Alias:                c.Alias.Name,
		Address:              c.Alias.Root,
		ProxyAddress:         c.Proxy,
		KeptConversationSID:  twilio.SID(c.Kept.Conversation),
		KeptParticipantSID:   twilio.SID(c.Kept.Participant),
		FreedConversationSID: twilio.SID(c.Freed.Conversation),
		FreedParticipantSID:  twilio.SID(c.Freed.Participant),
		DateCreated:          twilio.Date(c.Created),
	}
}
