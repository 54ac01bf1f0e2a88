package webhooks_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
	"bridged/webhooks"
)

func of[T any](v T) *T { return &v }

func conversation() conversations.Conversation {
	return conversations.Conversation{
		ID: cc, Service: aa, MessagingService: bb, FriendlyName: of("Friend & Co"), UniqueName: of("unique"),
		Attributes: `{"a":1}`, State: conversations.StateInactive, Created: made, Updated: changed,
	}
}

func participant() conversations.Participant {
	return conversations.Participant{
		ID: dd, Conversation: cc, Identity: of("alice"), Attributes: `{"b":2}`, Role: of(conversations.RoleID(aa)),
		Binding:       &conversations.Binding{Address: "whatsapp:+15550000001", Proxy: "whatsapp:+15559990001", Projected: "+15559990002"},
		LastReadIndex: of(int64(0)), Created: made, Updated: changed,
	}
}

func message() conversations.Message {
	return conversations.Message{
		ID: dd, Conversation: cc, Index: 7, Author: "alice", Participant: of(conversations.ParticipantID(aa)), Body: of("héllo"),
		Media: []conversations.Media{
			{ID: aa, ContentType: "image/png", Filename: "a.png", Size: 12},
			{ID: bb, ContentType: "text/vcard", URL: "https://carrier.example.com/secret", ProviderID: "p", State: conversations.MediaFetching},
		},
		Created: made, Updated: changed,
	}
}

func delivery() conversations.Delivery {
	return conversations.Delivery{
		ID: bb, Conversation: cc, Message: dd, Participant: aa, Channel: "sms", Address: "+15550000001", Proxy: "+15559990001",
		Status: conversations.StatusFailed, ErrorCode: 30005, ProviderID: "SM" + aa, Created: made, Updated: changed,
	}
}

func user() conversations.User {
	return conversations.User{
		ID: dd, Service: aa, Identity: "alice", FriendlyName: of("Alice"), Attributes: `{"c":3}`, Role: bb, Created: made, Updated: changed,
	}
}

const mediaText = `[{"Sid":"ME` + aa + `","Filename":"a.png","ContentType":"image/png","Size":12},` +
	`{"Sid":"ME` + bb + `","Filename":null,"ContentType":"text/vcard","Size":0}]`

// form is what is told with the parameters of every event.
func form(event, source string, more url.Values) url.Values {
	more.Set("AccountSid", account)
	more.Set("EventType", event)
	more.Set("Source", source)
	return more
}

// telling is an event with what is told of it.
type telling struct {
	event conversations.Event
	want  url.Values
}

func TestWhatIsToldOfAChange(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string]telling{
		tellingsOfConversations(), tellingsOfParticipants(), tellingsOfDeliveries(), tellingsOfOthers(),
	} {
		for name, c := range table {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				assert.Equal(t, c.want, webhooks.Parameters(account, c.event, scene))
			})
		}
	}
}

func tellingsOfConversations() map[string]telling {
	state := conversation()
	state.State = conversations.StateActive
	return map[string]telling{
		"a conversation that a message made": {
			conversations.Event{
				Type: conversations.ConversationAdded, Source: "SMS", By: "+15550000001", Origin: pair(), At: now,
				After: conversations.Resource{Conversation: of(conversation())},
			},
			form("onConversationAdded", "SMS", url.Values{
				"ConversationSid": {"CH" + cc}, "ChatServiceSid": {"IS" + aa}, "MessagingServiceSid": {"MG" + bb},
				"FriendlyName": {"Friend & Co"}, "UniqueName": {"unique"}, "Attributes": {`{"a":1}`}, "State": {"inactive"},
				"DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"},
				"MessagingBinding.Address": {"+15550000001"}, "MessagingBinding.ProxyAddress": {"+15559990001"},
			}),
		},
		"a conversation that a group text made": {
			conversations.Event{
				Type: conversations.ConversationAdded, Source: "MMS", Origin: group(), At: now,
				After: conversations.Resource{Conversation: &conversations.Conversation{
					ID: cc, Service: aa, State: conversations.StateActive, Created: made, Updated: made,
				}},
			},
			form("onConversationAdded", "MMS", url.Values{
				"ConversationSid": {"CH" + cc}, "ChatServiceSid": {"IS" + aa}, "MessagingServiceSid": {""},
				"Attributes": {"{}"}, "State": {"active"},
				"DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T05:06:07Z"},
				"MessagingBinding.AuthorAddress": {"+15550000001"}, "MessagingBinding.Address": {"+15559990001,+15550000002"},
			}),
		},
		"a change of state": {
			conversations.Event{
				Type: conversations.ConversationState, Conversation: cc, Source: conversations.SourceSystem, Reason: conversations.ReasonTimer, At: now,
				After:  conversations.Resource{Conversation: of(conversation())},
				Before: conversations.Resource{Conversation: &state},
			},
			form("onConversationStateUpdated", "SYSTEM", url.Values{
				"ConversationSid": {"CH" + cc}, "ChatServiceSid": {"IS" + aa}, "MessagingServiceSid": {"MG" + bb},
				"StateFrom": {"active"}, "StateTo": {"inactive"}, "Reason": {"TIMER"}, "StateUpdated": {"2026-03-05T00:02:03Z"},
			}),
		},
	}
}

