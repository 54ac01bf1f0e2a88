package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The memory of floods is bounded, whoever writes.
func TestSendersAreForgotten(t *testing.T) {
	t.Parallel()
	f := newFloods(SenderRate{PerSecond: 1, Burst: 2})
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for i := range maxSenders + 50 {
		f.take(fmt.Sprint(i), now)
	}
	assert.Len(t, f.byKey, maxSenders)
	over, begins := f.take("new", now)
	assert.False(t, over || begins, "a new sender is not punished for it")

	now = now.Add(2 * time.Second)
	f.take("another", now)
	assert.Len(t, f.byKey, 1, "all others may have a whole burst again")
}

func TestAFloodBeginsOnce(t *testing.T) {
	t.Parallel()
	f := newFloods(SenderRate{PerSecond: 1, Burst: 1})
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var beginnings int
	for range 10 {
		if _, begins := f.take("a", now); begins {
			beginnings++
		}
	}
	assert.Equal(t, 1, beginnings)
	over, _ := f.take("a", now.Add(time.Second))
	assert.False(t, over)
}
