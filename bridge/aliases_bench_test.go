package bridge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// BenchmarkAcceptAndRoute is an inbound message from its arrival to its place in
// the conversation, by the names that it comes with.
func BenchmarkAcceptAndRoute(b *testing.B) {
	for _, c := range []struct {
		name  string
		from  conversations.Address
		names []conversations.Address
	}{
		{"a number", carla, nil},
		{"a number and its known id", carla, []conversations.Address{carlaID}},
		{"a known id", carlaID, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			w.conversation(carla)
			w.receive(named("first", carla, carlaID))
			n := 0
			for b.Loop() {
				n++
				m := named(fmt.Sprint("in", n), c.from, c.names...)
				require.NoError(b, w.Accept(b.Context(), []conversations.Inbound{m}))
				require.NoError(b, w.Route(b.Context(), 0, int64(n+1)))
			}
			require.Equal(b, n+1, w.count("SELECT count(*) FROM messages"))
			require.Len(b, w.tasks(bridge.TopicInbound), n)
		})
	}
}
