package webhooks

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bridged/conversations"
	"bridged/receipts"
	"bridged/twilio"
)

// Parameters are what the webhooks are told of a change that was made (page 33);
// nil for one of which none hears. Nothing in them depends on what happens later.
func Parameters(account string, e conversations.Event, s conversations.Scene) url.Values {
	told := listed(e.Type)
	if told == nil {
		return nil
	}
	v := values{"AccountSid": account, "Source": string(e.Source), "ConversationSid": twilio.SID(e.Conversation)}
	v.scene(s)
	v.client(e.Source, e.By)
	v.resource(account, e.After)
	v.origin(e.Origin)
	v["DateRemoved"] = twilio.Date(e.At) // only removals list it
	if after, before := e.After.Conversation, e.Before.Conversation; after != nil {
		v.change(before, *after, e.Reason, e.At)
	}
	return v.form(e.Type, told)
}

// Asked are what a pre-action webhook is asked about a change that is about to be
// made (page 33); nil for one about which none is asked.
func Asked(account string, p conversations.Proposal) url.Values {
	told := asked(p.Type)
	if told == nil {
		return nil
	}
	v := values{"AccountSid": account, "Source": string(p.Source)}
	v.scene(p.Scene)
	v.client(p.Source, p.By)
	v.resource(account, p.Resource)
	v.origin(p.Origin)
	if p.Conversation != "" {
		v["ConversationSid"] = twilio.SID(p.Conversation)
	}
	if p.First != nil {
		v["MessageBody"], v["Media"] = orEmpty(p.First.Body), mediaList(p.First.Media)
	}
	return v.form(p.Type, told)
}

// values are parameters by their names, more than the page lists for any one event.
type values map[string]string

// form takes those that are listed for an event. An optional one that is empty is
// left out, as are the signs of who acted where nobody is known.
func (v values) form(t conversations.EventType, told []string) url.Values {
	v["EventType"] = string(t)
	form := url.Values{}
	for _, name := range append([]string{"AccountSid", "EventType", "Source", "ClientIdentity?"}, told...) {
		name, optional := strings.CutSuffix(name, "?")
		if !optional || v[name] != "" {
			form.Set(name, v[name])
		}
	}
	return form
}

func (v values) scene(s conversations.Scene) {
	v["ChatServiceSid"], v["MessagingServiceSid"] = twilio.SID(s.Service), twilio.SID(s.MessagingService)
}

// client is the user who acted, of changes that a client SDK made.
func (v values) client(s conversations.Source, by string) {
	if s == conversations.SourceSDK {
		v["ClientIdentity"] = by
	}
}

// resource is what the change is about.
func (v values) resource(account string, r conversations.Resource) {
	scope := twilio.Scope{Account: account}
	switch {
	case r.Conversation != nil:
		v.conversation(scope.Conversation(*r.Conversation))
	case r.Participant != nil:
		v.participant(scope.Participant(*r.Participant))
	case r.Message != nil:
		v.message(*r.Message)
	case r.Delivery != nil:
		v.receipt(scope.Receipt(*r.Delivery))
	case r.User != nil:
		v.user(scope.User(*r.User))
	}
}

func (v values) conversation(c twilio.Conversation) {
	v["ConversationSid"] = c.SID
	v["ChatServiceSid"] = c.ChatServiceSID
	v["MessagingServiceSid"] = orEmpty(c.MessagingServiceSID)
	v["FriendlyName"] = orEmpty(c.FriendlyName)
	v["UniqueName"] = orEmpty(c.UniqueName)
	v["Attributes"] = c.Attributes
	v["State"] = c.State
	v["DateCreated"], v["DateUpdated"] = c.DateCreated, c.DateUpdated
}

// participant tells the type of a binding in capitals (contract, 20).
func (v values) participant(p twilio.Participant) {
	v["ConversationSid"] = p.ConversationSID
	v["ParticipantSid"] = p.SID
	v["Identity"] = orEmpty(p.Identity)
	v["RoleSid"] = orEmpty(p.RoleSID)
	v["Attributes"] = p.Attributes
	v["DateCreated"], v["DateUpdated"] = p.DateCreated, p.DateUpdated
	if p.LastReadMessageIndex != nil {
		v["LastReadMessageIndex"] = strconv.FormatInt(*p.LastReadMessageIndex, 10)
	}
	v["MessagingBinding.Type"] = "CHAT"
	if b := p.MessagingBinding; b != nil {
		v["MessagingBinding.Type"] = strings.ToUpper(b.Type)
		v["MessagingBinding.Address"] = b.Address
		v["MessagingBinding.ProxyAddress"] = b.ProxyAddress
		v["MessagingBinding.ProjectedAddress"] = b.ProjectedAddress
	}
}

