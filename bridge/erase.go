package bridge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/phone"
)

const (
	// eraseBatch bounds how many rows one commit of an erasure removes, and
	// eraseMessages how many messages, with which much else goes.
	eraseBatch    = 200
	eraseMessages = 25
	// eraseRest is how long an erasure rests after a commit, as a multiple of what the
	// commit took: so that others get theirs through.
	eraseRest = 2
	// eraseRounds bounds how often what is the person's is looked for again, and
	// erasePause is the time in between: what was under way may have left more.
	eraseRounds = 20
	erasePause  = 500 * time.Millisecond
)

// Traces are what the store has of persons. *store.DB is that.
type Traces interface {
	// BelongingKinds are the kinds of it, in the order in which they are removed.
	BelongingKinds() []string
	// Belongings gives what there is of one kind, up to size at once.
	Belongings(ctx context.Context, kind string, s conversations.Spellings, size int, give func([]conversations.Belonging) error) error
	// Leftovers says where the person is named, in every column that there is;
	// Unfinished, which of that is not in words of others.
	Leftovers(ctx context.Context, s conversations.Spellings) ([]conversations.Leftover, error)
	Unfinished(left []conversations.Leftover) []conversations.Leftover
	UnfinishedErasure(ctx context.Context) (e conversations.Erasure, found bool, err error)
	// Compact removes what rows that are gone have left in files.
	Compact(ctx context.Context) error
}

// ErasureRows are the erasures, and what goes with them.
type ErasureRows interface {
	FindErasure(seq int64) (conversations.Erasure, error)
	InsertErasure(e *conversations.Erasure) error
	UpdateErasure(e conversations.Erasure) error
	// RemoveBelongings removes rows, or the person's names in them, and counts them.
	RemoveBelongings(list []conversations.Belonging, s conversations.Spellings) (removed int, err error)
	AnyMessage(id conversations.MessageID) (conversations.Message, error)
	ParticipantOf(seq int64) (conversations.Participant, error)
	DeliveryOf(seq int64) (conversations.Delivery, error)
	DeleteDelivery(d conversations.Delivery) error
	DeleteInboundOf(id conversations.MessageID) error
}

// PlanErasure says what would go, and changes nothing.
func (b *Bridge) PlanErasure(ctx context.Context, address conversations.Address) (e conversations.Erasure, err error) {
	e = conversations.Erasure{Removed: make(map[string]int), Created: b.now()}
	err = b.commitBeside(ctx, func(tx Tx) (err error) {
		e.Spellings, err = b.spellingsOf(tx, address)
		return err
	})
	if err != nil {
		return e, err
	}
	for _, kind := range b.cfg.Belongings.BelongingKinds() {
		err := b.cfg.Belongings.Belongings(ctx, kind, e.Spellings, eraseBatch, func(list []conversations.Belonging) error {
			if len(list[0].Values) > 0 { // else it is nobody's
				e.Removed[kind] += len(list)
			}
			return nil
		})
		if err != nil {
			return e, err
		}
	}
	left, err := b.cfg.Belongings.Leftovers(ctx, e.Spellings)
	goes := b.cfg.Belongings.Unfinished(left)
	e.Left = slices.DeleteFunc(left, func(l conversations.Leftover) bool { return slices.Contains(goes, l) })
	return e, err
}

// BeginErasure begins to remove a person: what they wrote, with its files, and all that
// tells of them (docs/operations.md). It goes on in the background, also after a
// restart.
func (b *Bridge) BeginErasure(ctx context.Context, caller Caller, address conversations.Address, compact bool) (conversations.Erasure, error) {
	e, err := change(ctx, b, func(tx Tx) (conversations.Erasure, error) {
		e := conversations.Erasure{State: conversations.ErasureRunning, Compact: compact, By: caller.By, Created: b.now()}
		var err error
		if e.Spellings, err = b.spellingsOf(tx, address); err != nil {
			return e, err
		}
		return e, tx.InsertErasure(&e)
	})
	if err == nil {
		b.cfg.EraseNow()
	}
	return e, err
}

