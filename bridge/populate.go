package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bridged/conversations"
)

// maxPopulation is how many participants a conversation can be made with (page
// 07).
const maxPopulation = 10

// population is the payload of a TopicPopulate task: who is to join, and what the
// conversation's state is then.
type population struct {
	Caller       Caller
	Service      conversations.ServiceID
	Conversation conversations.ConversationID
	Participants []conversations.Participant
	State        conversations.State
}

// CreateConversationWithParticipants makes a conversation and has its
// participants added after the commit: until Populate has done so it is
// initializing (page 07). Without participants it is what CreateConversation
// makes.
func (b *Bridge) CreateConversationWithParticipants(ctx context.Context, caller Caller, service conversations.ServiceID, f ConversationFields, members []ParticipantFields) (conversations.Conversation, error) {
	c, err := b.newConversation(caller, service, f)
	if err != nil {
		return c, err
	}
	if len(members) > maxPopulation {
		return c, conversations.Refuse(conversations.TooManyParticipants, "at most %d can be added in one request", maxPopulation)
	}
	task := population{Caller: caller, Service: service, Conversation: c.ID, State: c.State}
	for _, m := range members {
		p, err := b.newParticipant(m)
		if err != nil {
			return c, err
		}
		p.Conversation = c.ID
		task.Participants = append(task.Participants, p)
	}
	if len(members) > 0 {
		c.State = conversations.StateInitializing
	}
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Conversation, error) {
		made := c
		err := firstError(b.checkPopulation(tx, service, task.Participants), b.completeConversation(tx, &made, f))
		if err == nil {
			err = caller.askConversation(conversations.ConversationAdd, &made)
		}
		if err == nil {
			err = b.insertConversation(tx, caller, &made)
		}
		if err != nil || len(members) == 0 {
			return made, err
		}
		payload, err := json.Marshal(task)
		if err != nil {
			return made, err
		}
		return made, tx.Enqueue(conversations.Task{Topic: TopicPopulate, Key: string(c.ID), Payload: payload})
	})
}

// checkPopulation refuses at once what could not be added later.
func (b *Bridge) checkPopulation(tx Tx, service conversations.ServiceID, members []conversations.Participant) error {
	of, err := tx.FindService(service)
	if err != nil {
		return err
	}
	taken := make(map[string]bool)
	for i, p := range members {
		if err := firstError(checkConversationRole(tx, of, p.Role), checkGroup(members[:i], p)); err != nil {
			return err
		}
		if p.Identity != nil {
			if taken[*p.Identity] {
				return conversations.Refuse(conversations.IdentityTaken, "the same identity is given twice")
			}
			taken[*p.Identity] = true
		}
		if !p.Paired() {
			continue
		}
		key, err := matchKey(tx, p.Binding.Address, p.Binding.Proxy)
		if err != nil {
			return err
		}
		if taken[key] {
			return conversations.Refuse(conversations.Conflict, "the same address and proxy address are given twice")
		}
		taken[key] = true
		holder, err := tx.PairHolder(key)
		if err != nil {
			return err
		}
		if holder != "" {
			return &conversations.Error{Fault: conversations.PairTaken, Detail: string(holder)}
		}
	}
	return checkGroupFree(tx, members)
}

// Populate carries out the task of adding the participants that a conversation
// was made with. It becomes active when all of them are in; where one cannot be
// added, none is: it is closed, and the operator is shown why.
func (b *Bridge) Populate(ctx context.Context, task int64, payload []byte) error {
	var p population
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("decode the participants to add: %w", err)
	}
	err := b.inquire(ctx, p.Caller, func(caller Caller) error {
		caller.seed("populate " + string(p.Conversation))
		return b.commit(ctx, func(tx Tx) error {
			return b.settlePopulation(tx, task, p, func(c *conversations.Conversation) error {
				if err := b.admitAll(tx, caller, *c, p.Participants); err != nil {
					return err
				}
				c.State = p.State
				for _, member := range p.Participants {
					if err := b.enter(tx, caller, *c, &member); err != nil {
						return err
					}
				}
				return b.regroupStored(tx, c.ID)
			})
		})
	})
	var refused *conversations.Error
	if !errors.As(err, &refused) {
		return err
	}
	reason := "a participant could not be added: " + refused.Error()
	b.cfg.Log.WarnContext(ctx, "a conversation is closed because its participants could not be added",
		"conversation", p.Conversation, "fault", refused.Fault)
	return b.commit(ctx, func(tx Tx) error {
		return b.settlePopulation(tx, task, p, func(c *conversations.Conversation) error {
			c.State = conversations.StateClosed
			return tx.InsertDeadLetter(conversations.DeadLetter{
				Topic: TopicPopulate, Key: string(p.Conversation), Payload: payload, Reason: reason, Created: b.now(),
			})
		})
	})
}

// admitAll asks the pre-action webhooks about all of several new participants,
// before any of them is stored.
func (b *Bridge) admitAll(tx Tx, caller Caller, c conversations.Conversation, list []conversations.Participant) error {
	if !caller.judges() {
		return nil
	}
	of, err := tx.FindService(c.Service)
	if err != nil {
		return err
	}
	asks := make([]func() error, len(list))
	for i, p := range list {
		asks[i] = func() error { return b.admission(tx, caller, of, c, &p) }
	}
	return all(asks...)
}

// settlePopulation ends the initializing of a conversation, if it still goes on.
func (b *Bridge) settlePopulation(tx Tx, task int64, p population, settle func(*conversations.Conversation) error) error {
	c, err := tx.FindConversation(p.Service, conversations.ConversationKey{ID: p.Conversation})
	if conversations.NotFound.Is(err) || err == nil && c.State != conversations.StateInitializing {
		return tx.Finish(task)
	}
	if err != nil {
		return err
	}
	before := c
	if err := settle(&c); err != nil {
		return err
	}
	c.Updated = b.now()
	c.RestartTimers(c.Updated)
	if err := tx.UpdateConversation(c); err != nil {
		return err
	}
	if err := b.changedState(tx, p.Caller, conversations.ReasonAPI, c, before); err != nil {
		return err
	}
	return tx.Finish(task)
}
