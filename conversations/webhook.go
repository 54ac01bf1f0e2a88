package conversations

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Changes that are about to be made. Only the webhooks of pre-action events hear
// of them (page 33); nothing records them.
const (
	ConversationAdd    EventType = "onConversationAdd"
	ConversationUpdate EventType = "onConversationUpdate"
	ConversationRemove EventType = "onConversationRemove"
	ParticipantAdd     EventType = "onParticipantAdd"
	ParticipantUpdate  EventType = "onParticipantUpdate"
	ParticipantRemove  EventType = "onParticipantRemove"
	MessageAdd         EventType = "onMessageAdd"
	MessageUpdate      EventType = "onMessageUpdate"
	MessageRemove      EventType = "onMessageRemove"
	UserUpdate         EventType = "onUserUpdate"
)

// WebhookEvents are the events that the webhooks of an account or a service can
// ask for (pages 12 and 28).
func WebhookEvents() []EventType {
	return append(ConversationEvents(),
		ConversationAdd, ConversationUpdate, ConversationRemove, ConversationAdded,
		ParticipantAdd, ParticipantUpdate, ParticipantRemove,
		MessageAdd, MessageUpdate, MessageRemove,
		UserAdded, UserUpdate, UserUpdated)
}

// ConversationEvents are those that the webhooks of one conversation can ask for
// (page 13; contract, 21).
func ConversationEvents() []EventType {
	return []EventType{
		MessageAdded, MessageUpdated, MessageRemoved,
		ConversationUpdated, ConversationState, ConversationRemoved,
		ParticipantAdded, ParticipantUpdated, ParticipantRemoved, DeliveryUpdated,
	}
}

// Webhooks are who is told of the changes in a whole account or service (pages
// 12 and 28).
type Webhooks struct {
	Method  string // GET or POST; empty where it was never set
	Filters []EventType
	PreURL  string // empty: nobody is asked
	PostURL string // empty: nobody is told
	Target  string // "webhook" or "flex"; empty where it was never set
	// After is the last event before PostURL was set: it hears of those after it.
	After int64
}

// WebhookTarget is what kind of listener a conversation's webhook has (page 13).
type WebhookTarget string

// The targets.
const (
	TargetWebhook WebhookTarget = "webhook" // events, to a URL
	TargetTrigger WebhookTarget = "trigger" // messages with a keyword, to a URL
	TargetStudio  WebhookTarget = "studio"  // to a flow
)

// Webhook is a listener of one conversation (page 13).
type Webhook struct {
	Seq              int64
	ID               WebhookID
	Conversation     ConversationID
	Target           WebhookTarget
	URL              string
	Method           string // GET or POST
	Filters          []EventType
	Triggers         []string
	Flow             string // the SID of a flow
	Retries          int    // how often a flow is called again; 0: for as long as others
	ReplayAfter      *int64 // messages from this index on are told anew
	After            int64  // it hears of the events with a higher number
	Created, Updated time.Time
}

// HearsMessages says whether it can hear of new messages.
func (w Webhook) HearsMessages() bool {
	return w.Target != TargetWebhook || slices.Contains(w.Filters, MessageAdded)
}

// Hears says whether it is to hear of an event (page 13; contract, 21): a flow and a
// webhook with keywords hear of new messages only, those of which has one of the
// keywords as a whole word.
func (w Webhook) Hears(e Event) bool {
	switch w.Target {
	case TargetWebhook:
		return slices.Contains(w.Filters, e.Type)
	case TargetStudio:
		return e.Type == MessageAdded
	case TargetTrigger:
		m := e.After.Message
		return e.Type == MessageAdded && m != nil && m.Body != nil &&
			slices.ContainsFunc(w.Triggers, func(keyword string) bool { return hasWord(*m.Body, keyword) })
	}
	return false
}

// hasWord says whether a text has a keyword as a whole word, or as several whole
// words in a row, whatever the case.
func hasWord(text, keyword string) bool {
	words, wanted := wordsOf(text), wordsOf(keyword)
	if len(wanted) == 0 { // it is made of signs, such as "!"
		keyword = strings.TrimSpace(keyword)
		return keyword != "" && strings.Contains(text, keyword)
	}
	for i := range words {
		if len(words)-i >= len(wanted) && slices.EqualFunc(words[i:i+len(wanted)], wanted, strings.EqualFold) {
			return true
		}
	}
	return false
}

// wordsOf are the runs of letters, marks and digits in a text.
func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
}

// CheckURL refuses what is no absolute HTTP URL. Name is the parameter that it
// came in.
func CheckURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsFunc(text, isSpaceOrControl) {
		return Refuse(InvalidParameter, "%s must be an absolute http or https URL", name)
	}
	return nil
}

// isSpaceOrControl says whether a character can be in no URL, not even in the fragment,
// where package url takes all of them.
func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }
