package bridge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// However windows open and close between attempts, and whatever the carrier says,
// the parts of a delivery stay what they were from the first that the carrier may
// have.
func TestPartsStayTheSame(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	w.cfg.Windows["wa"] = bridge.WindowRule{Length: day, Fallback: w.fallback("News: {{1}}")}
	w.Bridge = bridge.New(w.cfg)
	key := w.conversation(carla)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		if rapid.Bool().Draw(rt, "open") {
			w.carlaWrites(fmt.Sprint("w", n), time.Time{})
			w.sendAll(windowed)
		}
		w.say(key, "agent", "one two three")
		var began []string // what the carrier may have, part by part
		way := conversations.WayUndecided
		for step := 0; ; step++ {
			sends := w.sends()
			if len(sends) == 0 {
				break
			}
			for c := w.claim(sends[0], windowed); c != nil; {
				if len(began) > 0 {
					require.Equal(t, way, c.Delivery.Way)
				}
				if c.Attempt.Part < len(began) {
					require.Equal(t, began[c.Attempt.Part], c.Part.Text)
				}
				if rapid.Bool().Draw(rt, "time passes") {
					w.clock.advance(13 * time.Hour)
				}
				if rapid.Bool().Draw(rt, "writes") {
					n++
					require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound(fmt.Sprint("w", n), carla, "x")}))
					w.settleInbox()
				}
				r := rapid.SampledFrom([]bridge.Result{outside, refused, unknown, {Outcome: conversations.OutcomeAccepted}}).Draw(rt, "answer")
				if step > 5 {
					r = bridge.Result{Outcome: conversations.OutcomeAccepted}
				}
				if r.Outcome == conversations.OutcomeAccepted {
					r = w.accepted()
				}
				if r.Outcome != conversations.OutcomeRefused && c.Attempt.Part == len(began) {
					began, way = append(began, c.Part.Text), c.Delivery.Way
				}
				next, err := w.Settle(t.Context(), *c, r, windowed)
				require.NoError(t, err)
				c = next
			}
			w.clock.advance(2 * time.Hour)
			_, err := w.Resume(t.Context())
			require.NoError(t, err)
		}
		d := w.last()
		if d.Status == conversations.StatusSent {
			require.Len(t, began, d.Parts)
			if d.Way == conversations.WayText {
				require.Equal(t, []string{"one", "two", "three"}, began)
			} else {
				require.Equal(t, []string{"News: one two three"}, began)
			}
		}
	})
}
