package simulator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

// Silent is the Status of a handset of whose messages nothing is ever reported.
const Silent conversations.Status = "none"

// longest bounds Delay and After: statuses in waiting take memory.
const longest = time.Hour

// maxCode is the largest error code that the reference could have.
const maxCode = 99999

// Behaviour is how a handset takes messages. The package comment says what each
// field does; the zero value is a handset that takes everything at once.
type Behaviour struct {
	Delay     time.Duration
	Status    conversations.Status // "" for delivered or, with ErrorCode, the type's failure
	ErrorCode int
	Duplicate bool
	Reorder   bool
	Refuse    *Refusal // nil for never; never changed in place
}

// Refusal is how a handset's carrier refuses sends.
type Refusal struct {
	Kind    channels.Verdict
	Code    int
	Times   int
	After   time.Duration
	Arrives bool
}

// complete fills in what is left open and says what is contradictory.
func (b Behaviour) complete(t conversations.ChannelType) (Behaviour, error) {
	switch {
	case b.Delay < 0 || b.Delay > longest:
		return b, fmt.Errorf("delay must be between 0s and %s", longest)
	case b.ErrorCode < 0 || b.ErrorCode > maxCode:
		return b, fmt.Errorf("error_code must be between 0 and %d", maxCode)
	}
	if b.Status == conversations.StatusNone {
		b.Status = defaultStatus(t, b.ErrorCode)
	}
	if err := b.checkStatus(t); err != nil {
		return b, err
	}
	if b.Refuse != nil {
		r := *b.Refuse
		b.Refuse = &r
		return b, r.check()
	}
	return b, nil
}

// defaultStatus is the last status of a message when the behaviour names none.
// The Cloud API knows failed only, the SMS carriers mostly say undelivered.
func defaultStatus(t conversations.ChannelType, errorCode int) conversations.Status {
	switch {
	case errorCode == 0:
		return conversations.StatusDelivered
	case t == typeWhatsApp:
		return conversations.StatusFailed
	}
	return conversations.StatusUndelivered
}

func (b Behaviour) checkStatus(t conversations.ChannelType) error {
	switch b.Status {
	case conversations.StatusFailed, conversations.StatusUndelivered:
		if b.ErrorCode == 0 {
			return fmt.Errorf("status %s needs an error_code", b.Status)
		}
		return nil
	case conversations.StatusRead:
		if t != typeWhatsApp {
			return errors.New("status read is for WhatsApp only: SMS has no read receipts")
		}
	case Silent, conversations.StatusSent, conversations.StatusDelivered:
	default:
		return errors.New("status must be none, sent, delivered, read, undelivered or failed")
	}
	if b.ErrorCode != 0 {
		return errors.New("with an error_code, status must be undelivered or failed, or be left out")
	}
	return nil
}

func (r Refusal) check() error {
	switch {
	case r.Code < 0 || r.Code > maxCode:
		return fmt.Errorf("refuse.code must be between 0 and %d", maxCode)
	case r.Times < 0:
		return errors.New("refuse.times must not be negative")
	case r.After < 0 || r.After > longest:
		return fmt.Errorf("refuse.after must be between 0s and %s", longest)
	case r.After != 0 && r.Kind != channels.Throttled:
		return errors.New("refuse.after goes with the kind throttled only")
	case r.Arrives && r.Kind != channels.Unknown:
		return errors.New("refuse.arrives goes with the kind unknown only: by the other kinds the carrier does not have the message")
	}
	return nil
}

// steps returns the statuses of a message in the order in which they are reported.
func (b Behaviour) steps() []conversations.Status {
	var steps []conversations.Status
	switch b.Status {
	case Silent:
	case conversations.StatusFailed, conversations.StatusSent:
		// Failed does not imply sent (contract, 12).
		steps = []conversations.Status{b.Status}
	case conversations.StatusRead:
		steps = []conversations.Status{conversations.StatusSent, conversations.StatusDelivered, b.Status}
	default:
		steps = []conversations.Status{conversations.StatusSent, b.Status}
	}
	if b.Reorder {
		slices.Reverse(steps)
	}
	if b.Duplicate {
		twice := make([]conversations.Status, 0, 2*len(steps))
		for _, s := range steps {
			twice = append(twice, s, s)
		}
		return twice
	}
	return steps
}

// SetBehaviour replaces the behaviour of a handset. It returns the behaviour with
// its defaults filled in, or an error that says what is wrong with it.
func (c *Carrier) SetBehaviour(a conversations.Address, b Behaviour) (Behaviour, error) {
	b, err := b.complete(a.Type())
	if err != nil {
		return Behaviour{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handsets.get(a).behaviour = b
	return b, nil
}

// Behaviour returns the behaviour of a handset: of one that was never heard of,
// the default.
func (c *Carrier) Behaviour(a conversations.Address) Behaviour {
	return c.Handset(a).Behaviour
}

// reaches says whether the handset ever has a message that it takes so: one that
// fails never comes to the telephone.
func (b Behaviour) reaches() bool {
	return b.Status != conversations.StatusFailed && b.Status != conversations.StatusUndelivered
}