func tellingsOfParticipants() map[string]telling {
	chat, sms, inGroup := participant(), participant(), participant()
	chat.Binding = nil
	sms.Identity, sms.Binding = nil, &conversations.Binding{Address: "+15550000001", Proxy: "+15559990001"}
	inGroup.Binding = &conversations.Binding{Projected: "+15559990002"}
	return map[string]telling{
		"a chat participant": {
			added(chat), form("onParticipantAdded", "API", url.Values{
				"ConversationSid": {"CH" + cc}, "ParticipantSid": {"MB" + dd}, "DateCreated": {"2026-03-04T05:06:07Z"},
				"Identity": {"alice"}, "RoleSid": {"RL" + aa}, "Attributes": {`{"b":2}`}, "MessagingBinding.Type": {"CHAT"},
			}),
		},
		"a participant on SMS": {
			added(sms), form("onParticipantAdded", "API", url.Values{
				"ConversationSid": {"CH" + cc}, "ParticipantSid": {"MB" + dd}, "DateCreated": {"2026-03-04T05:06:07Z"},
				"RoleSid": {"RL" + aa}, "Attributes": {`{"b":2}`}, "MessagingBinding.Type": {"SMS"},
				"MessagingBinding.Address": {"+15550000001"}, "MessagingBinding.ProxyAddress": {"+15559990001"},
			}),
		},
		"a chat participant of a group text": {
			added(inGroup), form("onParticipantAdded", "API", url.Values{
				"ConversationSid": {"CH" + cc}, "ParticipantSid": {"MB" + dd}, "DateCreated": {"2026-03-04T05:06:07Z"},
				"Identity": {"alice"}, "RoleSid": {"RL" + aa}, "Attributes": {`{"b":2}`}, "MessagingBinding.Type": {"SMS"},
				"MessagingBinding.ProjectedAddress": {"+15559990002"},
			}),
		},
	}
}

func tellingsOfDeliveries() map[string]telling {
	waiting := delivery()
	waiting.ErrorCode, waiting.ProviderID, waiting.Status = 0, "", conversations.StatusSent
	return map[string]telling{
		"a failed delivery": {
			conversations.Event{Type: conversations.DeliveryUpdated, Source: "SMS", After: conversations.Resource{Delivery: of(delivery())}},
			form("onDeliveryUpdated", "SMS", url.Values{
				"ConversationSid": {"CH" + cc}, "ChatServiceSid": {"IS" + aa}, "MessageSid": {"IM" + dd}, "DeliveryReceiptSid": {"DY" + bb},
				"ChannelMessageSid": {"SM" + aa}, "ParticipantSid": {"MB" + aa}, "Status": {"failed"}, "ErrorCode": {"30005"},
				"DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"},
			}),
		},
		"a sent delivery": {
			conversations.Event{Type: conversations.DeliveryUpdated, Source: "SMS", After: conversations.Resource{Delivery: &waiting}},
			form("onDeliveryUpdated", "SMS", url.Values{
				"ConversationSid": {"CH" + cc}, "ChatServiceSid": {"IS" + aa}, "MessageSid": {"IM" + dd}, "DeliveryReceiptSid": {"DY" + bb},
				"ChannelMessageSid": {""}, "ParticipantSid": {"MB" + aa}, "Status": {"sent"}, "ErrorCode": {"0"},
				"DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"},
			}),
		},
	}
}

