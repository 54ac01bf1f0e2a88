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

// apply writes the changes.
func (c *indexChanges) apply(tx *Tx) error {
	var removed []indexRow
	for _, id := range c.removed {
		rows, err := tx.dropEntries("place IN (SELECT place FROM search_entries WHERE conversation_id = $1 LIMIT $2)", id, indexRows)
		if err != nil {
			return err
		}
		removed = append(removed, rows...)
	}
	if tx.db.backend.Words.AddEntries != "" {
		return c.applyTogether(tx)
	}
	return c.applyEach(tx, removed)
}

// applyEach writes the entries one by one, and then what changes in an index of
// words that does not follow them by itself.
func (c *indexChanges) applyEach(tx *Tx, removed []indexRow) error {
	var added []indexRow
	for _, e := range c.entries {
		rows, err := tx.dropEntries("conversation_id = $1 AND resource_id = $2", e.conversation, e.resource)
		if err != nil {
			return err
		}
		removed = append(removed, rows...)
		if e.words == "" {
			continue
		}
		place, err := tx.addEntry(e)
		if err != nil {
			return err
		}
		added = append(added, indexRow{place, e.words})
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

// applyTogether writes all entries by two statements: as long as the transaction
// takes, what others have committed since its begin is not taken up. Entries whose
// first place is taken follow one by one.
func (c *indexChanges) applyTogether(tx *Tx) error {
	var (
		places                                []int64
		kinds, resources, within, words       []string
		droppedResources, droppedFrom, missed = []string{}, []string{}, map[string]indexEntry{}
	)
	for _, e := range c.entries {
		droppedResources, droppedFrom = append(droppedResources, e.resource), append(droppedFrom, string(e.conversation))
		if e.words == "" {
			continue
		}
		places, kinds = append(places, e.places()[0]), append(kinds, string(e.kind))
		resources, within, words = append(resources, e.resource), append(within, string(e.conversation)), append(words, e.words)
		missed[e.resource] = e
	}
	if err := tx.run(tx.db.backend.Words.DropEntries, droppedFrom, droppedResources); err != nil || len(missed) == 0 {
		return err
	}
	*tx.wrote = true
	done, err := all(tx.querier, scanText, tx.db.backend.Words.AddEntries, places, kinds, resources, within, words)
	if err != nil {
		return err
	}
	for _, resource := range done {
		delete(missed, resource)
	}
	for _, e := range missed {
		if _, err := tx.addEntry(e); err != nil {
			return err
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

// addEntry adds an entry. Of some places, near its moment and then further from
// it, it gets the first that is free.
func (tx *Tx) addEntry(e indexEntry) (int64, error) {
	for _, place := range e.places() {
		isNew, err := tx.changes(`INSERT INTO search_entries (place, kind, resource_id, conversation_id, words)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place) DO NOTHING`,
			place, string(e.kind), e.resource, e.conversation, e.words)
		if err != nil || isNew {
			return place, err
		}
	}
	return 0, fmt.Errorf("the %s %s finds no place in the search index", e.kind, e.resource)
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
