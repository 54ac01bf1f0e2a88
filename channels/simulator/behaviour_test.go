package simulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

func TestStatusesOfABehaviour(t *testing.T) {
	t.Parallel()
	const (
		sent, delivered, read = conversations.StatusSent, conversations.StatusDelivered, conversations.StatusRead
		failed, undelivered   = conversations.StatusFailed, conversations.StatusUndelivered
	)
	type statuses = []conversations.Status
	for name, tc := range map[string]struct {
		to        conversations.Address
		behaviour Behaviour
		want      statuses
	}{
		"by default":          {alice, Behaviour{}, statuses{sent, delivered}},
		"WhatsApp by default": {carla, Behaviour{}, statuses{sent, delivered}},
		"none":                {alice, Behaviour{Status: Silent}, nil},
		"sent":                {alice, Behaviour{Status: sent}, statuses{sent}},
		"read":                {carla, Behaviour{Status: read}, statuses{sent, delivered, read}},
		"SMS error":           {alice, Behaviour{ErrorCode: 30003}, statuses{sent, undelivered}},
		"WhatsApp error":      {carla, Behaviour{ErrorCode: 63024}, statuses{failed}},
		"failed":              {alice, Behaviour{ErrorCode: 30003, Status: failed}, statuses{failed}},
		"undelivered":         {carla, Behaviour{ErrorCode: 63024, Status: undelivered}, statuses{sent, undelivered}},
		"twice":               {alice, Behaviour{Duplicate: true}, statuses{sent, sent, delivered, delivered}},
		"reordered":           {carla, Behaviour{Status: read, Reorder: true}, statuses{read, delivered, sent}},
		"reordered and twice": {
			alice,
			Behaviour{Duplicate: true, Reorder: true},
			statuses{delivered, delivered, sent, sent},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := tc.behaviour.complete(tc.to.Type())
			require.NoError(t, err)
			assert.Equal(t, tc.want, b.steps())
		})
	}
}

func TestContradictoryBehaviours(t *testing.T) {
	t.Parallel()
	refuse := func(r Refusal) Behaviour { return Behaviour{Refuse: &r} }
	for want, b := range map[string]Behaviour{
		"delay must be between 0s and 1h0m0s":                {Delay: 2 * time.Hour},
		"delay must be":                                      {Delay: -1},
		"error_code must be between":                         {ErrorCode: -1},
		"error_code must be between 0 and 99999":             {ErrorCode: 100_000},
		"SMS has no read receipts":                           {Status: conversations.StatusRead},
		"status must be none, sent":                          {Status: "lost"},
		"status failed needs an error_code":                  {Status: conversations.StatusFailed},
		"status undelivered needs an error_code":             {Status: conversations.StatusUndelivered},
		"status must be undelivered or failed":               {Status: conversations.StatusDelivered, ErrorCode: 30003},
		"refuse.code must be":                                refuse(Refusal{Code: -5}),
		"refuse.times must not be negative":                  refuse(Refusal{Times: -1}),
		"refuse.after must be between":                       refuse(Refusal{Kind: channels.Throttled, After: -1}),
		"refuse.after goes with the kind throttled only":     refuse(Refusal{Kind: channels.Retry, After: 1}),
		"refuse.arrives goes with the kind unknown only: by": refuse(Refusal{Kind: channels.Permanent, Arrives: true}),
	} {
		w := newWorld(t, Limits{})
		_, err := w.SetBehaviour(alice, b)
		require.ErrorContains(t, err, want)
		assert.Empty(t, w.Handsets(), "nothing was changed")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, kind := range []channels.Verdict{
		channels.Unknown, channels.Retry, channels.Throttled, channels.Permanent, channels.OptedOut, channels.OutsideWindow,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Limits{})
			r := Refusal{Kind: kind, Code: 21610, Times: 2}
			scope := channels.ScopeUnsaid
			if kind == channels.Throttled {
				r.After, scope = 3*time.Second, channels.ScopePair
			}
			w.behave(t, alice, Behaviour{Refuse: &r})

			for left := 1; left >= 0; left-- {
				_, err := w.text(alice, "hello")
				e := sendError(t, err)
				assert.Equal(t, kind, e.Verdict)
				assert.Equal(t, 21610, e.Code)
				assert.Equal(t, "21610", e.CarrierCode)
				assert.Equal(t, r.After, e.After)
				assert.Equal(t, scope, e.Scope)
				if left > 0 {
					assert.Equal(t, left, w.Behaviour(alice).Refuse.Times)
				}
			}
			assert.Equal(t, 2, r.Times, "the caller's own is left alone")
			assert.Nil(t, w.Behaviour(alice).Refuse)
			assert.Empty(t, w.Messages(alice))

			w.mustText(t, alice, "at last")
			assert.Equal(t, []string{"at last"}, bodies(w.Messages(alice)))
		})
	}
}

func TestRefusalWithoutEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.behave(t, alice, Behaviour{Refuse: &Refusal{Kind: channels.Retry}})
	for range 5 {
		_, err := w.text(alice, "hello")
		e := sendError(t, err)
		assert.Equal(t, channels.Retry, e.Verdict)
		assert.Empty(t, e.CarrierCode)
	}
	w.behave(t, alice, Behaviour{})
	w.mustText(t, alice, "hello")
	w.mustText(t, bob, "others were never concerned")
}

func TestBehaviourOfAStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	assert.Equal(t, Behaviour{Status: conversations.StatusDelivered}, w.Behaviour(alice))
	assert.Empty(t, w.Handsets(), "asking makes no handset")
}
