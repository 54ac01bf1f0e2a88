package store

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"bridged/conversations"
)

// indexRow is what the index of words has of an entry.
type indexRow struct {
	place int64
	words string
}

func scanIndexRow(s scanner) (r indexRow, err error) {
	err = s.Scan(&r.place, &r.words)
	return r, err
}

// apply writes the changes: first the entries, and then, where the database does
// not do so by itself, what changes in its index of words.
func (c *indexChanges) apply(tx *Tx) error {
	var removed, added []indexRow
	for _, id := range c.removed {
		rows, err := tx.dropEntries("place IN (SELECT place FROM search_entries WHERE conversation_id = $1 LIMIT $2)", id, indexRows)
		if err != nil {
			return err
		}
		removed = append(removed, rows...)
	}
	for _, e := range c.entries {
		rows, err := tx.dropEntries("conversation_id = $1 AND resource_id = $2", e.conversation, e.resource)
		if err != nil {
			return err
		}
		removed = append(removed, rows...)
		if e.words == "" {
			continue
		}
		if rows, err = tx.addEntry(e); err != nil {
			return err
		}
		added = append(added, rows...)
	}
	words := tx.db.backend.Words
	for _, change := range []struct {
		statement string
		rows      []indexRow
	}{{words.Remove, removed}, {words.Add, added}} {
		// FTS5 gathers what comes in ascending order.
		slices.SortFunc(change.rows, func(a, b indexRow) int { return cmp.Compare(a.place, b.place) })
		for _, r := range change.rows {
			if err := tx.run(change.statement, r.place, r.words); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropEntries removes entries, and returns those that have to be taken out of the
// index of words.
func (tx *Tx) dropEntries(which string, args ...any) ([]indexRow, error) {
	statement := "DELETE FROM search_entries WHERE " + which
	if tx.db.backend.Words.Remove == "" {
		return nil, tx.run(statement, args...)
	}
	*tx.wrote = true
	return all(tx.querier, scanIndexRow, statement+" RETURNING place, words", args...)
}

// addEntry adds an entry, and returns what has to be put into the index of words.
// Of some places, near its moment and then further from it, it gets the first that
// is free.
func (tx *Tx) addEntry(e indexEntry) ([]indexRow, error) {
	at := e.places()
	if tx.db.backend.Words.Add == "" {
		// One statement without an answer, which need not be waited for.
		return nil, tx.run(`INSERT INTO search_entries (place, kind, resource_id, conversation_id, words)
			SELECT f.place, $1, $2, $3, $4 FROM (
				SELECT CAST($5 AS BIGINT) AS place, 1 AS choice UNION ALL SELECT CAST($6 AS BIGINT), 2
				UNION ALL SELECT CAST($7 AS BIGINT), 3 UNION ALL SELECT CAST($8 AS BIGINT), 4
				UNION ALL SELECT CAST($9 AS BIGINT), 5) AS f
			WHERE NOT EXISTS (SELECT 1 FROM search_entries t WHERE t.place = f.place)
			ORDER BY f.choice LIMIT 1`,
			string(e.kind), e.resource, e.conversation, e.words, at[0], at[1], at[2], at[3], at[4])
	}
	for _, place := range at {
		isNew, err := tx.insertNew(`INSERT INTO search_entries (place, kind, resource_id, conversation_id, words)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place) DO NOTHING`,
			place, string(e.kind), e.resource, e.conversation, e.words)
		if err != nil || isNew {
			return []indexRow{{place, e.words}}, err
		}
	}
	return nil, fmt.Errorf("the %s %s finds no place in the search index", e.kind, e.resource)
}

// places are those that an entry may have, by its date and identifier. Many
// resources may have one date, such as those that somebody has imported: the
// chance that they leave none of the five free is as good as none.
func (e indexEntry) places() (list [5]int64) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(e.resource))
	n := hash.Sum64()
	for i, bits := range [...]int{placeBits, 20, 28, 36, 44} {
		list[i] = firstPlace(e.created) + int64(n>>(4*i))&(1<<bits-1)
	}
	return list
}

// countIndexed counts what is in the index of a conversation, up to one more than
// a commit removes.
func countIndexed(q querier, id conversations.ConversationID) (n int, err error) {
	err = q.one(`SELECT COUNT(*) FROM
		(SELECT place FROM search_entries WHERE conversation_id = $1 LIMIT $2) AS found`, []any{id, indexRows + 1}, &n)
	return n, err
}
