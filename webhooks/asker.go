package webhooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

// freshFor is how long what is known of the webhooks is good where other processes
// may change them.
const freshFor = time.Second

// AskerConfig is what an Asker needs.
type AskerConfig struct {
	AccountSID string
	Client     Teller
	// Webhooks reads the webhooks of the account, and those of the services that have
	// some of their own.
	Webhooks func(ctx context.Context) (conversations.Webhooks, map[conversations.ServiceID]conversations.Webhooks, error)
	// Shared says that other processes may change them, without a call of Changed.
	Shared bool
	Now    func() time.Time // optional; time.Now
	Log    *slog.Logger     // optional; discards
}

// Asker asks the pre-action webhooks (page 33): those of a service, or the account's
// for a service that has none (contract, 19). It is safe for concurrent use.
type Asker struct {
	cfg     AskerConfig
	changes atomic.Int64 // counts the calls of Changed
	reading sync.Mutex   // held while the webhooks are read
	known   atomic.Pointer[askable]
}

// askable is who wants to be asked, as it was read.
type askable struct {
	account  conversations.Webhooks
	services map[conversations.ServiceID]conversations.Webhooks
	wants    func(conversations.ServiceID, conversations.EventType) bool // nil: nobody wants anything
	changes  int64                                                       // that had been made
	read     time.Time
}

// NewAsker makes an Asker.
func NewAsker(cfg AskerConfig) *Asker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Asker{cfg: cfg}
}

// Asks returns which changes of which service a webhook wants to judge now; nil where
// none wants to judge any. As long as nothing changes it reads nothing but memory; of
// what other processes change it knows within a second.
func (a *Asker) Asks(ctx context.Context) (func(conversations.ServiceID, conversations.EventType) bool, error) {
	known, err := a.current(ctx)
	if err != nil {
		return nil, err
	}
	return known.wants, nil
}

// Changed says that the webhooks of the account or of a service may have changed.
func (a *Asker) Changed() { a.changes.Add(1) }

// current is what is known of the webhooks, read anew where that is too old.
func (a *Asker) current(ctx context.Context) (*askable, error) {
	if known := a.known.Load(); a.isFresh(known) {
		return known, nil
	}
	a.reading.Lock()
	defer a.reading.Unlock()
	if known := a.known.Load(); a.isFresh(known) {
		return known, nil
	}
	// Both before it is read: what changes meanwhile is read again.
	known := &askable{changes: a.changes.Load(), read: a.cfg.Now()}
	var err error
	if known.account, known.services, err = a.cfg.Webhooks(ctx); err != nil {
		return nil, fmt.Errorf("read who is asked before a change: %w", err)
	}
	if known.anybody() {
		known.wants = func(id conversations.ServiceID, t conversations.EventType) bool { return wants(known.of(id), t) }
	}
	a.known.Store(known)
	return known, nil
}

func (a *Asker) isFresh(known *askable) bool {
	return known != nil && known.changes == a.changes.Load() && (!a.cfg.Shared || a.cfg.Now().Sub(known.read) < freshFor)
}

// of returns the webhooks of a service.
func (k *askable) of(id conversations.ServiceID) conversations.Webhooks {
	if own, ok := k.services[id]; ok {
		return own
	}
	return k.account
}

// anybody says whether anybody wants to be asked about anything.
func (k *askable) anybody() bool {
	wantsAny := func(w conversations.Webhooks) bool {
		return slices.ContainsFunc(w.Filters, func(t conversations.EventType) bool { return isBefore(t) && wants(w, t) })
	}
	if wantsAny(k.account) {
		return true
	}
	for _, w := range k.services {
		if wantsAny(w) {
			return true
		}
	}
	return false
}

// wants says whether webhooks want to be asked about a change.
func wants(w conversations.Webhooks, t conversations.EventType) bool {
	return w.PreURL != "" && slices.Contains(w.Filters, t)
}

// isBefore says whether an event is a change that is about to be made.
func isBefore(t conversations.EventType) bool {
	switch t {
	case conversations.ConversationAdd, conversations.ConversationUpdate, conversations.ConversationRemove,
		conversations.ParticipantAdd, conversations.ParticipantUpdate, conversations.ParticipantRemove,
		conversations.MessageAdd, conversations.MessageUpdate, conversations.MessageRemove, conversations.UserUpdate:
		return true
	default:
		return false
	}
}

// Before asks about a change, and waits up to 5 seconds. An answer of 4xx or 5xx
// refuses it, and so does a value of the wrong kind; both errors are a
// *conversations.Error. No answer, and one that cannot be read, leave the change as it
// is (page 33), which the operator is told. Any other error is that of the context or
// of the store.
func (a *Asker) Before(ctx context.Context, p conversations.Proposal) (conversations.Amendment, error) {
	known, err := a.current(ctx)
	if err != nil {
		return conversations.Amendment{}, err
	}
	w := known.of(p.Scene.Service)
	if !wants(w, p.Type) {
		return conversations.Amendment{}, nil // any more
	}
	method := w.Method
	if method == "" {
		method = http.MethodPost
	}
	answer, err := a.cfg.Client.Tell(ctx, method, w.PreURL, Asked(a.cfg.AccountSID, p), p.Token)
	switch {
	case answer.Status >= 400:
		return conversations.Amendment{}, conversations.Refuse(conversations.ChangeRefused,
			"the pre-action webhook answered %s with HTTP %d", p.Type, answer.Status)
	case err != nil && ctx.Err() != nil:
		return conversations.Amendment{}, ctx.Err()
	case err == nil && !answer.Good():
		err = fmt.Errorf("the webhook at %s: it answered %d", hostOf(w.PreURL), answer.Status)
	case err == nil && answer.TooLong: // what was cut off might have said otherwise
		err = fmt.Errorf("the webhook at %s: its answer is longer than 64 KiB", hostOf(w.PreURL))
	}
	var amendment conversations.Amendment
	if err == nil {
		if amendment, err = amendmentOf(p.Type, answer.Body); err == nil || conversations.InvalidParameter.Is(err) {
			return amendment, err
		}
		err = fmt.Errorf("the webhook at %s: %w", hostOf(w.PreURL), err)
	}
	a.cfg.Log.WarnContext(ctx, "a pre-action webhook gave no answer that can be read; the change is made as it is", "event", p.Type, "error", err)
	return conversations.Amendment{}, nil
}

// amendmentOf reads what an answer wants changed. Of what cannot be modified in such
// an event it takes no notice.
func amendmentOf(t conversations.EventType, body []byte) (m conversations.Amendment, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return m, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return m, errNoObject
	}
	wanted := map[string]**string{}
	switch t {
	case conversations.ConversationAdd, conversations.ConversationUpdate:
		wanted["friendly_name"] = &m.FriendlyName
	case conversations.MessageAdd, conversations.MessageUpdate:
		wanted["body"], wanted["author"], wanted["attributes"] = &m.Body, &m.Author, &m.Attributes
	default:
	}
	for name, into := range wanted {
		if json.Unmarshal(fields[name], into) != nil && fields[name] != nil {
			return conversations.Amendment{}, conversations.Refuse(conversations.InvalidParameter,
				"the pre-action webhook answered %s with a value of %s that is no string", t, name)
		}
		if *into != nil && strings.ContainsRune(**into, 0) { // not every database stores it
			return conversations.Amendment{}, conversations.Refuse(conversations.InvalidParameter,
				"the pre-action webhook answered %s with a NUL character in %s", t, name)
		}
	}
	return m, nil
}

// errNoObject is what is wrong with an answer that is not JSON, or is no object.
var errNoObject = errors.New("its answer is no JSON object")
