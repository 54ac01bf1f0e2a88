package conversations

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// WebhookListener is who listens: an account, a service or the webhook of one
// conversation, by its SID, which is the first word of the key of its tasks.
type WebhookListener string

// The listeners. They are the reference's SIDs because operators see them: in the
// keys of tasks and dead letters, and in the list of listeners.

// AccountListener is an account.
func AccountListener(sid string) WebhookListener { return WebhookListener(sid) }

// ServiceListener is a service that has webhooks of its own.
func ServiceListener(id ServiceID) WebhookListener { return "IS" + WebhookListener(id) }

// ScopedListener is the webhook of one conversation.
func ScopedListener(id WebhookID) WebhookListener { return "WH" + WebhookListener(id) }

// Notice is what one listener is to hear: one event, or messages anew. It is the
// payload of a task, and is complete: what is told does not depend on what happens
// after the event. Where the listener is, is looked up at the time of the call.
type Notice struct {
	Listener     WebhookListener
	Service      ServiceID      // of a listener that is a service
	Webhook      WebhookID      // of a listener that is the webhook of a conversation
	Conversation ConversationID // empty for a user
	User         UserID         // empty for a conversation
	Event        EventType
	At           time.Time // of the event
	// Since is from when on the listener has been tried: the event, or the redrive
	// after it was given up.
	Since time.Time
	// Token is the same at every try: an IdempotencyToken.
	Token string
	// Form are the parameters, encoded as a form.
	Form string
	// Replay has messages told anew in the place of one event; nil otherwise.
	Replay *Replay
}

// Key is that of the notice's task: those of one listener about one conversation, or
// about one user, are told in order.
func (n Notice) Key() string {
	return string(n.Listener) + " " + string(n.Conversation) + string(n.User)
}

// Replay is a range of a conversation's messages, by their indices (page 13).
type Replay struct {
	From  int64 // the next one that is told
	Until int64 // the first one that is not: those are events
}

// Telling is what became of an attempt to tell a notice.
type Telling struct {
	// Over says that nothing remains to be done: the listener has heard it, or is
	// there no more.
	Over bool
	// Failed says that the listener was asked and has not taken it.
	Failed bool
	// Wait is after what time it is tried again, unless it is over.
	Wait time.Duration
	// GivenUp is why it is not tried again; empty where it is.
	GivenUp string
	// Rest is what is left of the notice, where a part of it was told; nil: all.
	Rest *Notice
}

// WebhookCall is one request that was made to a listener.
type WebhookCall struct {
	Event  EventType
	At     time.Time
	Took   time.Duration
	Status int    // of HTTP; 0 where there was no answer
	Error  string // why it failed; empty where it did not
}

// WebhookHealth says whether calls are made to an endpoint.
type WebhookHealth string

// The states of an endpoint.
const (
	WebhookClosed  WebhookHealth = "closed"  // it is called
	WebhookOpen    WebhookHealth = "open"    // it has failed, and is not called for a while
	WebhookProbing WebhookHealth = "probing" // one call finds out whether it works again
)

// WebhookTargetState is what is known of one listener.
type WebhookTargetState struct {
	Listener     WebhookListener
	Kind         string // account, service, webhook, trigger or studio
	Conversation ConversationID
	URL          string // masked
	Method       string
	Health       WebhookHealth
	NextProbe    time.Time // of one that is open
	Backlog      int
	Oldest       time.Time // the event that waits longest; zero for none
	Last         *WebhookCall
	Succeeded    int64 // calls since the process has started
	Failed       int64
}

// WebhookBacklog is what waits for one listener.
type WebhookBacklog struct {
	Listener WebhookListener
	Count    int
	First    Notice // that waits longest
}

// WebhookTrial is what a listener answered to a test.
type WebhookTrial struct {
	Call        WebhookCall
	URL         string // masked
	ContentType string
	Body        []byte
}

// HookSite is a conversation as its listeners see it.
type HookSite struct {
	Scene
	Webhooks []Webhook
}

// masked stands for what people are not shown of a URL.
const masked = "xxxxx"

// MaskURL returns a URL for people: without the credentials that may be in it, and
// without the values of its query, any of which may be a secret too.
func MaskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.User != nil {
		if _, hasPassword := u.User.Password(); !hasPassword {
			u.User = url.User(masked) // a token, for all that is known
		}
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		if name, _, hasValue := strings.Cut(pair, "="); hasValue {
			pairs[i] = name + "=" + masked
		} else if pair != "" {
			pairs[i] = masked
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	return u.Redacted()
}

// IdempotencyToken names one thing that one listener is told or asked, in the form of
// a UUID: the same for the same thing, however often it is repeated (webhooks-jwt.md,
// I-Twilio-Idempotency-Token).
func IdempotencyToken(listener, what string) string {
	sum := sha256.Sum256([]byte(listener + "\x00" + what))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
