package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A million conversations have timers, and none is due: what looking costs.
func BenchmarkFireTimersAtRest(b *testing.B) {
	w := newWorld(b)
	w.timed(time.Hour, 10*time.Hour)
	_, err := w.sql.ExecContext(b.Context(), `INSERT INTO conversations (id, service_id, messaging_service_id, attributes, state,
		timer_inactive, timer_closed, date_inactive, date_closed, next_index, active_at, created, updated, due)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		SELECT 'c' || n.i, c.service_id, c.messaging_service_id, c.attributes, c.state,
		c.timer_inactive, c.timer_closed, c.date_inactive, c.date_closed, 0, c.active_at, c.created, c.updated, c.due + n.i
		FROM conversations c, n`)
	require.NoError(b, err)
	for b.Loop() {
		next, err := w.FireTimers(b.Context())
		require.NoError(b, err)
		require.True(b, start.Add(time.Hour).Equal(next))
	}
}
