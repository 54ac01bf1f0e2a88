package conversations_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

func TestNewIDIsValidAndUniqueAcrossGoroutines(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 500
	now := time.Now()
	var (
		mu   sync.Mutex
		seen = make(map[conversations.MessageID]bool)
		wait sync.WaitGroup
	)
	for range workers {
		wait.Go(func() {
			for range each {
				id := conversations.NewID[conversations.MessageID](now)
				mu.Lock()
				assert.True(t, conversations.ValidID(string(id)), id)
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	assert.Len(t, seen, workers*each)
}

func TestNewIDOfALaterTimeSortsLater(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	last := conversations.NewID[conversations.MessageID](now)
	for _, later := range []time.Duration{time.Millisecond, time.Second, time.Hour, 24 * 365 * time.Hour} {
		id := conversations.NewID[conversations.MessageID](now.Add(later))
		assert.Greater(t, id, last)
		last = id
	}
}

func TestValidID(t *testing.T) {
	t.Parallel()
	assert.True(t, conversations.ValidID(strings.Repeat("0a", 16)))
	for _, s := range []string{
		"", strings.Repeat("a", 31), strings.Repeat("a", 33), strings.Repeat("A", 32),
		strings.Repeat("g", 32), "CH" + strings.Repeat("a", 30), strings.Repeat("é", 16),
	} {
		assert.False(t, conversations.ValidID(s), s)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("add: %w", conversations.Refuse(conversations.PairTaken, "in %s", "CH1"))
	require.EqualError(t, err, "add: pair taken: in CH1")
	assert.True(t, conversations.PairTaken.Is(err))
	assert.False(t, conversations.NotFound.Is(err))
	assert.False(t, conversations.NotFound.Is(errors.New("not found")))
	assert.False(t, conversations.NotFound.Is(nil))
	assert.EqualError(t, &conversations.Error{Fault: conversations.BodyMissing}, "body missing")
}
