package bridge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// verdict is what a webhook has said last to the question with a token, and in which
// conversation the message was to be.
type verdict struct {
	conversation conversations.ConversationID
	body         string
	refused      bool
}

// judgedLife is a number of messages from carriers that webhooks judge, while
// conversations come and go.
type judgedLife struct {
	*world

	judge    *judge
	key      conversations.ConversationKey
	verdicts map[string]verdict // by token
	said     map[string]string  // the message of each token
}

// meanwhile is what happens while a question is under way.
func (l *judgedLife) meanwhile(what string) {
	l.t.Helper()
	ctx := l.t.Context()
	var err error
	switch what {
	case "deleted":
		err = l.DeleteConversation(ctx, system, service, l.key)
		l.key = l.conversation(alice, carla)
	case "closed":
		_, err = l.UpdateConversation(ctx, system, service, l.key, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
		l.key = l.conversation(alice, carla)
	case "rejoined":
		who := l.texts("SELECT id FROM participants WHERE conversation_id = $1 AND address = $2", l.key.ID, alice)
		err = l.RemoveParticipant(ctx, system, service, l.key, conversations.ParticipantKey{ID: conversations.ParticipantID(who[0])})
		l.join(l.key, alice, proxy)
	case "said":
		l.say(l.key, "system", "in between")
	}
	require.NoError(l.t, err)
}

// Whatever happens meanwhile: a message is published once, in the conversation and
// with the text that was judged last, or is shown as unrouted; and each question has
// one token, however often it is put.
func TestNothingIsPublishedThatWasNotJudged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, j := newJudgedWorld(t)
		l := &judgedLife{world: w, judge: j, verdicts: map[string]verdict{}, said: map[string]string{}}
		l.key = w.conversation(alice, carla)
		count := rapid.IntRange(1, 6).Draw(rt, "messages")
		j.answer = func(p conversations.Proposal) (conversations.Amendment, error) {
			body := *p.Resource.Message.Body
			if known, again := l.said[p.Token]; again && known != body {
				rt.Fatalf("%q and %q have the same token", known, body)
			}
			l.said[p.Token] = body
			l.meanwhile(rapid.SampledFrom([]string{"", "", "", "deleted", "closed", "rejoined", "said"}).Draw(rt, "meanwhile"))
			v := verdict{conversation: p.Conversation, body: body}
			defer func() { l.verdicts[p.Token] = v }()
			switch rapid.SampledFrom([]string{"as it is", "amended", "refused"}).Draw(rt, "answer") {
			case "amended":
				v.body = body + "!"
				return conversations.Amendment{Body: &v.body}, nil
			case "refused":
				v.refused = true
				return conversations.Amendment{}, errNo
			}
			return conversations.Amendment{}, nil
		}
		for n := range count {
			m := inbound(fmt.Sprintf("in%d", n), alice, fmt.Sprintf("message %d", n))
			require.NoError(rt, w.Accept(t.Context(), []conversations.Inbound{m}))
		}
		for tries := 0; len(w.tasks(bridge.TopicInbound)) > 0; tries++ {
			require.Less(rt, tries, 1000)
			task := w.tasks(bridge.TopicInbound)[0]
			var seq int64
			_, err := fmt.Sscan(task.payload, &seq)
			require.NoError(rt, err)
			_ = w.Route(t.Context(), task.seq, seq) // one that never rests is carried out again
		}
		l.check(rt, count)
	})
}

func (l *judgedLife) check(t *rapid.T, count int) {
	published := map[string]string{}
	for _, row := range l.texts("SELECT conversation_id || ' ' || body FROM messages WHERE author <> 'system'") {
		where, body, _ := strings.Cut(row, " ")
		published[strings.TrimSuffix(body, "!")] = where + " " + body
	}
	shown := map[string]bool{}
	for _, body := range l.texts("SELECT body FROM inbound WHERE state = 2") {
		shown[body] = true
	}
	require.Zero(t, l.Backlog())
	require.Len(t, l.texts("SELECT body FROM inbound WHERE state IN (1, 2)"), count)
	left := l.texts("SELECT id FROM conversations")
	for token, said := range l.said {
		v := l.verdicts[token]
		have, isThere := published[said]
		switch {
		case v.refused && (isThere || !shown[said]):
			t.Fatalf("%q was refused and published, or is not shown", said)
		case isThere && have != string(v.conversation)+" "+v.body:
			t.Fatalf("%q was judged as %+v and published as %q", said, v, have)
		case !v.refused && !isThere && !shown[said] && slices.Contains(left, string(v.conversation)):
			t.Fatalf("%q was lost", said)
		}
	}
}
