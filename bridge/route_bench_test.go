package bridge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/bindings"
	"bridged/bridge"
	"bridged/conversations"
)

// BenchmarkWhereAMessageGoes is the whole decision about one message in a
// transaction of its own, of somebody who has a conversation and of a stranger, where
// 100 or 1,000,000 pairs are bound. It is to cost the same. The runs take turns, so
// that what else the machine does hits both alike.
func BenchmarkWhereAMessageGoes(b *testing.B) {
	sizes := []int{100, 1_000_000}
	worlds := map[int]*world{}
	for _, size := range sizes {
		worlds[size] = newWorld(b)
		worlds[size].configure(bridge.CreationFields{})
		worlds[size].bindMany(size)
	}
	to := []conversations.Address{proxy}
	for run := range 7 { // the first one finds the caches cold
		for _, who := range []struct {
			name  string
			first int // the number of the first one
			among func(size int) int
			want  conversations.Destination
		}{
			{"one of 100 who write", 0, func(int) int { return 100 }, conversations.ToConversation},
			{"anybody", 0, func(size int) int { return size }, conversations.ToConversation},
			{"a stranger", 5_000_000, func(size int) int { return size }, conversations.ToNewConversation},
		} {
			for _, size := range sizes {
				w, n, among := worlds[size], 0, who.among(size)
				apart := size / among
				b.Run(fmt.Sprintf("%s/of=%d/run=%d", who.name, size, run+1), func(b *testing.B) {
					for b.Loop() {
						n = (n + 7919) % among // all over them
						got, err := w.Explain(b.Context(), boundNumber(who.first+n*apart), to)
						if err != nil || got.Destination != who.want {
							require.FailNow(b, "not as it should be", "%s %v", got.Destination, err)
						}
					}
				})
			}
		}
	}
}

// boundNumber is the number of the nth person.
func boundNumber(n int) conversations.Address {
	return conversations.Address(fmt.Sprintf("+1555%d", 1_000_000+n))
}

// bindMany makes so many conversations of one person each, by SQL that both
// databases run.
func (w *world) bindMany(n int) {
	w.t.Helper()
	const counted = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1) "
	// 32 characters, as all ids have.
	id := func(kind string) string {
		return "'" + kind + "000000000000000000000' || CAST(1000000000 + i AS TEXT)"
	}
	for _, statement := range []string{
		`INSERT INTO conversations (id, service_id, messaging_service_id, attributes, state, timer_inactive, timer_closed,
			date_inactive, date_closed, next_index, active_at, created, updated) ` + counted +
			"SELECT " + id("c") + fmt.Sprintf(", '%s', '%s', '{}', 'active', 0, 0, 0, 0, 0, 0, i, i FROM n", service, messagingService),
		`INSERT INTO participants (id, conversation_id, address, proxy, attributes, created, updated) ` + counted +
			"SELECT " + id("p") + ", " + id("c") + fmt.Sprintf(", '+1555' || CAST(1000000 + i AS TEXT), '%s', '{}', i, i FROM n", proxy),
		`INSERT INTO pairs (match_key, participant_id, conversation_id) ` + counted +
			"SELECT 'sms:+1555' || CAST(1000000 + i AS TEXT) || '>sms:" + string(proxy) + "', " + id("p") + ", " + id("c") + " FROM n",
	} {
		_, err := w.sql.ExecContext(w.t.Context(), statement, n)
		require.NoError(w.t, err)
	}
	_, err := w.sql.ExecContext(w.t.Context(), "ANALYZE") // as both databases do for themselves in time
	require.NoError(w.t, err)
	last := boundNumber(n - 1)
	require.Equal(w.t, 1, w.count("SELECT COUNT(*) FROM pairs WHERE match_key = $1", bindings.MatchKey(last, proxy)))
}
