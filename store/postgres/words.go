package postgres

import (
	"bridged/store"
	"bridged/store/search"
)

// words asks the GIN index. An entry's words are taken as they are: to_tsvector
// would part and join them by rules of its own. Place has no index in this order,
// because the planner would sometimes walk through the whole table along it.
func words() store.WordIndex {
	return store.WordIndex{
		Places: func(beyond, order string) string {
			return "SELECT place FROM search_entries WHERE array_to_tsvector(string_to_array(words, ' ')) @@ CAST($1::text AS tsquery) AND place " +
				beyond + " $2 ORDER BY place + 0 " + order + " LIMIT $3"
		},
		Syntax: search.Syntax{And: " & ", Or: " | ", Word: func(word string, prefix bool) string {
			if prefix {
				return "'" + word + "':*"
			}
			return "'" + word + "'"
		}},
	}
}
