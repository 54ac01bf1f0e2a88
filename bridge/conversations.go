package bridge

import (
	"context"
	"slices"
	"time"

	"bridged/conversations"
)

// The shortest timers (page 35).
const (
	minTimerInactive = time.Minute
	minTimerClosed   = 10 * time.Minute
)

// CreateConversation makes a conversation of a service (page 22).
func (b *Bridge) CreateConversation(ctx context.Context, caller Caller, service conversations.ServiceID, f ConversationFields) (conversations.Conversation, error) {
	c, err := b.newConversation(caller, service, f)
	if err != nil {
		return c, err
	}
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Conversation, error) {
		made := c
		if err := b.completeConversation(tx, &made, f); err != nil {
			return made, err
		}
		if err := caller.askConversation(conversations.ConversationAdd, &made); err != nil {
			return made, err
		}
		err := b.insertConversation(tx, caller, &made)
		return made, err
	})
}

// newConversation makes a conversation of what needs no storage to be checked.
func (b *Bridge) newConversation(caller Caller, service conversations.ServiceID, f ConversationFields) (conversations.Conversation, error) {
	now := b.now()
	c := conversations.Conversation{
		ID:         conversations.NewID[conversations.ConversationID](now),
		Service:    service,
		Attributes: emptyAttributes,
		State:      conversations.StateActive,
		CreatedBy:  conversations.CreatedBySystem,
		Created:    now,
		Updated:    now,
	}
	if caller.Source == conversations.SourceSDK && caller.By != "" {
		c.CreatedBy = caller.By
	}
	if err := b.checkConversation(f); err != nil {
		return c, err
	}
	if f.State != nil && *f.State == conversations.StateClosed {
		return c, conversations.Refuse(conversations.StateInitiallyClosed, "create it as active or inactive, and close it later")
	}
	if f.Created != nil && f.Updated == nil {
		f.Updated = f.Created
	}
	apply(&c, f)
	return c, nil
}

// completeConversation gives a new conversation the account's defaults for what its
// fields leave out (page 10).
func (b *Bridge) completeConversation(tx Tx, c *conversations.Conversation, f ConversationFields) error {
	defaults, err := tx.Configuration()
	if err != nil {
		return err
	}
	if f.MessagingService == nil {
		c.MessagingService = defaults.MessagingServiceAmong(b.cfg.MessagingServices)
	}
	if f.TimerInactive == nil {
		c.Timers.Inactive = defaults.TimerInactive
	}
	if f.TimerClosed == nil {
		c.Timers.Closed = defaults.TimerClosed
	}
	c.RestartTimers(b.now())
	return nil
}

// insertConversation stores a new conversation. Where a message has made it, origin
// are its author and receivers.
func (b *Bridge) insertConversation(tx Tx, caller Caller, c *conversations.Conversation, origin ...conversations.Address) error {
	if err := tx.InsertConversation(c); err != nil {
		return err
	}
	return b.recordFrom(tx, caller, origin, conversations.ConversationAdded, c.ID,
		conversations.Resource{Conversation: c}, conversations.Resource{})
}

// UpdateConversation changes the fields that are given. A change of state
// restarts the timers, and one of a timer counts from the last activity; closing frees the pairs of all participants (page 35). A
// closed conversation is final.
func (b *Bridge) UpdateConversation(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, f ConversationFields) (conversations.Conversation, error) {
	if err := b.checkConversation(f); err != nil {
		return conversations.Conversation{}, err
	}
	c, err := judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Conversation, error) {
		before, err := openConversation(tx, service, key)
		if err != nil {
			return before, err
		}
		c := before
		c.Updated = b.now()
		apply(&c, f)
		switch {
		case c.State != before.State:
			c.RestartTimers(b.now())
		case f.TimerInactive != nil || f.TimerClosed != nil:
			c.DateTimers()
		}
		if err := caller.askConversation(conversations.ConversationUpdate, &c); err != nil {
			return c, err
		}
		if err := tx.UpdateConversation(c); err != nil {
			return c, err
		}
		after, was := conversations.Resource{Conversation: &c}, conversations.Resource{Conversation: &before}
		if err := b.record(tx, caller, conversations.ConversationUpdated, c.ID, after, was); err != nil {
			return c, err
		}
		if c.State == before.State {
			return c, nil
		}
		return c, b.changedState(tx, caller, conversations.ReasonAPI, c, before)
	})
	if due := c.Due(); err == nil && !due.IsZero() {
		b.cfg.TimersDue(due)
	}
	return c, err
}

