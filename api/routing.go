package api

import (
	"context"
	"net/http"
	"strconv"

	"bridged/conversations"
	"bridged/twilio"
)

// explanation says where an inbound message goes, and why. What has no meaning
// for the destination is null.
type explanation struct {
	Destination             string    `json:"destination"`
	Reason                  string    `json:"reason"`
	ChatServiceSID          *string   `json:"chat_service_sid"`
	ConversationSID         *string   `json:"conversation_sid"`
	ParticipantSID          *string   `json:"participant_sid"`
	AddressConfigurationSID *string   `json:"address_configuration_sid"`
	MessagingServiceSID     *string   `json:"messaging_service_sid"`
	Rules                   []finding `json:"rules"`
}

// finding is what one rule said. The last one of an explanation decided.
type finding struct {
	Rule    string `json:"rule"`
	Decides bool   `json:"decides"`
	Reason  string `json:"reason"`
}

// explainRouting answers where a message from From to To would go now. To may be
// there several times, for a group message.
func (s *server) explainRouting(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	from, to := q.Address("From"), twilio.Texts[conversations.Address](q, "To")
	if from == nil || to == nil {
		return reply{}, twilio.Invalid("give the addresses in From and To")
	}
	found, err := s.cfg.Bridge.Explain(c.Context(), *from, *to)
	return fetched(showRouting, found, err)
}

func showRouting(r conversations.Routing) explanation {
	shown := explanation{Destination: string(r.Destination), Reason: r.Reason(), Rules: make([]finding, len(r.Findings))}
	for i, f := range r.Findings {
		shown.Rules[i] = finding{Rule: string(f.Rule), Decides: f.Decides, Reason: f.Reason}
	}
	if r.Destination == conversations.Unrouted {
		return shown
	}
	shown.MessagingServiceSID = twilio.NullableSID(&r.MessagingService)
	if r.Destination == conversations.ToWebhook {
		return shown
	}
	shown.ChatServiceSID = twilio.NullableSID(&r.Service)
	shown.ConversationSID = twilio.NullableSID(&r.Conversation)
	shown.ParticipantSID = twilio.NullableSID(&r.Participant)
	shown.AddressConfigurationSID = twilio.NullableSID(&r.Configuration)
	return shown
}

// reroute takes an unrouted message up again.
func (s *server) reroute(c *call) (reply, error) {
	seq, err := strconv.ParseInt(c.PathValue("ID"), 10, 64)
	if err != nil {
		return reply{}, errNotFound()
	}
	return carryOut(c, http.StatusAccepted, shown(showUnrouted), func(ctx context.Context) (conversations.InboundRecord, error) {
		return s.cfg.Bridge.Reroute(ctx, seq)
	})
}
