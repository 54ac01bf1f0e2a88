package twilio

import (
	"strings"

	"bridged/conversations"
)

// ChannelPrivate is the one type that a Chat channel can have here: everything in
// Conversations is private (page 61).
const ChannelPrivate = "private"

// ChatChannel is the channel resource of the Chat API (page 29).
type ChatChannel struct {
	SID                 string  `json:"sid"`
	AccountSID          string  `json:"account_sid"`
	ServiceSID          string  `json:"service_sid"`
	MessagingServiceSID *string `json:"messaging_service_sid"`
	FriendlyName        *string `json:"friendly_name"`
	UniqueName          *string `json:"unique_name"`
	Attributes          string  `json:"attributes"`
	Type                string  `json:"type"`
	DateCreated         string  `json:"date_created"`
	DateUpdated         string  `json:"date_updated"`
	CreatedBy           string  `json:"created_by"`
	MembersCount        int     `json:"members_count"`
	MessagesCount       int64   `json:"messages_count"`
	URL                 string  `json:"url"`
}

// ChatChannel shows a conversation as the channel that it was. The messages that
// are counted are all that have passed in it, those that were deleted since too.
func (s Scope) ChatChannel(c conversations.ChatChannel) ChatChannel {
	return ChatChannel{
		SID:                 SID(c.ID),
		AccountSID:          s.Account,
		ServiceSID:          SID(c.Service),
		MessagingServiceSID: NullableSID(&c.MessagingService),
		FriendlyName:        c.FriendlyName,
		UniqueName:          c.UniqueName,
		Attributes:          attributes(c.Attributes),
		Type:                ChannelPrivate,
		DateCreated:         Date(c.Created),
		DateUpdated:         Date(c.Updated),
		CreatedBy:           conversations.AuthorSystem,
		MembersCount:        c.Members,
		MessagesCount:       c.NextIndex,
		URL:                 strings.TrimRight(s.PublicURL, "/") + "/v3/Services/" + SID(c.Service) + "/Channels/" + SID(c.ID),
	}
}

// ChannelType reads the type that a Chat channel is to have, which is required and
// can only be private.
func (f *Form) ChannelType(name string) {
	if s := f.String(name); s == nil || !strings.EqualFold(*s, ChannelPrivate) {
		f.refuse(conversations.Refuse(conversations.ChannelNotPrivate,
			"send %s=%s; nothing can be made public", name, ChannelPrivate))
	}
}
