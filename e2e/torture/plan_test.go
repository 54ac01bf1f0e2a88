package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func everything(store string) []card { return append(cards(), cardsOf(store)...) }

func TestTheSameSeedMakesTheSamePlan(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"sqlite", "postgres"} {
		one, again := newPlan(7, 30, everything(store), false), newPlan(7, 30, everything(store), false)
		assert.Equal(t, one, again)
		assert.NotEqual(t, one, newPlan(8, 30, everything(store), false))
	}
}

func TestAPlanHasAsManyCrashesAsWereAskedFor(t *testing.T) {
	t.Parallel()
	crash := make(map[string]bool)
	for _, c := range everything("sqlite") {
		crash[c.fault] = c.crash
	}
	crashes := 0
	for _, s := range newPlan(1, 50, everything("sqlite"), false).steps {
		if crash[s.fault] {
			crashes++
		}
	}
	assert.Equal(t, 50, crashes)
	assert.Len(t, newPlan(1, 5, []card{{fault: faultSuspend, often: 3}}, false).steps, 5, "without crashes all count")
	assert.Empty(t, newPlan(1, 5, nil, false).steps)
}

func TestTheShortFormHasEachFaultOnce(t *testing.T) {
	t.Parallel()
	p := newPlan(1, 1, everything("sqlite"), true)
	seen := make(map[string]int)
	for _, s := range p.steps {
		seen[s.fault]++
	}
	for _, c := range everything("sqlite") {
		assert.Equal(t, 1, seen[c.fault], c.fault)
	}
}

// Every fault that can be dealt can be made, and the texts of one author are numbered
// in the order in which they are written.
func TestPlansCanBePlayed(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"sqlite", "postgres"} {
		p := newPlan(3, 60, everything(store), false)
		last := make(map[string]string)
		for _, s := range append(p.steps, p.last...) {
			require.Contains(t, faults, s.fault)
			for i, l := range s.lines {
				require.True(t, i == 0 || s.lines[i-1].after <= l.after)
				author, _, _ := strings.Cut(l.token, "-")
				require.Equal(t, p.author(l), author)
				require.Less(t, last[author], l.token)
				last[author] = l.token
			}
			require.LessOrEqual(t, s.shift.Abs(), furthest)
		}
		assert.Greater(t, len(last), 10, "many write")
	}
}
