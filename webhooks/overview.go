package webhooks

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"bridged/conversations"
)

// Overview shows operators who listens, and how that goes.
type Overview struct {
	dispatcher *Dispatcher
	rows       OverviewRows
}

// OverviewRows are what an Overview reads of the store.
type OverviewRows interface {
	// HookedServices returns the services that have webhooks of their own.
	HookedServices(ctx context.Context) ([]conversations.Service, error)
	// Backlog returns how many tasks of a topic wait for each listener, most first.
	Backlog(ctx context.Context, topic string, limit int) ([]conversations.WebhookBacklog, error)
	// WebhookByID returns a webhook, of whichever conversation it is.
	WebhookByID(ctx context.Context, id conversations.WebhookID) (conversations.Webhook, error)
}

// mostListed is how many listeners are listed for their backlog.
const mostListed = 1000

// topic is that of the notices' tasks.
const topic = "webhooks"

// NewOverview makes an Overview of what a Dispatcher does.
func NewOverview(d *Dispatcher, rows OverviewRows) *Overview { return &Overview{d, rows} }

// List returns the account and the services that have webhooks, and those webhooks of
// single conversations for which something waits or which this process has called. It
// knows of the calls of this process only.
func (o *Overview) List(ctx context.Context) ([]conversations.WebhookTargetState, error) {
	backlog, err := o.rows.Backlog(ctx, topic, mostListed)
	if err != nil {
		return nil, err
	}
	found, err := o.standing(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[conversations.WebhookListener]bool)
	for _, f := range found {
		known[f.Listener] = true
	}
	var scoped []conversations.WebhookTargetState
	add := func(l conversations.WebhookListener) error {
		if known[l] {
			return nil
		}
		known[l] = true
		s, err := o.state(ctx, l)
		if conversations.NotFound.Is(err) {
			return nil // its tasks will end
		}
		if err == nil {
			scoped = append(scoped, s)
		}
		return err
	}
	for _, b := range backlog {
		if err := add(b.Listener); err != nil {
			return nil, err
		}
	}
	for _, l := range o.dispatcher.stats.listeners() {
		if err := add(l); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(scoped, func(a, b conversations.WebhookTargetState) int { return cmp.Compare(a.Listener, b.Listener) })
	found = append(found, scoped...)
	for i := range found {
		addBacklog(&found[i], backlog)
	}
	return found, nil
}

// standing are the account and the services.
func (o *Overview) standing(ctx context.Context) (list []conversations.WebhookTargetState, err error) {
	account := conversations.AccountListener(o.dispatcher.cfg.Account)
	s, err := o.state(ctx, account)
	if err != nil && !conversations.NotFound.Is(err) {
		return nil, err
	}
	if err == nil {
		list = append(list, s)
	}
	services, err := o.rows.HookedServices(ctx)
	for _, s := range services {
		if t, err := ofService(s); err == nil {
			list = append(list, o.stateOf(conversations.ServiceListener(s.ID), t))
		}
	}
	return list, err
}

// Fetch returns one listener, or conversations.NotFound where it does not listen.
func (o *Overview) Fetch(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error) {
	s, err := o.state(ctx, l)
	if err != nil {
		return s, err
	}
	backlog, err := o.rows.Backlog(ctx, topic, mostListed)
	addBacklog(&s, backlog)
	return s, err
}

// Resume has a listener called again now, whose breaker keeps calls from it.
func (o *Overview) Resume(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error) {
	t, err := o.find(ctx, l)
	if err != nil {
		return conversations.WebhookTargetState{}, err
	}
	freed := o.dispatcher.endpoints.of(t.endpoint()).resume()
	freed[l] = true
	o.dispatcher.cfg.Hurry(freed)
	return o.Fetch(ctx, l)
}

// Test tells a listener of a message that there is not: its text says so, and its
// parameter Test is true. That is no part of what waits for it.
func (o *Overview) Test(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTrial, error) {
	t, err := o.find(ctx, l)
	if err != nil {
		return conversations.WebhookTrial{}, err
	}
	d := o.dispatcher
	now, body := d.cfg.Now(), "This is a test of bridged. No message was sent."
	m := conversations.Message{
		ID: conversations.NewID[conversations.MessageID](now), Conversation: cmp.Or(t.conversation, nowhere),
		Author: conversations.AuthorSystem, Body: &body, Attributes: "{}", Created: now, Updated: now,
	}
	form := Parameters(d.cfg.Account, conversations.Event{
		Type: conversations.MessageAdded, Conversation: m.Conversation, Source: conversations.SourceAPI,
		After: conversations.Resource{Message: &m}, At: now,
	}, conversations.Scene{Service: t.service})
	form.Set("Test", "true")
	call, answer := d.call(ctx, t, conversations.Notice{
		Listener: l, Event: conversations.MessageAdded, Token: conversations.IdempotencyToken(string(l), rand.Text()),
	}, form, 0)
	return conversations.WebhookTrial{Call: call, URL: conversations.MaskURL(t.url), ContentType: answer.ContentType, Body: answer.Body}, nil
}

// nowhere is the conversation of a test of those who listen to more than one.
const nowhere = conversations.ConversationID("00000000000000000000000000000000")

// find returns where a listener is.
func (o *Overview) find(ctx context.Context, l conversations.WebhookListener) (target, error) {
	t := o.dispatcher.targets
	id := strings.ToLower(string(l[min(2, len(l)):]))
	switch {
	case l == conversations.AccountListener(o.dispatcher.cfg.Account):
		return t.look(ctx, conversations.Notice{Listener: l})
	case strings.HasPrefix(string(l), "IS"):
		return t.look(ctx, conversations.Notice{Listener: l, Service: conversations.ServiceID(id)})
	case strings.HasPrefix(string(l), "WH"):
		w, err := o.rows.WebhookByID(ctx, conversations.WebhookID(id))
		if err != nil {
			return target{}, err
		}
		return t.ofWebhook(w)
	}
	return target{}, nobody()
}

func (o *Overview) state(ctx context.Context, l conversations.WebhookListener) (conversations.WebhookTargetState, error) {
	t, err := o.find(ctx, l)
	if err != nil {
		return conversations.WebhookTargetState{}, err
	}
	return o.stateOf(l, t), nil
}

// stateOf is how the calls of a listener go.
func (o *Overview) stateOf(l conversations.WebhookListener, t target) conversations.WebhookTargetState {
	s := conversations.WebhookTargetState{
		Listener: l, Kind: t.kind, Conversation: t.conversation, URL: conversations.MaskURL(t.url), Method: t.method,
	}
	s.Health, s.NextProbe, _ = o.dispatcher.endpoints.of(t.endpoint()).state()
	if r, ok := o.dispatcher.stats.of(l); ok {
		s.Last, s.Succeeded, s.Failed = &r.last, r.succeeded, r.failed
	}
	return s
}

func addBacklog(s *conversations.WebhookTargetState, backlog []conversations.WebhookBacklog) {
	for _, b := range backlog {
		if b.Listener == s.Listener {
			s.Backlog, s.Oldest = b.Count, b.First.At
		}
	}
}
