package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
)

// Our number, which a channel for telephones has, and people.
const (
	ourNumber = conversations.Address("+14155559001")
	ann       = conversations.Address("+14155550001")
	ben       = conversations.Address("+14155550002")
)

// telephones is a channel of SMS that can carry group MMS, until it no longer can.
type telephones struct {
	*loft

	unable *atomic.Bool
}

func (telephones) ParseAddress(s string) (conversations.Address, error) {
	return conversations.Address(s), nil
}

func (c telephones) CarriesGroups() bool { return !c.unable.Load() }

// says writes to a group text of two people by our number.
func (w *world) says(text string) conversations.Conversation {
	w.t.Helper()
	our, one, other := ourNumber, ann, ben
	caller := bridge.Caller{Source: conversations.SourceAPI}
	c, err := w.bridge.CreateConversation(w.t.Context(), caller, service, bridge.ConversationFields{})
	require.NoError(w.t, err)
	key := conversations.ConversationKey{ID: c.ID}
	for _, f := range []bridge.ParticipantFields{{Address: &one}, {Address: &other}, {Projected: &our}} {
		_, err := w.bridge.AddParticipant(w.t.Context(), caller, service, key, f)
		require.NoError(w.t, err)
	}
	author := string(our)
	_, err = w.bridge.CreateMessage(w.t.Context(), caller, service, key, bridge.MessageFields{Author: &author, Body: &text})
	require.NoError(w.t, err)
	return c
}

func TestAGroupMessageIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	c := telephones{&loft{name: "telephones", kind: conversations.TypeSMS}, new(atomic.Bool)}
	w := newWorld(t, options{}, c)
	made := w.says("hello")
	eventually(t, func() bool { return w.delivery(made).Status == conversations.StatusSent }, "it is sent")
	assert.Equal(t, []channels.Outbound{{From: ourNumber, To: ann, Others: []conversations.Address{ben}, Body: "hello"}}, c.sent())
}

// What waits for a channel that turned out not to carry groups never goes out as
// something else.
func TestAGroupMessageIsNotHandedToAChannelThatCannotCarryIt(t *testing.T) {
	t.Parallel()
	unable := new(atomic.Bool)
	c := telephones{&loft{name: "telephones", kind: conversations.TypeSMS}, unable}
	c.answer = func(context.Context, channels.Outbound) (channels.Sent, error) {
		unable.Store(true)
		return channels.Sent{}, &channels.SendError{Verdict: channels.Retry}
	}
	w := newWorld(t, options{}, c)
	made := w.says("hello")
	eventually(t, func() bool { return w.delivery(made).Status == conversations.StatusFailed }, "it is given up")
	assert.Len(t, c.sent(), 1)
	detail, err := w.db.DeliveryDetail(t.Context(), w.delivery(made).ID)
	require.NoError(t, err)
	assert.Contains(t, detail.Attempts[1].Detail, "cannot carry group MMS")
}