// spellingsOf returns the names of the person of an address: the number, whatever
// channel it is on, in all its spellings, and its aliases.
func (b *Bridge) spellingsOf(tx Tx, address conversations.Address) (conversations.Spellings, error) {
	name := bindings.Name(address)
	root := name
	if !bindings.IsRoot(name) {
		found, err := tx.AliasRoot(name)
		switch {
		case err != nil:
			return nil, err
		case found != "":
			root = found
		case name.Type() == conversations.TypeSMS || len(name.Local()) < shortestName:
			return nil, conversations.Refuse(conversations.AddressInvalid,
				`name a person by a telephone number such as "+15550001111", or by another name that a carrier has for them, such as "whatsapp:US.13491208655302741918"`)
		}
	}
	var list conversations.Spellings
	add := func(a conversations.Address) {
		if !bindings.IsRoot(a) {
			list = append(list, a.Local())
			return
		}
		for _, spelling := range phone.Spellings(a.Local()) {
			list = append(list, spelling[1:]) // without the plus sign
		}
	}
	add(name)
	add(root)
	for _, t := range b.types(root) {
		number := conversations.Address(string(t) + ":" + root.Local())
		if b.owned(number) || b.owned(bindings.Name(number)) {
			return nil, conversations.Refuse(conversations.AddressInvalid, "it is a number of yours, and no person's")
		}
		aliases, err := tx.AliasesOf(bindings.Name(number))
		if err != nil {
			return nil, err
		}
		for _, a := range aliases {
			add(a)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// shortestName is how long a name has to be that is no number, so that it is not
// found in other words.
const shortestName = 8

// types are the types of addresses that a number may be on.
func (b *Bridge) types(a conversations.Address) []conversations.ChannelType {
	list := []conversations.ChannelType{conversations.TypeSMS, a.Type()}
	list = append(list, b.cfg.Types...)
	slices.Sort(list)
	return slices.Compact(list)
}

// Erase goes on with the first erasure that is not done. It returns when it should be
// called again.
func (b *Bridge) Erase(ctx context.Context) (next time.Time, err error) {
	if b.cfg.Belongings == nil {
		return next, nil
	}
	e, found, err := b.cfg.Belongings.UnfinishedErasure(ctx)
	if err != nil || !found {
		return next, err
	}
	if e.State == conversations.ErasureRunning {
		if err := b.eraseAll(ctx, e); err != nil {
			return next, err
		}
	}
	return b.now(), b.finishErasure(ctx, e.Seq)
}

// eraseAll removes what there is until nothing is found any more.
func (b *Bridge) eraseAll(ctx context.Context, e conversations.Erasure) error {
	var left []conversations.Leftover
	for range eraseRounds {
		removed, err := b.eraseRound(ctx, e)
		if err != nil {
			return err
		}
		if removed == 0 {
			if left, err = b.cfg.Belongings.Leftovers(ctx, e.Spellings); err != nil {
				return err
			}
			if len(b.cfg.Belongings.Unfinished(left)) == 0 {
				break
			}
		}
		if err := pause(ctx, b.cfg.ErasePause); err != nil {
			return err
		}
	}
	// Only now it is proved, and only now nobody knows any more who it was.
	left, err := b.cfg.Belongings.Leftovers(ctx, e.Spellings)
	if err != nil {
		return err
	}
	b.cfg.Forget(e.Spellings)
	return b.commit(ctx, func(tx Tx) error {
		now, err := tx.FindErasure(e.Seq)
		if err != nil || now.State != conversations.ErasureRunning {
			return err
		}
		now.Spellings, now.State, now.Left = nil, conversations.ErasureProving, left
		return tx.UpdateErasure(now)
	})
}

// eraseRound removes what is found now, and counts it.
func (b *Bridge) eraseRound(ctx context.Context, e conversations.Erasure) (removed int, err error) {
	for _, kind := range b.cfg.Belongings.BelongingKinds() {
		err := b.cfg.Belongings.Belongings(ctx, kind, e.Spellings, eraseBatch, func(list []conversations.Belonging) error {
			for batch := range slices.Chunk(list, eraseMessages) {
				n, err := b.eraseSome(ctx, e, kind, batch)
				if err != nil {
					return err
				}
				removed += n
			}
			return nil
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// eraseSome removes some belongings of one kind in one commit.
func (b *Bridge) eraseSome(ctx context.Context, e conversations.Erasure, kind string, list []conversations.Belonging) (removed int, err error) {
	begun := time.Now()
	var files []conversations.MediaID
	err = b.commit(ctx, func(tx Tx) error {
		counts := make(map[string]int)
		files = nil
		for _, one := range list {
			gone, err := b.eraseOne(tx, e, one, counts)
			if err != nil {
				return err
			}
			files = append(files, gone...)
		}
		now, err := tx.FindErasure(e.Seq)
		if err != nil {
			return err
		}
		removed = 0
		if now.Removed == nil {
			now.Removed = make(map[string]int)
		}
		for name, n := range counts {
			removed += n
			if len(list[0].Values) > 0 || name != kind { // else it is nobody's
				now.Removed[name] += n
			}
		}
		return tx.UpdateErasure(now)
	})
	if err != nil {
		return 0, err
	}
	// There is a task for them. It need not be waited for.
	for _, id := range files {
		if err := b.cfg.Files.Remove(id); err != nil {
			return removed, err
		}
	}
	return removed, pause(ctx, eraseRest*time.Since(begun))
}

// finishErasure cleans the files of the store behind an erasure, and tells how it went.
func (b *Bridge) finishErasure(ctx context.Context, seq int64) error {
	var e conversations.Erasure
	read := func(tx Tx) (err error) {
		e, err = tx.FindErasure(seq)
		return err
	}
	if err := b.commit(ctx, read); err != nil || e.State == conversations.ErasureDone {
		return err
	}
	if e.Compact {
		if err := b.cfg.Belongings.Compact(ctx); err != nil {
			if errors.Is(err, context.Canceled) {
				return err
			}
			b.cfg.Log.ErrorContext(ctx, "what an erasure left in the store's files could not be removed", "erasure", seq, "error", err)
			e.Problem = "the store's files could not be compacted: " + err.Error()
		}
	}
	e.State, e.Finished = conversations.ErasureDone, b.now()
	if err := b.commit(ctx, func(tx Tx) error { return tx.UpdateErasure(e) }); err != nil {
		return err
	}
	removed := 0
	for n := range maps.Values(e.Removed) {
		removed += n
	}
	b.cfg.Log.InfoContext(ctx, "a person was erased", "erasure", seq, "rows", removed, "columns that still name them", len(e.Left))
	return nil
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
