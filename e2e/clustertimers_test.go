package e2e

import (
	"database/sql"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/storetest"
)

// Two daemons on one database find the same timers due. Each fires once, in whichever
// of them, also when one is killed or suspended in the midst of it, and when that one
// wakes up after all have fired.
func TestTwoDaemonsFireEachTimerOnce(t *testing.T) {
	t.Parallel()
	for name, hit := range map[string]os.Signal{
		"both live":        nil,
		"one is killed":    syscall.SIGKILL,
		"one is suspended": syscall.SIGSTOP,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 100 // an import takes no more at once
			place := storetest.NewPostgreSQL(t)
			db := place.SQL(t)
			w := newWorld(t, setup{withoutRetry: true, config: patientRetryConf, place: place})
			lives, other := w.Daemon, w.startAnother(t.TempDir())
			t.Cleanup(func() {
				_, _, _ = lives.Signal(syscall.SIGCONT), other.Signal(syscall.SIGCONT), other.Kill()
			})
			begin := time.Now().UTC().Truncate(time.Second)
			var list []any
			for n := range many { // some each second, and two at once of each
				inactive := begin.Add(time.Duration(4+n%5) * time.Second)
				list = append(list, withTimers(numberedSID(n), begin, inactive, inactive.Add(time.Second)))
			}
			w.imports(list...)
			eventually(t, func() bool { return fired(t, db) > 0 }, "the first have fired")
			if hit != nil {
				require.NoError(t, other.Signal(hit))
			}
			eventually(t, func() bool { return fired(t, db) >= 2*many }, "all have fired")
			expected := 2 * many
			if hit == syscall.SIGSTOP { // it fires what the other one, suspended now, does not
				require.NoError(t, other.Signal(syscall.SIGCONT))
				require.NoError(t, lives.Signal(syscall.SIGSTOP))
				w.Daemon = other
				w.imports(withTimers(numberedSID(many), begin, begin, begin.Add(time.Second)))
				expected += 2
				eventually(t, func() bool { return fired(t, db) >= expected }, "it is awake")
				require.NoError(t, lives.Signal(syscall.SIGCONT))
				w.Daemon = lives
			}
			assert.Equal(t, expected, fired(t, db))
			var wrong int
			require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM (SELECT conversation_id FROM events
				WHERE type = 'onConversationStateUpdated' GROUP BY conversation_id HAVING count(*) <> 2) AS c`).Scan(&wrong))
			assert.Zero(t, wrong, "each of a conversation's two timers fires once")
		})
	}
}

// fired counts the timers that have fired, by their events.
func fired(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM events WHERE reason = 'TIMER'").Scan(&n))
	return n
}
