package postgres

import (
	"bridged/store"
	"bridged/store/search"
)

// words asks the GIN index. An entry's words are taken as they are: to_tsvector
// would part and join them by rules of its own. The sum keeps the planner from
// walking through the whole table along the index of places, as it sometimes would
// for a rare word. The index keeps little in its list of what is pending, because
// all of that is read by every query.
func words() store.WordIndex {
	return store.WordIndex{
		DropEntries: `DELETE FROM search_entries e USING unnest($1::text[], $2::text[]) AS d (conversation_id, resource_id)
			WHERE e.conversation_id = d.conversation_id AND e.resource_id = d.resource_id`,
		AddEntries: `INSERT INTO search_entries (place, kind, resource_id, conversation_id, words)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
			ON CONFLICT (place) DO NOTHING RETURNING resource_id`,
		Places: func(beyond, order string) string {
			return "SELECT place FROM search_entries WHERE array_to_tsvector(string_to_array(words, ' ')) @@ CAST($1::text AS tsquery) AND place + 0 " +
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
