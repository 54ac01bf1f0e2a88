package store

import "fmt"

// nearEntries is how many entries are looked at one by one before the index of words is
// asked. What half of a million entries have takes the index a second to find, since it
// gathers all of them before it gives the newest; here a page is full at once. What fills
// no page here is rare, and the index is quick with that.
const nearEntries = 2000

// walkNear looks at the next entries without the index, and says whether that was
// enough. Where there are few it does nothing.
func (w *searchWalk) walkNear() (done bool, err error) {
	beyond, order := w.direction()
	ahead := "FROM search_entries e WHERE e.place " + beyond + " $1 ORDER BY e.place " + order + " LIMIT $2"
	var n int
	if err := w.reader.one("SELECT COUNT(*) FROM (SELECT e.place "+ahead+") beyond", []any{w.at, nearEntries + 1}, &n); err != nil || n <= nearEntries {
		return false, err
	}
	for left := nearEntries; left > 0; {
		n, places, err := w.scan("SELECT e.place, e.words "+ahead, left)
		if err != nil || n == 0 {
			return false, err
		}
		end := w.at
		if len(places) > 0 {
			from, args := among("FROM search_entries WHERE 1 = 1", nil, "place", places)
			rows, err := all(w.reader, scanCandidate, fmt.Sprintf("SELECT %s FROM (SELECT place %s) f %s ORDER BY f.place %s",
				candidateColumns, from, candidateTables, order), args...)
			if err != nil || w.take(rows) {
				return true, err
			}
		}
		w.at = end
		left -= n
	}
	return false, nil
}

// scan looks at the words of some entries, until it has as many that may be what is
// looked for as fill the page and one more. It says how many it has looked at, and moves
// on to the last of them.
func (w *searchWalk) scan(query string, limit int) (n int, places []int64, err error) {
	err = w.reader.each(query, []any{w.at, limit}, func(s scanner) (more bool, err error) {
		row, err := scanIndexRow(s)
		if err != nil {
			return false, err
		}
		n++
		w.at = row.place
		if w.query.May(row.words, w.kinds) {
			places = append(places, row.place)
		}
		return len(places) <= w.size, nil
	})
	return n, places, err
}
