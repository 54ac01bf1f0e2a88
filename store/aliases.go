package store

import (
	"context"
	"database/sql"
	"errors"

	"bridged/conversations"
)

// AliasRoot returns the number that a name is an alias of; empty where it is none.
func (tx *Tx) AliasRoot(name conversations.Address) (root conversations.Address, err error) {
	err = tx.one("SELECT root FROM aliases WHERE alias = $1", []any{name}, &root)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return root, err
}

// AliasesOf returns the names that are aliases of a number.
func (tx *Tx) AliasesOf(root conversations.Address) ([]conversations.Address, error) {
	names, err := all(tx.querier, scanText, "SELECT alias FROM aliases WHERE root = $1 ORDER BY alias", root)
	addresses := make([]conversations.Address, len(names))
	for i, name := range names {
		addresses[i] = conversations.Address(name)
	}
	return addresses, err
}

// SetAlias stores an alias, or that it is another number's from now on.
func (tx *Tx) SetAlias(a conversations.Alias) error {
	return tx.run(`INSERT INTO aliases (alias, root, learned) VALUES ($1, $2, $3)
		ON CONFLICT (alias) DO UPDATE SET root = excluded.root, learned = excluded.learned`, a.Name, a.Root, micros(a.Learned))
}

func scanPair(s scanner) (p conversations.Pair, err error) {
	err = s.Scan(&p.MatchKey, &p.Participant, &p.Conversation, &p.Joined)
	return p, err
}

const pairColumns = `SELECT b.match_key, b.participant_id, b.conversation_id, p.seq FROM pairs b
	JOIN participants p ON p.id = b.participant_id `

// PairsOf returns the pairs of participants whose own address is the name.
func (tx *Tx) PairsOf(name conversations.Address) ([]conversations.Pair, error) {
	return all(tx.querier, scanPair, pairColumns+"WHERE p.address = $1", name)
}

// FindPair returns a live pair.
func (tx *Tx) FindPair(matchKey string) (conversations.Pair, error) {
	p, err := first(tx.querier, scanPair, pairColumns+"WHERE b.match_key = $1", matchKey)
	return p, notFound(err, "pair")
}

// MovePair gives a pair another match key, which must be free, and early status
// reports about it too.
func (tx *Tx) MovePair(from, to string) error {
	if err := tx.run("UPDATE pairs SET match_key = $2 WHERE match_key = $1", from, to); err != nil {
		return err
	}
	return tx.run("UPDATE statuses SET pair_key = $2 WHERE pair_key = $1 AND delivery_id IS NULL", from, to)
}

// InsertAliasConflict shows the operator a pair that was held twice, and sets its
// Seq.
func (tx *Tx) InsertAliasConflict(c *conversations.AliasConflict) error {
	seq, err := tx.insert(`INSERT INTO alias_conflicts (alias, root, proxy, kept_conversation_id, kept_participant_id,
		freed_conversation_id, freed_participant_id, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq`,
		c.Alias.Name, c.Alias.Root, c.Proxy, c.Kept.Conversation, c.Kept.Participant,
		c.Freed.Conversation, c.Freed.Participant, micros(c.Created))
	c.Seq = seq
	return err
}

// AliasConflicts returns a page of the pairs that were held twice, oldest first.
func (db *DB) AliasConflicts(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.AliasConflict], error) {
	return listed[conversations.AliasConflict]{
		columns: `a.seq, a.alias, a.root, a.proxy, a.kept_conversation_id, a.kept_participant_id,
			a.freed_conversation_id, a.freed_participant_id, a.created`,
		from: "FROM alias_conflicts a WHERE 1 = 1", major: "a.seq",
		scan: func(s scanner) (c conversations.AliasConflict, err error) {
			var created int64
			err = s.Scan(&c.Seq, &c.Alias.Name, &c.Alias.Root, &c.Proxy, &c.Kept.Conversation, &c.Kept.Participant,
				&c.Freed.Conversation, &c.Freed.Participant, &created)
			c.Created = fromMicros(created)
			return c, err
		},
		cursor: func(c conversations.AliasConflict) conversations.Cursor { return conversations.Cursor{Major: c.Seq} },
	}.page(db.reader(ctx), p)
}
