package transfer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/storetest"
	"bridged/store/transfer"
)

// postgresSide opens an empty PostgreSQL store.
func postgresSide(t *testing.T) transfer.Side {
	t.Helper()
	b := storetest.NewPostgreSQL(t).Backend(t)
	t.Cleanup(func() { assert.NoError(t, errors.Join(b.Write.Close(), b.Read.Close())) })
	return transfer.Side{DB: b.Write, Dialect: transfer.PostgreSQL()}
}

func TestEverythingIsMovedToPostgreSQLAndBack(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := postgresSide(t)
	fill(t, from.DB, many)
	moved, err := move(t.Context(), from, to)
	require.NoError(t, err)
	checkMoved(t, from, to, moved)

	_, err = move(t.Context(), from, to)
	require.ErrorContains(t, err, "the target is not empty: its table address_configurations has 3 rows")

	back := side(t)
	_, err = move(t.Context(), to, back)
	require.NoError(t, err)
	for _, table := range tables(t, from.DB) {
		if table != "leases" && table != "outbox" && table != "statuses" && table != "deliveries" { // where checkMoved has added rows
			assert.Equal(t, contents(t, from.DB, table), contents(t, back.DB, table), table)
		}
	}
	checkNumber(t, back.DB, "statuses", 5)
	checkNumber(t, back.DB, "deliveries", 9007199254740995)
}

// The sequences count up to what the source has given out, also where it has
// given out nothing.
func TestAnEmptyStoreIsMovedToPostgreSQL(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := postgresSide(t)
	_, err := move(t.Context(), from, to)
	require.NoError(t, err)
	checkNumber(t, to.DB, "statuses", 1)
}

func TestTextsThatPostgreSQLRefusesAreNamed(t *testing.T) {
	t.Parallel()
	for value, why := range map[string]string{
		"a\x00b": "it has a NUL character, which PostgreSQL refuses",
		"a\xffb": "it is not valid UTF-8, which PostgreSQL refuses",
	} {
		from := side(t)
		to := postgresSide(t)
		fill(t, from.DB, few)
		execute(t, from.DB, "UPDATE messages SET subject = CAST($1 AS TEXT) WHERE idx = 19", []byte(value))
		_, err := move(t.Context(), from, to)
		require.EqualError(t, err, `table messages, id "id 19": column subject cannot be moved: `+why)
		assert.Empty(t, contents(t, to.DB, "messages"))
		assert.Empty(t, contents(t, to.DB, "answers"))
	}
}

func TestACopyToPostgreSQLThatDiffersIsRolledBack(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := postgresSide(t)
	fill(t, from.DB, few)
	execute(t, to.DB, `CREATE FUNCTION corrupt() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF new.idx = 14 THEN new.body = new.body || ' '; END IF; RETURN new; END $$`)
	execute(t, to.DB, "CREATE TRIGGER corrupt BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION corrupt()")
	_, err := move(t.Context(), from, to)
	require.ErrorContains(t, err, "table messages was not copied faithfully, and nothing was moved")
	assert.Empty(t, contents(t, to.DB, "messages"))
	assert.Empty(t, contents(t, to.DB, "answers"))
	execute(t, to.DB, "DROP TRIGGER corrupt ON messages")
	_, err = move(t.Context(), from, to)
	require.NoError(t, err, "it can be done again")
}

func TestAMoveToPostgreSQLThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := postgresSide(t)
	fill(t, from.DB, few)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := transfer.Run(ctx, from, to, &observer{on: func(s transfer.Step, table string) {
		if s == transfer.Checking && table == "outbox" {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, contents(t, to.DB, "messages"))
	_, err = move(t.Context(), from, to)
	require.NoError(t, err, "it can be done again")
}

// A process that starts on the target meanwhile waits, and finds everything.
func TestNobodyElseUsesTheTargetMeanwhile(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := postgresSide(t)
	fill(t, from.DB, few)
	found := make(chan int, 1)
	_, err := transfer.Run(t.Context(), from, to, &observer{on: func(s transfer.Step, table string) {
		if s != transfer.Copying || table != "answers" {
			return
		}
		go func() {
			var n int
			_ = to.DB.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&n)
			found <- n
		}()
	}})
	require.NoError(t, err)
	assert.Equal(t, 3, <-found)
}
