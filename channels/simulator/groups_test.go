package simulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

// familyText is a group message from one of our numbers to two people and another
// number of ours.
func familyText() channels.Outbound {
	return channels.Outbound{
		From: smsProxy, To: alice, Others: []conversations.Address{bob, smsProxy2}, Body: "dinner",
	}
}

func TestAGroupMessageReachesEverybodyInItOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.behave(t, bob, Behaviour{ErrorCode: 30003})
	sent, err := w.sms.Send(t.Context(), familyText())
	require.NoError(t, err)
	got := w.Messages(alice)
	require.Len(t, got, 1)
	assert.Equal(t, sent.ProviderID, got[0].ID)
	assert.Equal(t, smsProxy, got[0].From)
	assert.Equal(t, []conversations.Address{alice, bob, smsProxy2}, got[0].To)
	assert.Empty(t, w.Messages(bob), "who cannot be reached")

	// What our other number gets is what comes back.
	echoes := w.bridge.accepted()
	require.Len(t, echoes, 1)
	assert.Equal(t, smsProxy, echoes[0].From)
	assert.Equal(t, smsProxy2, echoes[0].To)
	assert.Equal(t, []conversations.Address{alice, bob}, echoes[0].Others)

	last := func(a conversations.Address) (last conversations.Status) {
		w.bridge.mu.Lock()
		defer w.bridge.mu.Unlock()
		for _, r := range w.bridge.reports {
			if r.Address == a && r.ProviderID == sent.ProviderID {
				last = r.Status
			}
		}
		return last
	}
	require.Eventually(t, func() bool {
		return last(alice) == conversations.StatusDelivered && last(bob) == conversations.StatusUndelivered
	}, 10*time.Second, time.Millisecond, "each has statuses of its own")
}

func TestAGroupMessageIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.behave(t, bob, Behaviour{Refuse: &Refusal{Kind: channels.Retry, Times: 1}})
	_, err := w.sms.Send(t.Context(), familyText())
	assert.Equal(t, channels.Retry, sendError(t, err).Verdict)
	assert.Empty(t, w.Messages(alice))
	assert.Empty(t, w.Messages(bob))
	assert.Empty(t, w.bridge.accepted())
	_, err = w.sms.Send(t.Context(), familyText())
	require.NoError(t, err)
	assert.Len(t, w.Messages(alice), 1)
}
