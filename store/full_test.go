package store_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
)

// limitPages bounds the size of the database; more does not fit on the disk.
func limitPages(t *testing.T, b store.Backend, pages int) {
	t.Helper()
	_, err := b.Write.ExecContext(t.Context(), "PRAGMA max_page_count = "+strconv.Itoa(pages))
	require.NoError(t, err)
}

func TestAFullDiskFailsTheWholeBatchAndPasses(t *testing.T) {
	t.Parallel()
	b := backend(t)
	var pages int
	require.NoError(t, b.Write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limitPages(t, b, pages+16)
	db := openWith(t, b, store.Config{})

	fill := func(size int) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.KeepAnswer(strconv.Itoa(size), conversations.Answer{Fingerprint: strings.Repeat("x", size), At: epoch})
		}
	}
	require.NoError(t, db.Update(t.Context(), fill(40_000)))
	for range 2 {
		for _, err := range batch(db, insertAnswer("before"), fill(50_000), insertAnswer("after")) {
			require.ErrorIs(t, err, conversations.ErrUnavailable)
		}
	}
	for _, key := range []string{"before", "50000", "after"} {
		assert.False(t, hasAnswer(t, db, key), key)
	}
	assert.True(t, hasAnswer(t, db, "40000"), "what was committed stays")

	// Room is made, and the same goes through.
	update(t, db, func(tx *store.Tx) error { return tx.ForgetAnswers(epoch.Add(time.Hour)) })
	for _, err := range batch(db, insertAnswer("before"), fill(50_000), insertAnswer("after")) {
		require.NoError(t, err)
	}
	assert.True(t, hasAnswer(t, db, "50000"))
}