func (v values) message(m conversations.Message) {
	shown := twilio.Scope{}.Message(m, receipts.Counts{})
	v["ConversationSid"] = shown.ConversationSID
	v["MessageSid"] = shown.SID
	v["Index"] = strconv.FormatInt(shown.Index, 10)
	v["Body"] = orEmpty(shown.Body)
	v["Author"] = shown.Author
	v["ParticipantSid"] = orEmpty(shown.ParticipantSID)
	v["Attributes"] = shown.Attributes
	v["Media"] = mediaList(m.Media)
	v["DateCreated"], v["DateUpdated"] = shown.DateCreated, shown.DateUpdated
}

// receipt tells of a delivery without an error the code 0, as the reference's
// receipts have it.
func (v values) receipt(r twilio.Receipt) {
	v["ConversationSid"] = r.ConversationSID
	v["MessageSid"] = r.MessageSID
	v["DeliveryReceiptSid"] = r.SID
	v["ChannelMessageSid"] = orEmpty(r.ChannelMessageSID)
	v["ParticipantSid"] = r.ParticipantSID
	v["Status"] = orEmpty(r.Status)
	v["ErrorCode"] = "0"
	if r.ErrorCode != nil {
		v["ErrorCode"] = strconv.Itoa(*r.ErrorCode)
	}
	v["DateCreated"], v["DateUpdated"] = r.DateCreated, r.DateUpdated
}

// user tells of a user whose reachability is not known that it is not reached.
func (v values) user(u twilio.User) {
	v["ChatServiceSid"] = u.ChatServiceSID
	v["UserSid"] = u.SID
	v["Identity"] = u.Identity
	v["RoleSid"] = u.RoleSID
	v["FriendlyName"] = orEmpty(u.FriendlyName)
	v["Attributes"] = u.Attributes
	v["DateCreated"], v["DateUpdated"] = u.DateCreated, u.DateUpdated
	v["isOnline"] = strconv.FormatBool(u.IsOnline != nil && *u.IsOnline)
	v["isNotifiable"] = strconv.FormatBool(u.IsNotifiable != nil && *u.IsNotifiable)
}

// origin is of a conversation that a message has made. Of a group text the other
// addresses are a list, separated by commas.
func (v values) origin(addresses []conversations.Address) {
	switch {
	case len(addresses) == 2:
		v["MessagingBinding.Address"], v["MessagingBinding.ProxyAddress"] = string(addresses[0]), string(addresses[1])
	case len(addresses) > 2:
		others := make([]string, 0, len(addresses)-1)
		for _, a := range addresses[1:] {
			others = append(others, string(a))
		}
		v["MessagingBinding.AuthorAddress"], v["MessagingBinding.Address"] = string(addresses[0]), strings.Join(others, ",")
	}
}

// change is how the state of a conversation changed; before may be nil.
func (v values) change(before *conversations.Conversation, after conversations.Conversation, why conversations.StateReason, at time.Time) {
	v["StateTo"], v["Reason"], v["StateUpdated"] = string(after.State), string(why), twilio.Date(at)
	if before != nil {
		v["StateFrom"] = string(before.State)
	}
}

// attached is a file of a message as a webhook is told of it.
type attached struct {
	SID         string  `json:"Sid"`
	Filename    *string `json:"Filename"`
	ContentType string  `json:"ContentType"`
	Size        int64   `json:"Size"`
}

// mediaList is a JSON array of files; empty where there is none.
func mediaList(files []conversations.Media) string {
	if len(files) == 0 {
		return ""
	}
	shown := twilio.Scope{}.Message(conversations.Message{Media: files}, receipts.Counts{})
	list := make([]attached, len(files))
	for i, f := range shown.Media {
		list[i] = attached{SID: f.SID, Filename: f.Filename, ContentType: f.ContentType, Size: f.Size}
	}
	encoded, _ := json.Marshal(list) // strings and numbers always can be
	return string(encoded)
}

// orEmpty is a text that may be missing.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
