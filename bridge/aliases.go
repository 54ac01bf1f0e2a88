package bridge

import (
	"context"
	"errors"
	"slices"

	"bridged/bindings"
	"bridged/conversations"
)

// errNewAlias says that a name is to be learned, which takes a commit that nothing
// runs beside: whoever resolves a pair finds the aliases standing still.
var errNewAlias = errors.New("an alias has to be learned")

// matchKey identifies a pair whichever of the person's names the address is. A
// telephone number costs no look-up, any other address one.
func matchKey(tx Tx, address, proxy conversations.Address) (string, error) {
	if !bindings.IsRoot(address) {
		root, err := tx.AliasRoot(bindings.Name(address))
		if err != nil {
			return "", err
		}
		if root != "" {
			address = root
		}
	}
	return bindings.MatchKey(address, proxy), nil
}

// linesOf returns the keys of the lines in which messages to the person of a pair
// may wait: a delivery is in the line of the name that it is sent to.
func linesOf(tx Tx, matchKey string) ([]string, error) {
	names, err := tx.AliasesOf(bindings.NameIn(matchKey))
	lines := []string{matchKey}
	for _, name := range names {
		lines = append(lines, bindings.Rename(matchKey, name))
	}
	return lines, err
}

// lesson is what a commit learns of names.
type lesson struct {
	alone     bool // nothing runs beside it, so that it may learn
	conflicts []conversations.AliasConflict
}

// commitLearning is commitBeside for an operation that may learn aliases. Where
// there is something new it runs again, alone.
func (b *Bridge) commitLearning(ctx context.Context, op func(Tx, *lesson) error) error {
	var l lesson
	err := b.commitBeside(ctx, func(tx Tx) error {
		l = lesson{}
		return op(tx, &l)
	})
	if errors.Is(err, errNewAlias) {
		err = b.commit(ctx, func(tx Tx) error {
			l = lesson{alone: true}
			return op(tx, &l)
		})
	}
	if err != nil {
		return err
	}
	for _, c := range l.conflicts {
		b.cfg.Log.WarnContext(ctx, "two live conversations have the same person under two names; only the older one gets their messages from now on",
			"alias", c.Alias.Name, "number", c.Alias.Root, "proxy", c.Proxy,
			"kept", c.Kept.Conversation, "freed", c.Freed.Conversation)
	}
	return nil
}

// learn takes note of the names that a carrier gave one person. What is known
// already costs one look-up for each name that is no number; without other names
// it costs nothing.
func (b *Bridge) learn(tx Tx, l *lesson, address conversations.Address, others []conversations.Address) error {
	if len(others) == 0 {
		return nil
	}
	root, aliases := bindings.Learn(slices.Concat([]conversations.Address{address}, others)...)
	for _, name := range aliases {
		known, err := tx.AliasRoot(name)
		if err != nil {
			return err
		}
		if known == root {
			continue
		}
		if !l.alone {
			return errNewAlias
		}
		if err := b.teach(tx, l, conversations.Alias{Name: name, Root: root, Learned: b.now()}); err != nil {
			return err
		}
	}
	return nil
}

// teach stores an alias and gives the live pairs that have it the key by the
// number. A name that was another number's before is this one's now. Where both
// pairs are live, whoever joined first keeps capturing messages.
func (b *Bridge) teach(tx Tx, l *lesson, a conversations.Alias) error {
	if err := tx.SetAlias(a); err != nil {
		return err
	}
	if err := queueAgain(tx, a); err != nil {
		return err
	}
	if err := moveOptOuts(tx, a); err != nil {
		return err
	}
	pairs, err := tx.PairsOf(a.Name)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		key := bindings.Rename(p.MatchKey, a.Root)
		other, err := tx.FindPair(key)
		switch {
		case err == nil && other.Participant == p.Participant:
			continue
		case err == nil:
			c := conversations.AliasConflict{
				Alias: a, Proxy: bindings.ProxyIn(key), Kept: other, Freed: p, Created: b.now(),
			}
			if p.Joined < other.Joined {
				c.Kept, c.Freed = p, other
			}
			if err := tx.FreePair(c.Freed.Participant); err != nil {
				return err
			}
			if err := tx.InsertAliasConflict(&c); err != nil {
				return err
			}
			l.conflicts = append(l.conflicts, c)
		case !conversations.NotFound.Is(err):
			return err
		}
		if err := tx.MovePair(p.MatchKey, key); err != nil {
			return err
		}
	}
	return nil
}

// queueAgain puts the messages that wait under a name also into the lines of its
// number, before all that comes by the number from now on, which must not overtake
// them. Of the two tasks of a message the second finds it finished.
func queueAgain(tx Tx, a conversations.Alias) error {
	waiting, err := tx.PendingInbound(a.Name)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		if key := bindings.MatchKey(a.Root, r.To); key != r.MatchKey {
			if err := tx.Enqueue(seqTask(TopicInbound, key, r.To, r.Seq)); err != nil {
				return err
			}
		}
	}
	return nil
}
