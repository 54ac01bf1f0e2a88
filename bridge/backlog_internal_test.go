package bridge

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// verbUnderWay is one that has begun: it commits, or fails, and then ends.
type verbUnderWay struct {
	move
	by        int
	committed bool
	err       error
}

// TestTheBacklogIsNeverTakenForLess has verbs begin, commit and end in any order, also
// while the backlog is counted: it is never taken for less than it is, so that the bound
// holds; and a count with nothing under way knows it.
func TestTheBacklogIsNeverTakenForLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const bound = 12
		b := newBacklog()
		stored := 0 // what the store has pending
		var verbs []*verbUnderWay
		step := func() {
			switch rapid.SampledFrom([]string{"accept", "finish", "commit", "fail", "end"}).Draw(t, "step") {
			case "accept":
				n := rapid.IntRange(1, 4).Draw(t, "messages")
				if m, ok := b.begin(n, bound); ok {
					verbs = append(verbs, &verbUnderWay{move: m, by: rapid.IntRange(0, n).Draw(t, "new")})
				}
			case "finish":
				finishing := 0 // no message is finished twice
				for _, v := range verbs {
					if v.by < 0 && !v.committed {
						finishing++
					}
				}
				if stored > finishing {
					m, _ := b.begin(0, 0)
					verbs = append(verbs, &verbUnderWay{move: m, by: -1})
				}
			case "commit":
				if i := slices.IndexFunc(verbs, func(v *verbUnderWay) bool { return !v.committed && v.err == nil }); i >= 0 {
					verbs[i].committed = true
					stored += verbs[i].by
				}
			case "fail":
				if i := slices.IndexFunc(verbs, func(v *verbUnderWay) bool { return !v.committed }); i >= 0 {
					verbs[i].err = errors.New("the store is away")
				}
			case "end":
				if len(verbs) == 0 {
					return
				}
				i := rapid.IntRange(0, len(verbs)-1).Draw(t, "which")
				switch v := verbs[i]; {
				case v.err != nil:
					v.end(0, v.err)
				case v.committed:
					v.end(v.by, nil)
				default:
					return
				}
				verbs = slices.Delete(verbs, i, i+1)
			}
			require.LessOrEqual(t, stored, b.pending)
			require.LessOrEqual(t, stored, bound)
		}
		steps := func(name string, most int) {
			for range rapid.IntRange(0, most).Draw(t, name) {
				step()
			}
		}
		count := func(before, after func()) {
			require.NoError(t, b.count(func() (int, error) {
				before()
				n := stored
				after()
				return n, nil
			}, func() time.Time { return time.Time{} }))
			require.LessOrEqual(t, stored, b.pending)
		}
		for range rapid.IntRange(1, 6).Draw(t, "counts") {
			steps("between", 10)
			count(func() { steps("before it looked", 4) }, func() { steps("after it looked", 4) })
		}
		for _, v := range verbs {
			if v.err == nil && !v.committed {
				stored += v.by
			}
			if v.err != nil {
				v.end(0, v.err)
			} else {
				v.end(v.by, nil)
			}
		}
		require.Zero(t, b.moves)
		require.Zero(t, b.reserved)
		require.True(t, b.isUnsure || b.pending == stored, "who is wrong knows that it may be")
		count(func() {}, func() {})
		require.Equal(t, stored, b.pending)
		require.False(t, b.isUnsure)
	})
}