// DeleteConversation removes a conversation with everything in it.
func (b *Bridge) DeleteConversation(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey) error {
	return removeJudged(ctx, b, caller, func(tx Tx, caller Caller) error {
		c, err := tx.FindConversation(service, key)
		if err != nil {
			return err
		}
		if err := caller.askConversation(conversations.ConversationRemove, &c); err != nil {
			return err
		}
		return b.removeConversation(tx, caller, c)
	})
}

func (b *Bridge) removeConversation(tx Tx, caller Caller, c conversations.Conversation) error {
	if err := discard(tx, c.ID, ""); err != nil {
		return err
	}
	pairs, err := tx.DeleteConversation(c.ID, b.now())
	if err != nil {
		return err
	}
	if err := b.promoteAll(tx, pairs); err != nil {
		return err
	}
	return b.record(tx, caller, conversations.ConversationRemoved, c.ID,
		conversations.Resource{Conversation: &c}, conversations.Resource{})
}

// promoteAll lets the lines go on from which deliveries were removed.
func (b *Bridge) promoteAll(tx Tx, pairKeys []string) error {
	for _, key := range pairKeys {
		if err := b.promote(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// openConversation finds a conversation that can still be changed.
func openConversation(tx Tx, service conversations.ServiceID, key conversations.ConversationKey) (conversations.Conversation, error) {
	c, err := tx.FindConversation(service, key)
	if err == nil {
		err = requireOpen(c)
	}
	return c, err
}

func requireOpen(c conversations.Conversation) error {
	switch c.State {
	case conversations.StateClosed:
		return conversations.Refuse(conversations.ConversationClosed, "a closed conversation can only be deleted")
	case conversations.StateInitializing:
		return conversations.Refuse(conversations.ConversationBusy, "its participants are being added; try again when it is active")
	case conversations.StateActive, conversations.StateInactive:
	}
	return nil
}

func apply(c *conversations.Conversation, f ConversationFields) {
	setOptional(&c.FriendlyName, f.FriendlyName)
	setOptional(&c.UniqueName, f.UniqueName)
	if c.UniqueName != nil && *c.UniqueName == "" {
		c.UniqueName = nil // an empty name takes the name away
	}
	setOptional(&c.EmailAddress, f.EmailAddress)
	setOptional(&c.EmailName, f.EmailName)
	set(&c.Attributes, f.Attributes)
	set(&c.MessagingService, f.MessagingService)
	set(&c.State, f.State)
	set(&c.Timers.Inactive, f.TimerInactive)
	set(&c.Timers.Closed, f.TimerClosed)
	set(&c.Created, f.Created)
	set(&c.Updated, f.Updated)
}

func (b *Bridge) checkConversation(f ConversationFields) error {
	return firstError(
		checkName(f.FriendlyName, conversations.FriendlyNameTooLong),
		checkName(f.UniqueName, conversations.UniqueNameTooLong),
		checkUniqueName(f.UniqueName),
		checkAttributes(f.Attributes, maxConversationAttributes),
		b.checkMessagingService(f.MessagingService),
		checkState(f.State),
		checkTimer(f.TimerInactive, minTimerInactive, conversations.TimerInactiveTooShort, conversations.TimerInactiveInvalid),
		checkTimer(f.TimerClosed, minTimerClosed, conversations.TimerClosedTooShort, conversations.TimerClosedInvalid),
	)
}

// checkUniqueName refuses a name that would be read as an ID in a URL.
func checkUniqueName(s *string) error {
	if s != nil && looksLikeSID(*s, "CH") {
		return conversations.Refuse(conversations.UniqueNameLikeSID, "choose a name that does not look like a SID")
	}
	return nil
}

func (b *Bridge) checkMessagingService(id *conversations.MessagingServiceID) error {
	if id == nil || slices.Contains(b.cfg.MessagingServices, *id) {
		return nil
	}
	return conversations.Refuse(conversations.MessagingServiceUnknown,
		"use one that the configuration's [[messaging_services]] has, or none for the default one")
}

func checkState(s *conversations.State) error {
	if s == nil {
		return nil
	}
	switch *s {
	case conversations.StateActive, conversations.StateInactive, conversations.StateClosed:
		return nil
	default:
		return conversations.Refuse(conversations.StateInvalid, "use active, inactive or closed")
	}
}

// checkTimer refuses a timer that is too short; zero turns it off.
func checkTimer(d *time.Duration, least time.Duration, tooShort, invalid conversations.Fault) error {
	switch {
	case d == nil || *d == 0 || *d >= least:
		return nil
	case *d < 0:
		return conversations.Refuse(invalid, "a timer cannot be negative")
	}
	return conversations.Refuse(tooShort, "use at least %s, or PT0S for none", least)
}
