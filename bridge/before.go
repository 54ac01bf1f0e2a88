package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"bridged/conversations"
)

// Before is the pre-action webhooks (page 33).
type Before interface {
	// Asks returns which changes of a service's somebody wants to judge now; nil
	// where nobody wants to judge any. It is asked at every change that webhooks hear
	// of, and has to be quick.
	Asks(ctx context.Context) (func(conversations.ServiceID, conversations.EventType) bool, error)
	// Before puts a question and waits for the answer. A *conversations.Error refuses
	// the change; with any other error nothing is known, and the verb fails with it.
	Before(ctx context.Context, p conversations.Proposal) (conversations.Amendment, error)
	// Changed is called after a commit that may have changed who wants to judge.
	Changed()
}

// maxRounds is how often one verb puts the same question anew because what it is
// about has changed meanwhile.
const maxRounds = 5

// errRestless says that a change has become another one each time that it was
// about to be made.
var errRestless = conversations.Refuse(conversations.ConversationBusy,
	"it changed each time while a pre-action webhook was asked; try again")

// inquiry is what the pre-action webhooks were asked for one verb, and what they
// said, over all runs of its operation.
//
// An operation asks (Caller.ask) before it writes. Where the answer is not known
// yet it ends with questions as its error, which costs the store nothing, because
// nothing was written. They are put when its commit is over, so that nobody waits
// for a webhook but who made the change and, of an inbound message, those behind it
// in the same line. Then the operation runs again, with the answer at hand. What it
// finds then may be another change than was judged: to another conversation, say.
// Then it asks again, with the same token.
type inquiry struct {
	wanted  func(conversations.ServiceID, conversations.EventType) bool
	seed    string // what the tokens are made of
	answers map[string]judgement
	kept    map[string]any
}

// judgement is what was said to a change.
type judgement struct {
	essence   string // of the change
	amendment conversations.Amendment
	refusal   error // a *conversations.Error, or nil
	rounds    int   // how often it was asked
}

// questions are changes that have to be judged before they are made, as the error
// of the operation that is about to make them.
type questions []question

type question struct {
	about, essence string
	proposal       conversations.Proposal
}

// Error implements error.
func (q questions) Error() string {
	return fmt.Sprintf("pre-action webhooks have to be asked %d questions first", len(q))
}

// judged is change for a verb whose changes pre-action webhooks may want to judge.
// Op has to ask in the name of the caller that it is given.
func judged[T any](ctx context.Context, b *Bridge, caller Caller, op func(Tx, Caller) (T, error)) (T, error) {
	return judgedBy(ctx, b, b.commit, caller, op)
}

// removeJudged is judged for a verb that leaves nothing to show.
func removeJudged(ctx context.Context, b *Bridge, caller Caller, op func(Tx, Caller) error) error {
	_, err := judged(ctx, b, caller, func(tx Tx, caller Caller) (struct{}, error) { return struct{}{}, op(tx, caller) })
	return err
}

// judgedBy is judged by one of the two ways to commit.
func judgedBy[T any](ctx context.Context, b *Bridge, commit Committer, caller Caller, op func(Tx, Caller) (T, error)) (result T, err error) {
	err = b.inquire(ctx, caller, func(caller Caller) error {
		result, err = changeBy(ctx, b, commit, func(tx Tx) (T, error) { return op(tx, caller) })
		return err
	})
	return result, err
}

// inquire runs an operation until it has no question any more.
func (b *Bridge) inquire(ctx context.Context, caller Caller, run func(Caller) error) error {
	if b.cfg.Before == nil || !caller.firesWebhooks() {
		return run(caller)
	}
	wanted, err := b.cfg.Before.Asks(ctx)
	if err != nil {
		return err
	}
	if wanted == nil {
		return run(caller)
	}
	i := &inquiry{wanted: wanted, seed: seedOf(ctx), answers: make(map[string]judgement), kept: make(map[string]any)}
	caller.inquiry = i
	for {
		err := run(caller)
		open, ok := errors.AsType[questions](err)
		if !ok {
			return err
		}
		conversations.StepAside(ctx, func(ctx context.Context) { err = i.put(ctx, b.cfg.Before, open) })
		if err != nil {
			return err
		}
	}
}

// webhooksChanged says that other webhooks may have to be asked from now on.
func (b *Bridge) webhooksChanged() {
	if b.cfg.Before != nil {
		b.cfg.Before.Changed()
	}
}

// seedOf is what the tokens of a verb are made of, unless it knows better: a request
// that is repeated under an idempotency key has those of the first one.
func seedOf(ctx context.Context) string {
	if request, once := ctx.Value(answerKey{}).(answerRequest); once {
		return request.key + "\x00" + request.fingerprint
	}
	return rand.Text()
}

// seed has the tokens made of what names the caller's task, so that they are the
// same when it is carried out again after a crash.
func (c Caller) seed(task string) {
	if c.inquiry != nil {
		c.inquiry.seed = task
	}
}

// put asks the questions, all at once, and keeps the answers.
func (i *inquiry) put(ctx context.Context, before Before, open questions) error {
	answers := make([]judgement, len(open))
	errs := make([]error, len(open))
	ask := func(n int) {
		amendment, err := before.Before(ctx, open[n].proposal)
		if refusal, refused := errors.AsType[*conversations.Error](err); refused {
			answers[n].refusal = refusal
		} else {
			errs[n] = err
		}
		answers[n].amendment, answers[n].essence = amendment, open[n].essence
	}
	var asking sync.WaitGroup
	for n := 1; n < len(open); n++ {
		asking.Go(func() { ask(n) })
	}
	ask(0) // mostly the only one
	asking.Wait()
	for n, q := range open {
		answers[n].rounds = i.answers[q.about].rounds + 1
		i.answers[q.about] = answers[n]
	}
	return errors.Join(errs...)
}

// ask returns what the pre-action webhooks say to a change, which is one by its
// type and what it is about. Where they have yet to be asked the error is a
// questions, with which the operation has to end before it has written anything. A
// refusal is a *conversations.Error.
func (c Caller) ask(about string, p conversations.Proposal) (conversations.Amendment, error) {
	i := c.inquiry
	if i == nil || !i.wanted(p.Scene.Service, p.Type) {
		return conversations.Amendment{}, nil
	}
	essence, err := essenceOf(p)
	if err != nil {
		return conversations.Amendment{}, err
	}
	about = string(p.Type) + " " + about
	known, asked := i.answers[about]
	switch {
	case asked && known.essence == essence:
		return known.amendment, known.refusal
	case known.rounds >= maxRounds:
		return conversations.Amendment{}, errRestless
	}
	p.Source, p.By, p.Token = c.Source, c.By, conversations.IdempotencyToken(i.seed, about)
	return conversations.Amendment{}, questions{{about: about, essence: essence, proposal: p}}
}

// judges says whether anybody wants to judge what the caller changes.
func (c Caller) judges() bool { return c.inquiry != nil }

// all runs what asks one after the other, and puts together what has yet to be
// asked.
func all(ask ...func() error) error {
	var open questions
	for _, one := range ask {
		err := one()
		if more, ok := errors.AsType[questions](err); ok {
			open = append(open, more...)
		} else if err != nil {
			return err
		}
	}
	if len(open) > 0 {
		return open
	}
	return nil
}

// kept returns what an earlier run of the caller's operation has made under this
// name, or what is made now: an ID that a webhook was told of stays the same.
func kept[T any](c Caller, name string, made T) T {
	if c.inquiry == nil {
		return made
	}
	if before, ok := c.inquiry.kept[name].(T); ok {
		return before
	}
	c.inquiry.kept[name] = made
	return made
}
