package bridge_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// unrouted are the reasons of the messages that are shown as unrouted.
func (w *world) unrouted() []string {
	w.t.Helper()
	return w.texts("SELECT reason FROM inbound WHERE state = 2 ORDER BY seq")
}

// What a webhook says to a message from a carrier (page 33; contract, 18).
func TestAMessageFromACarrierIsJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		amendment conversations.Amendment
		err       error
		message   string // author, body and attributes
		handed    []string
		unrouted  string
	}{
		"as it is": {message: "+15550000001 hello {}", handed: []string{"hello"}},
		"another body": {
			conversations.Amendment{Body: ptr("h****"), Attributes: ptr(`{"a":1}`)}, nil, `+15550000001 h**** {"a":1}`, []string{"h****"}, "",
		},
		"another author, who gets no copy": {conversations.Amendment{Author: ptr(string(carla))}, nil, "whatsapp:+15550000003 hello {}", nil, ""},
		"an author in chat":                {conversations.Amendment{Author: ptr("dora")}, nil, "dora hello {}", []string{"hello"}, ""},
		"an author who is nobody":          {conversations.Amendment{Author: ptr("a robot")}, nil, "a robot hello {}", []string{"hello"}, ""},
		"no author":                        {conversations.Amendment{Author: ptr("")}, nil, "system hello {}", []string{"hello"}, ""},
		"refused": {
			err: errNo, unrouted: "it was rejected because of a pre-action webhook's answer: change refused: the webhook answered 403",
		},
		"nothing left": {
			amendment: conversations.Amendment{Body: ptr("")},
			unrouted:  "it was rejected because of a pre-action webhook's answer: body missing: a pre-action webhook has taken all of the text away",
		},
		"attributes that are none": {
			amendment: noJSON,
			unrouted:  `it was rejected because of a pre-action webhook's answer: attributes not JSON: send a JSON text such as {"topic":"feedback"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			key := w.conversation(alice, carla)
			w.add(key, byIdentity("dora"))
			j.says(c.amendment, c.err)
			w.receive(inbound("in1", alice, "hello"))
			require.Len(t, j.asked, 1)
			p := j.asked[0]
			assert.Equal(t, conversations.MessageAdd, p.Type)
			assert.Equal(t, conversations.Source("SMS"), p.Source)
			assert.Equal(t, string(alice), p.By)
			assert.Equal(t, key.ID, p.Conversation)
			assert.Equal(t, messagingService, p.Scene.MessagingService)
			assert.Equal(t, "hello", *p.Resource.Message.Body)
			assert.NotNil(t, p.Resource.Message.Participant)
			assert.Zero(t, w.Backlog())
			messages := w.texts("SELECT author || ' ' || body || ' ' || attributes FROM messages")
			if c.unrouted != "" {
				assert.Empty(t, messages)
				assert.Equal(t, []string{c.unrouted}, w.unrouted())
				return
			}
			assert.Equal(t, []string{c.message}, messages)
			assert.Equal(t, c.handed, w.sendAll(whole))
			assert.Empty(t, w.unrouted())
		})
	}
}

// An operator who has a rejected message taken up again has it judged again.
func TestARejectedMessageIsJudgedAnew(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t)
	w.conversation(alice, carla)
	j.says(conversations.Amendment{}, errNo)
	w.receive(inbound("in1", alice, "hello"))
	j.says(conversations.Amendment{}, nil)
	_, err := w.Reroute(t.Context(), int64(w.count("SELECT seq FROM inbound")))
	require.NoError(t, err)
	w.settleInbox()
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages"))
	require.Len(t, j.asked, 2)
	assert.NotEqual(t, j.asked[0].Token, j.asked[1].Token, "it is another question")
}

// A keyword is no message to anybody: there is nothing to judge.
func TestKeywordsAreNotJudged(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t, func(c *bridge.Config) {
		c.OptOut = bridge.OptOutPolicy{Modes: map[string]conversations.OptOutMode{"sms": conversations.OptOutBridged}}
	})
	w.conversation(alice, carla)
	j.says(conversations.Amendment{}, errNo)
	w.receive(inbound("in1", alice, "STOP"), inbound("in2", bob, "to nobody"))
	assert.Empty(t, j.questions())
}

// Page 33: autocreation asks about the conversation, each participant and the
// message, with the IDs that they get.
func TestAutocreationIsJudgedStepByStep(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t)
	w.configure(bridge.CreationFields{})
	j.answer = func(conversations.Proposal) (conversations.Amendment, error) {
		return conversations.Amendment{FriendlyName: ptr("amended"), Body: ptr("seen")}, nil
	}
	m := inbound("in1", alice, "hello")
	m.Media = []conversations.Media{{URL: "https://example.com/a", ContentType: "image/png", Filename: "a.png"}}
	w.receive(m)
	asked := j.asked
	assert.Equal(t, []conversations.EventType{conversations.ConversationAdd, conversations.ParticipantAdd, conversations.MessageAdd}, j.questions())
	c := w.only(service)
	assert.Equal(t, "amended", *c.FriendlyName)
	assert.Equal(t, []string{"seen"}, w.texts("SELECT body FROM messages"))

	assert.Equal(t, []conversations.Address{alice, proxy}, asked[0].Origin)
	assert.Equal(t, "hello", *asked[0].First.Body)
	assert.Empty(t, asked[0].Conversation)
	assert.Equal(t, conversations.StateActive, asked[0].Resource.Conversation.State)
	assert.Equal(t, c.ID, asked[1].Conversation)
	assert.Equal(t, &conversations.Binding{Address: alice, Proxy: proxy}, asked[1].Resource.Participant.Binding)
	assert.Equal(t, roles.ConversationRole, *asked[1].Resource.Participant.Role)
	assert.Equal(t, c.ID, asked[2].Conversation)
	assert.Equal(t, []string{string(*asked[2].Resource.Message.Participant)}, w.texts("SELECT id FROM participants"))
	files := w.texts("SELECT id FROM media")
	require.Len(t, files, 1)
	for _, media := range [][]conversations.Media{asked[0].First.Media, asked[2].Resource.Message.Media} {
		require.Len(t, media, 1)
		assert.Equal(t, files[0], string(media[0].ID), "what it is told is what there will be")
	}
}

func TestAGroupTextIsJudgedWithAllItsMembers(t *testing.T) {
	t.Parallel()
	// Up to which question it comes where the answer to one kind is no.
	for refused, questions := range map[conversations.EventType]int{
		"": 5, conversations.ConversationAdd: 1, conversations.ParticipantAdd: 4, conversations.MessageAdd: 5,
	} {
		t.Run(string(refused), func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			w.configureGroups(office, bridge.CreationFields{})
			j.answer = func(p conversations.Proposal) (conversations.Amendment, error) {
				if p.Type == refused && (p.Resource.Participant == nil || p.Resource.Participant.InGroup() == bob) {
					return conversations.Amendment{}, errNo
				}
				return conversations.Amendment{}, nil
			}
			w.receive(groupMessage("in1", alice, "hello", office, bob))
			asked := j.asked
			types := j.questions()
			want := []conversations.EventType{
				conversations.ConversationAdd, conversations.ParticipantAdd, conversations.ParticipantAdd, conversations.ParticipantAdd, conversations.MessageAdd,
			}
			require.Equal(t, want[:questions], types)
			assert.Equal(t, []conversations.Address{alice, office, bob}, asked[0].Origin)
			tokens := map[string]bool{}
			for _, p := range asked {
				tokens[p.Token] = true
			}
			assert.Len(t, tokens, len(asked), "each is a question of its own")
			if refused == "" {
				assert.Equal(t, 1, w.count("SELECT count(*) FROM messages"))
				assert.Equal(t, 3, w.count("SELECT count(*) FROM participants"))
				return
			}
			assert.Len(t, w.unrouted(), 1)
			assert.Zero(t, w.count("SELECT count(*) FROM conversations"))
			assert.Zero(t, w.count("SELECT count(*) FROM participants"))
		})
	}
}

// The author of a message in a group text is one of the group, and however it is
// renamed nobody gets it again.
func TestTheAuthorOfAGroupTextStaysInTheGroup(t *testing.T) {
	t.Parallel()
	for author, rejected := range map[string]bool{string(bob): false, string(office): false, "agent": false, "a robot": true, "dora": true} {
		t.Run(author, func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			w.group(projected("agent", office), byAddress(alice), byAddress(bob))
			j.says(conversations.Amendment{Author: &author}, nil)
			w.receive(groupMessage("in1", alice, "hello", office, bob))
			assert.Equal(t, rejected, len(w.unrouted()) == 1)
			assert.Equal(t, !rejected, w.count("SELECT count(*) FROM messages") == 1)
			assert.Empty(t, w.sends())
		})
	}
}

// ConversationWithParticipants: what is added later is judged as the request is.
func TestThoseWhoAConversationIsMadeWithAreJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by      bridge.Caller
		refused conversations.Address
		asked   []conversations.EventType
		state   conversations.State
	}{
		"with the header":    {asking, "", []conversations.EventType{conversations.ConversationAdd, conversations.ParticipantAdd, conversations.ParticipantAdd}, conversations.StateActive},
		"without it":         {system, alice, nil, conversations.StateActive},
		"one of them is not": {asking, carla, []conversations.EventType{conversations.ConversationAdd, conversations.ParticipantAdd, conversations.ParticipantAdd}, conversations.StateClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			j.answer = func(p conversations.Proposal) (conversations.Amendment, error) {
				if p.Resource.Participant != nil && p.Resource.Participant.Binding.Address == c.refused {
					return conversations.Amendment{}, errNo
				}
				return conversations.Amendment{FriendlyName: ptr("amended")}, nil
			}
			made, err := w.CreateConversationWithParticipants(t.Context(), c.by, service, bridge.ConversationFields{}, []bridge.ParticipantFields{person(alice), person(carla)})
			require.NoError(t, err)
			w.populate()
			asked := j.asked
			assert.Equal(t, c.asked, j.questions())
			assert.Equal(t, c.state, w.state(made.ID))
			members := w.count("SELECT count(*) FROM participants")
			if c.state == conversations.StateClosed {
				assert.Zero(t, members)
				assert.Equal(t, 1, w.count("SELECT count(*) FROM dead_letters WHERE topic = 'populate'"))
				return
			}
			assert.Equal(t, 2, members)
			for _, p := range asked[min(1, len(asked)):] {
				assert.Equal(t, made.ID, p.Conversation)
			}
			if len(asked) > 0 {
				assert.Equal(t, "amended", *made.FriendlyName)
			}
		})
	}
}

// What happens while a question is under way.
func TestTheChangeIsJudgedThatIsMade(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		meanwhile func(w *world, key conversations.ConversationKey)
		asked     int
		bodies    []string
		unrouted  int
	}{
		"nothing": {func(*world, conversations.ConversationKey) {}, 1, []string{"hello"}, 0},
		"another message, which is no other change": {
			func(w *world, key conversations.ConversationKey) { w.say(key, "system", "first") }, 1, []string{"first", "hello"}, 0,
		},
		"it becomes inactive": {func(w *world, key conversations.ConversationKey) {
			_, err := w.UpdateConversation(ctx, system, service, key, bridge.ConversationFields{State: ptr(conversations.StateInactive)})
			require.NoError(w.t, err)
		}, 1, []string{"hello"}, 0},
		"it is closed": {func(w *world, key conversations.ConversationKey) {
			_, err := w.UpdateConversation(ctx, system, service, key, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
			require.NoError(w.t, err)
		}, 1, nil, 1},
		"it is deleted": {func(w *world, key conversations.ConversationKey) {
			require.NoError(w.t, w.DeleteConversation(ctx, system, service, key))
		}, 1, nil, 1},
		"the pair moves to another one": {func(w *world, key conversations.ConversationKey) {
			require.NoError(w.t, w.DeleteConversation(ctx, system, service, key))
			w.conversation(alice, carla)
		}, 2, []string{"hello"}, 0},
		"the participant is another one": {func(w *world, key conversations.ConversationKey) {
			w.leave(key, alice)
			w.join(key, alice, proxy)
		}, 2, []string{"hello"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			key := w.conversation(alice, carla)
			j.answer = func(conversations.Proposal) (conversations.Amendment, error) {
				if len(j.asked) == 1 {
					c.meanwhile(w, key)
				}
				return conversations.Amendment{}, nil
			}
			w.receive(inbound("in1", alice, "hello"))
			require.Len(t, j.asked, c.asked)
			for _, p := range j.asked {
				assert.Equal(t, j.asked[0].Token, p.Token)
			}
			assert.Equal(t, c.bodies, w.texts("SELECT body FROM messages ORDER BY idx"))
			assert.Len(t, w.unrouted(), c.unrouted)
		})
	}
}

// A change that is another one each time is not made, and an inbound message is
// tried again later.
func TestAChangeThatNeverRestsIsPutOff(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t)
	key := w.conversation(alice, carla)
	j.answer = func(p conversations.Proposal) (conversations.Amendment, error) {
		if p.Type == conversations.MessageAdd {
			w.leave(key, alice)
			w.join(key, alice, proxy)
		}
		_, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{UniqueName: ptr(string(conversations.NewID[conversations.MessageID](start)))})
		return conversations.Amendment{}, err
	}
	_, err := w.UpdateConversation(t.Context(), asking, service, key, bridge.ConversationFields{FriendlyName: ptr("x")})
	refusal(t, conversations.ConversationBusy, err, "restless")
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("in1", alice, "hello")}))
	tasks := w.tasks(bridge.TopicInbound)
	require.Len(t, tasks, 1)
	require.Error(t, w.Route(t.Context(), tasks[0].seq, 1))
	assert.Len(t, w.tasks(bridge.TopicInbound), 1, "it is not lost")
	j.answer = nil
	w.settleInbox()
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages"))
}

// After a crash the same question has the same token.
func TestATaskThatIsCarriedOutAgainAsksTheSame(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t)
	w.conversation(alice, carla)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("in1", alice, "hello")}))
	task := w.tasks(bridge.TopicInbound)[0]
	j.says(conversations.Amendment{}, errAway)
	require.ErrorIs(t, w.Route(t.Context(), task.seq, 1), errAway)
	w.crash()
	j.says(conversations.Amendment{}, nil)
	w.settleInbox()
	require.Len(t, j.asked, 2)
	assert.Equal(t, j.asked[0].Token, j.asked[1].Token)
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages"))
}
