package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"bridged/conversations"
	"bridged/twilio"
)

// WebhookTargets are those who listen to events, and how that goes.
type WebhookTargets interface {
	List(ctx context.Context) ([]conversations.WebhookTargetState, error)
	// Fetch, Resume and Test return conversations.NotFound for one who does not listen.
	Fetch(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error)
	// Resume has it called again now.
	Resume(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error)
	// Test tells it of a message that there is not.
	Test(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTrial, error)
}

// webhookTarget is one who listens to events. Its backlog is everybody's; the calls
// are those of this process.
type webhookTarget struct {
	Target          string       `json:"target"`
	Kind            string       `json:"kind"`
	ConversationSID *string      `json:"conversation_sid"`
	CalledURL       string       `json:"called_url"`
	Method          string       `json:"method"`
	Health          string       `json:"health"`
	DateNextProbe   *string      `json:"date_next_probe"`
	Backlog         int          `json:"backlog"`
	DateOldest      *string      `json:"date_oldest"`
	LastCall        *webhookCall `json:"last_call"`
	Succeeded       int64        `json:"succeeded"`
	Failed          int64        `json:"failed"`
	URL             string       `json:"url"`
}

// webhookCall is one request that was made to a listener. Its status is null where
// there was no answer, its error where it was taken.
type webhookCall struct {
	EventType    string  `json:"event_type"`
	Status       *int    `json:"status"`
	Error        *string `json:"error"`
	Milliseconds int64   `json:"milliseconds"`
	Date         string  `json:"date"`
}

// webhookTrial is what a listener answered to a test.
type webhookTrial struct {
	Target      string      `json:"target"`
	CalledURL   string      `json:"called_url"`
	Call        webhookCall `json:"call"`
	ContentType *string     `json:"content_type"`
	Body        string      `json:"body"`
}

// listenerSID is the form of a listener's name.
var listenerSID = regexp.MustCompile(`^(AC|IS|WH)[0-9a-fA-F]{32}$`)

// pathListener reads who is meant.
func pathListener(c *call) (conversations.WebhookListener, error) {
	text := c.PathValue("Target")
	if !listenerSID.MatchString(text) {
		return "", errNotFound()
	}
	return conversations.WebhookListener(text[:2] + strings.ToLower(text[2:])), nil
}

func (s *server) listTargets(c *call) (reply, error) {
	list, err := s.cfg.Targets.List(c.Context())
	if err != nil {
		return reply{}, err
	}
	shown := make([]webhookTarget, len(list))
	for i, t := range list {
		shown[i] = s.showTarget(t)
	}
	return ok(map[string][]webhookTarget{"webhooks": shown}), nil
}

func (s *server) fetchTarget(c *call) (reply, error) {
	l, err := pathListener(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Targets.Fetch(c.Context(), l)
	return fetched(s.showTarget, found, err)
}

// resumeTarget changes nothing that is stored, so that it needs no idempotency key.
func (s *server) resumeTarget(c *call) (reply, error) {
	l, err := pathListener(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Targets.Resume(c.Context(), l)
	return fetched(s.showTarget, found, err)
}

func (s *server) testTarget(c *call) (reply, error) {
	l, err := pathListener(c)
	if err != nil {
		return reply{}, err
	}
	trial, err := s.cfg.Targets.Test(c.Context(), l)
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, encode(webhookTrial{
		Target: string(l), CalledURL: trial.URL, Call: showCall(trial.Call),
		ContentType: nullable(trial.ContentType), Body: strings.ToValidUTF8(string(trial.Body), "\uFFFD"),
	})}, nil
}

func (s *server) showTarget(t conversations.WebhookTargetState) webhookTarget {
	shown := webhookTarget{
		Target:          string(t.Listener),
		Kind:            t.Kind,
		ConversationSID: twilio.NullableSID(&t.Conversation),
		CalledURL:       t.URL,
		Method:          t.Method,
		Health:          string(t.Health),
		DateNextProbe:   nullableExactDate(t.NextProbe),
		Backlog:         t.Backlog,
		DateOldest:      nullableExactDate(t.Oldest),
		Succeeded:       t.Succeeded,
		Failed:          t.Failed,
		URL:             s.operationsURL("webhooks/" + string(t.Listener)),
	}
	if t.Last != nil {
		last := showCall(*t.Last)
		shown.LastCall = &last
	}
	return shown
}

func showCall(c conversations.WebhookCall) webhookCall {
	return webhookCall{
		EventType: string(c.Event), Status: nullableCount(c.Status), Error: nullable(c.Error),
		Milliseconds: c.Took.Milliseconds(), Date: exactDate(c.At),
	}
}
