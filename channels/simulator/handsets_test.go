package simulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

func number(i int) conversations.Address {
	return conversations.Address(fmt.Sprintf("+1555%07d", i))
}

func TestThreadsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{Thread: 3})
	for i := range 10 {
		w.mustText(t, alice, fmt.Sprint(i))
	}
	assert.Equal(t, []string{"7", "8", "9"}, bodies(w.Messages(alice)))
	assert.Equal(t, 3*(overhead+1), w.handsets.bytes)
}

func TestTheIdlestHandsetIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{Handsets: 2})
	w.behave(t, alice, Behaviour{ErrorCode: 30003})
	w.mustText(t, bob, "hello")
	require.Len(t, w.Messages(bob), 1)
	w.Behaviour(alice) // who is the idle one no longer
	w.mustText(t, number(1), "hello")

	assert.Empty(t, w.Messages(bob))
	assert.Equal(t, 30003, w.Behaviour(alice).ErrorCode)
	assert.Equal(t, []Handset{
		{Address: number(1), Behaviour: Behaviour{Status: conversations.StatusDelivered}, Messages: 1, Changed: 2},
		{Address: alice, Behaviour: w.Behaviour(alice)},
	}, w.Handsets())
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	w := newWorld(t, Limits{Handsets: 50, Thread: 20, Bytes: limit})
	body := strings.Repeat("x", 1000)
	for i := range 2000 {
		w.mustText(t, number(i%70), body)
		require.LessOrEqual(t, w.handsets.bytes, limit)
		require.LessOrEqual(t, len(w.handsets.byName), 50)
		require.Equal(t, len(w.handsets.byName), w.handsets.byUse.Len())
	}
	sum := 0
	for _, h := range w.handsets.byName {
		for _, m := range h.thread {
			sum += m.size()
		}
	}
	assert.Equal(t, sum, w.handsets.bytes)
	assert.Equal(t, []string{body}, bodies(w.Messages(number(1999%70))), "the newest is there")
}

func TestOneHandsetCannotFillTheMemoryEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{Bytes: 5000})
	for i := range 20 {
		w.mustText(t, alice, fmt.Sprintf("%02d%s", i, strings.Repeat("x", 1000)))
	}
	thread := w.Messages(alice)
	require.NotEmpty(t, thread)
	assert.Less(t, len(thread), 5)
	assert.True(t, strings.HasPrefix(thread[len(thread)-1].Body, "19"))
	assert.LessOrEqual(t, w.handsets.bytes, 5000)
}

func BenchmarkSend(b *testing.B) {
	c := NewCarrier(Config{Accept: &acceptor{}, Limits: Limits{Pending: 1 << 30}})
	b.Cleanup(c.Close)
	w := world{Carrier: c, sms: c.Channel("sim-sms", conversations.TypeSMS, []conversations.Address{smsProxy})}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := w.text(number(i%1000), "hello"); err != nil {
				b.Error(err)
			}
		}
	})
}

func TestAForgottenHandsetLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newHandsets(Limits{Handsets: 10, Thread: 10, Bytes: 1 << 20})
	c := &Carrier{handsets: s}
	const gone, other = conversations.Address("+15550200001"), conversations.Address("+15550200002")
	s.append(s.get(gone), Message{ID: "1", From: gone, Body: "mine", order: 1})
	s.append(s.get("whatsapp:"+gone), Message{ID: "2", From: "whatsapp:" + gone, Body: "mine too", order: 2})
	s.append(s.get(other), Message{ID: "3", From: gone, To: []conversations.Address{other}, Body: "to a group", order: 3})
	s.append(s.get(other), Message{ID: "4", From: other, Body: "theirs", order: 4})
	c.Forget(conversations.Spellings{"15550200001"})
	require.Len(t, s.byName, 1)
	require.Len(t, s.find(other).thread, 1)
	assert.Equal(t, "theirs", s.find(other).thread[0].Body)
	assert.Equal(t, s.find(other).thread[0].size(), s.bytes, "the room is free again")
	assert.Equal(t, 1, s.byUse.Len())
}
