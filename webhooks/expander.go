package webhooks

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"bridged/conversations"
)

// Directory is where the Expander learns who listens.
type Directory interface {
	Configuration(ctx context.Context) (conversations.Configuration, error)
	Service(ctx context.Context, id conversations.ServiceID) (conversations.Service, error)
	// HookSites returns those of the conversations that there are, or were until a
	// while ago.
	HookSites(ctx context.Context, ids []conversations.ConversationID) (map[conversations.ConversationID]conversations.HookSite, error)
}

// Expander says who is to hear of what has happened. It is safe for concurrent use.
type Expander struct {
	account   string
	directory Directory
	wanted    map[conversations.EventType]bool
}

// NewExpander makes an Expander for the account with a SID.
func NewExpander(account string, directory Directory) *Expander {
	x := &Expander{account: account, directory: directory, wanted: make(map[conversations.EventType]bool)}
	for _, t := range conversations.WebhookEvents() {
		x.wanted[t] = true
	}
	return x
}

// Wants says whether somebody may be listening to an event.
func (x *Expander) Wants(e conversations.Event) bool { return e.Webhooks && x.wanted[e.Type] }

// Expand returns what the listeners are to hear of events, which come in their order
// and with their resources: one notice for each listener that wants an event.
func (x *Expander) Expand(ctx context.Context, events []conversations.Event) ([]conversations.Notice, error) {
	events = slices.DeleteFunc(slices.Clone(events), func(e conversations.Event) bool { return !x.Wants(e) })
	if len(events) == 0 {
		return nil, nil
	}
	b := batch{Expander: x, services: make(map[conversations.ServiceID]*conversations.Webhooks)}
	if err := b.read(ctx, events); err != nil {
		return nil, err
	}
	for _, e := range events {
		if err := b.expand(ctx, e); err != nil {
			return nil, err
		}
	}
	return b.notices, nil
}

// batch is the expansion of some events, with what was read for them.
type batch struct {
	*Expander
	configuration conversations.Configuration
	sites         map[conversations.ConversationID]conversations.HookSite
	services      map[conversations.ServiceID]*conversations.Webhooks // nil: they have none of their own
	notices       []conversations.Notice
}

// read reads what many events need at once.
func (b *batch) read(ctx context.Context, events []conversations.Event) (err error) {
	if b.configuration, err = b.directory.Configuration(ctx); err != nil {
		return err
	}
	var ids []conversations.ConversationID
	for _, e := range events {
		if e.Conversation != "" {
			ids = append(ids, e.Conversation)
		}
	}
	slices.Sort(ids)
	b.sites, err = b.directory.HookSites(ctx, slices.Compact(ids))
	return err
}

// expand adds the notices of one event: of the account or its service (contract,
// 19), and of the webhooks of its conversation.
func (b *batch) expand(ctx context.Context, e conversations.Event) error {
	site := b.sites[e.Conversation]
	if e.After.User != nil {
		site.Service = e.After.User.Service
	}
	if e.After.Conversation != nil {
		// It knows best where it was at that time.
		site.Service, site.MessagingService = e.After.Conversation.Service, e.After.Conversation.MessagingService
	}
	form := formOf{account: b.account, event: e, scene: site.Scene}
	listener, webhooks := conversations.AccountListener(b.account), &b.configuration.Webhooks
	own, err := b.webhooksOf(ctx, site.Service)
	if err != nil {
		return err
	}
	if own != nil {
		listener, webhooks = conversations.ServiceListener(site.Service), own
	}
	if webhooks.PostURL != "" && e.Seq > webhooks.After && slices.Contains(webhooks.Filters, e.Type) {
		b.add(&form, conversations.Notice{Listener: listener})
	}
	for _, w := range site.Webhooks {
		if e.Seq > w.After && w.Hears(e) {
			b.add(&form, conversations.Notice{Listener: conversations.ScopedListener(w.ID), Webhook: w.ID})
		}
	}
	return nil
}

// webhooksOf returns the webhooks that a service has in place of the account's; nil
// where it has none.
func (b *batch) webhooksOf(ctx context.Context, id conversations.ServiceID) (*conversations.Webhooks, error) {
	if id == "" {
		return nil, nil //nolint:nilnil // it has none
	}
	if w, known := b.services[id]; known {
		return w, nil
	}
	s, err := b.directory.Service(ctx, id)
	if err != nil && !conversations.NotFound.Is(err) {
		return nil, err
	}
	b.services[id] = s.Webhooks
	return s.Webhooks, nil
}

// add adds a notice of an event to somebody who wants it.
func (b *batch) add(form *formOf, n conversations.Notice) {
	text := form.text()
	if text == "" {
		return
	}
	e := form.event
	n.Service, n.Conversation, n.Event, n.At, n.Since = form.scene.Service, e.Conversation, e.Type, e.At, e.At
	if e.Conversation == "" && e.After.User != nil {
		n.User = e.After.User.ID
	}
	n.Form = text
	n.Token = conversations.IdempotencyToken(string(n.Listener), strconv.FormatInt(e.Seq, 10))
	b.notices = append(b.notices, n)
}

// formOf renders the parameters of an event once, for whoever wants it.
type formOf struct {
	account  string
	event    conversations.Event
	scene    conversations.Scene
	rendered bool
	encoded  string
}

// text are the parameters as a form; empty for an event of which no webhook hears.
func (f *formOf) text() string {
	if !f.rendered {
		f.encoded, f.rendered = Parameters(f.account, f.event, f.scene).Encode(), true
	}
	return f.encoded
}

// readForm reads the parameters of a notice back.
func readForm(n conversations.Notice) (url.Values, error) {
	form, err := url.ParseQuery(n.Form)
	if err != nil {
		return nil, fmt.Errorf("read what a listener is to hear: %w", err)
	}
	return form, nil
}
