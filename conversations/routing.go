package conversations

// RoutingRule is one of the questions that decide where an inbound message goes.
// They are asked in this order, and the first that knows decides (contract,
// routing 2).
type RoutingRule string

// The rules.
const (
	RuleReceiver         RoutingRule = "receiver"              // is it one of our numbers?
	RuleSender           RoutingRule = "sender"                // is it somebody else?
	RuleGroup            RoutingRule = "number group"          // is it to several, and do they have a live conversation?
	RuleConversation     RoutingRule = "conversation"          // is the pair in a live conversation?
	RuleAddress          RoutingRule = "address configuration" // does our number make a conversation?
	RuleMessagingService RoutingRule = "messaging service"     // does a pool with our number make one?
	RuleInboundWebhook   RoutingRule = "inbound webhook"       // does a webhook hear of what nothing else takes?
	RulePreAction        RoutingRule = "pre-action webhook"    // does a webhook refuse it? an operator who asks beforehand is not told
)

// Destination is where an inbound message goes.
type Destination string

// The destinations.
const (
	ToConversation    Destination = "conversation"     // one that is there
	ToNewConversation Destination = "new conversation" // one that is made for it
	ToWebhook         Destination = "webhook"          // the classic inbound webhook, and no conversation
	Unrouted          Destination = "unrouted"         // nowhere; an operator is shown it
	Dropped           Destination = "dropped"          // nowhere; it is what was sent from here
)

// Finding is what one rule said.
type Finding struct {
	Rule    RoutingRule
	Decides bool
	Reason  string // a sentence
}

// Routing is where an inbound message goes, and why: all rules that were asked,
// of which the last one decided.
type Routing struct {
	Destination   Destination
	Findings      []Finding
	Service       ServiceID              // of the conversation
	Conversation  ConversationID         // of ToConversation
	Participant   ParticipantID          // who writes, of ToConversation
	Configuration AddressConfigurationID // by which one is made; empty: by a messaging service
	// MessagingService is the one that a new conversation has (empty: the default
	// one) or whose webhook is called (empty: the number's own).
	MessagingService MessagingServiceID
}

// Reason is why it goes there.
func (r Routing) Reason() string {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[len(r.Findings)-1].Reason
}