func tellingsOfOthers() map[string]telling {
	return map[string]telling{
		"a removed message": {
			conversations.Event{
				Type: conversations.MessageRemoved, Conversation: cc, Source: conversations.SourceSDK, By: "bob", At: now,
				After: conversations.Resource{Message: of(message())},
			},
			form("onMessageRemoved", "SDK", url.Values{
				"ClientIdentity": {"bob"}, "ConversationSid": {"CH" + cc}, "MessageSid": {"IM" + dd}, "Index": {"7"},
				"Body": {"héllo"}, "Author": {"alice"}, "ParticipantSid": {"MB" + aa}, "Attributes": {"{}"}, "Media": {mediaText},
				"DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"}, "DateRemoved": {"2026-03-05T00:02:03Z"},
			}),
		},
		"a user": {
			conversations.Event{Type: conversations.UserUpdated, Source: conversations.SourceAPI, After: conversations.Resource{User: of(user())}},
			form("onUserUpdated", "API", url.Values{
				"ChatServiceSid": {"IS" + aa}, "UserSid": {"US" + dd}, "Identity": {"alice"}, "RoleSid": {"RL" + bb}, "FriendlyName": {"Alice"},
				"Attributes": {`{"c":3}`}, "DateCreated": {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"},
				"isOnline": {"false"}, "isNotifiable": {"false"},
			}),
		},
	}
}

func added(p conversations.Participant) conversations.Event {
	return conversations.Event{
		Type: conversations.ParticipantAdded, Conversation: cc, Source: conversations.SourceAPI, At: now,
		After: conversations.Resource{Participant: &p},
	}
}

func TestWhatAPreActionWebhookIsAsked(t *testing.T) {
	t.Parallel()
	first, fresh := message(), message()
	fresh.ID, fresh.Conversation = "", ""
	made := conversation()
	made.ID, made.UniqueName = "", nil
	for name, c := range map[string]struct {
		proposal conversations.Proposal
		want     url.Values
	}{
		"a conversation that a message is to make": {
			conversations.Proposal{
				Type: conversations.ConversationAdd, Source: "SMS", By: "+15550000001", Scene: scene, Origin: pair(), First: &first,
				Resource: conversations.Resource{Conversation: &made},
			},
			form("onConversationAdd", "SMS", url.Values{
				"ChatServiceSid": {"IS" + aa}, "MessagingServiceSid": {"MG" + bb}, "FriendlyName": {"Friend & Co"}, "UniqueName": {""},
				"Attributes": {`{"a":1}`}, "State": {"inactive"}, "MessageBody": {"héllo"}, "Media": {mediaText},
				"MessagingBinding.Address": {"+15550000001"}, "MessagingBinding.ProxyAddress": {"+15559990001"},
			}),
		},
		"a new message": {
			conversations.Proposal{
				Type: conversations.MessageAdd, Source: conversations.SourceSDK, By: "alice", Scene: scene, Conversation: cc,
				Resource: conversations.Resource{Message: &fresh},
			},
			form("onMessageAdd", "SDK", url.Values{
				"ClientIdentity": {"alice"}, "ConversationSid": {"CH" + cc}, "Body": {"héllo"}, "Author": {"alice"},
				"ParticipantSid": {"MB" + aa}, "Attributes": {"{}"}, "Media": {mediaText},
			}),
		},
		"a removal": {
			conversations.Proposal{
				Type: conversations.ParticipantRemove, Source: conversations.SourceAPI, Scene: scene, Conversation: cc,
				Resource: conversations.Resource{Participant: of(participant())},
			},
			form("onParticipantRemove", "API", url.Values{
				"ConversationSid": {"CH" + cc}, "ParticipantSid": {"MB" + dd}, "Identity": {"alice"}, "RoleSid": {"RL" + aa},
				"Attributes": {`{"b":2}`}, "MessagingBinding.Type": {"WHATSAPP"},
				"MessagingBinding.Address": {"whatsapp:+15550000001"}, "MessagingBinding.ProxyAddress": {"whatsapp:+15559990001"},
				"MessagingBinding.ProjectedAddress": {"+15559990002"},
				"DateCreated":                       {"2026-03-04T05:06:07Z"}, "DateUpdated": {"2026-03-04T06:06:07Z"},
			}),
		},
		"a user": {
			conversations.Proposal{
				Type: conversations.UserUpdate, Source: conversations.SourceAPI, Scene: conversations.Scene{Service: aa},
				Resource: conversations.Resource{User: of(user())},
			},
			form("onUserUpdate", "API", url.Values{
				"ChatServiceSid": {"IS" + aa}, "UserSid": {"US" + dd}, "Identity": {"alice"}, "RoleSid": {"RL" + bb},
				"FriendlyName": {"Alice"}, "Attributes": {`{"c":3}`}, "DateUpdated": {"2026-03-04T06:06:07Z"},
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, webhooks.Asked(account, c.proposal))
		})
	}
}
