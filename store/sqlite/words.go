package sqlite

import (
	"bridged/store"
	"bridged/store/search"
)

// words asks FTS5. It gives rows in the order of their numbers, from either end,
// and needs no sorting.
func words() store.WordIndex {
	return store.WordIndex{
		Add:    "INSERT INTO search_words (rowid, words) VALUES ($1, $2)",
		Remove: "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', $1, $2)",
		Places: func(beyond, order string) string {
			return "SELECT rowid AS place FROM search_words WHERE search_words MATCH $1 AND rowid " + beyond +
				" $2 ORDER BY rowid " + order + " LIMIT $3"
		},
		Syntax: search.Syntax{And: " AND ", Or: " OR ", Word: func(word string, prefix bool) string {
			if prefix {
				return `"` + word + `"*`
			}
			return `"` + word + `"`
		}},
	}
}
