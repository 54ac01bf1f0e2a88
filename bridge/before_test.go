package bridge_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// judge is the pre-action webhooks of a test. It wants to judge everything, but for
// what it is told that it does not.
type judge struct {
	mu      sync.Mutex
	blind   map[conversations.EventType]bool
	answer  func(conversations.Proposal) (conversations.Amendment, error)
	asked   []conversations.Proposal
	changed int
}

func (j *judge) Asks(context.Context) (func(conversations.ServiceID, conversations.EventType) bool, error) {
	return func(_ conversations.ServiceID, t conversations.EventType) bool { return !j.blind[t] }, nil
}

func (j *judge) Before(_ context.Context, p conversations.Proposal) (conversations.Amendment, error) {
	j.mu.Lock()
	j.asked = append(j.asked, p)
	j.mu.Unlock()
	if j.answer != nil {
		return j.answer(p)
	}
	return conversations.Amendment{}, nil
}

func (j *judge) Changed() { j.changed++ }

// says has the judge give the same answer to every question.
func (j *judge) says(a conversations.Amendment, err error) {
	j.answer = func(conversations.Proposal) (conversations.Amendment, error) { return a, err }
}

// questions lists what was asked, and forgets it.
func (j *judge) questions() (types []conversations.EventType) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range j.asked {
		types = append(types, p.Type)
	}
	j.asked = nil
	return types
}

// newJudgedWorld is a world whose changes somebody judges.
func newJudgedWorld(t testing.TB, configure ...func(*bridge.Config)) (*world, *judge) {
	t.Helper()
	j := &judge{}
	w := newGroupWorld(t, append(configure, func(c *bridge.Config) { c.Before = j })...)
	return w, j
}

// asking is a REST call with X-Twilio-Webhook-Enabled: true.
var asking = bridge.Caller{Source: conversations.SourceAPI, By: "tester", Webhooks: true}

var errNo = conversations.Refuse(conversations.ChangeRefused, "the webhook answered 403")

// scene is what the verbs of a table work on.
type scene struct {
	key     conversations.ConversationKey
	message conversations.Message
	people  []conversations.Participant
}

// newScene makes a conversation of Alice, Carla and Dora, who is a user, with a
// message. Nobody is asked about it.
func (w *world) newScene() (s scene) {
	w.t.Helper()
	s.key = w.conversation(alice, carla)
	w.add(s.key, byIdentity("dora"))
	s.message = w.say(s.key, string(alice), "hello")
	page, err := w.db.Participants(w.t.Context(), s.key.ID, conversations.Page{Size: 10})
	require.NoError(w.t, err)
	s.people = page.Items
	return s
}

// dump is all that the verbs of a table may change.
func (w *world) dump() (rows []string) {
	w.t.Helper()
	for _, query := range []string{
		"SELECT id || ' ' || COALESCE(friendly_name, '') || state FROM conversations ORDER BY seq",
		"SELECT id || ' ' || attributes FROM participants ORDER BY seq",
		"SELECT id || ' ' || author || ' ' || COALESCE(body, '') || attributes FROM messages ORDER BY idx",
		"SELECT id || ' ' || attributes FROM users ORDER BY seq",
		"SELECT type FROM events ORDER BY seq",
		"SELECT match_key FROM pairs ORDER BY match_key",
	} {
		rows = append(rows, w.texts(query)...)
	}
	return rows
}

// judgedVerb is a verb about which pre-action webhooks are asked.
type judgedVerb struct {
	act func(ctx context.Context, w *world, by bridge.Caller, s scene) error
	// after is the event that tells of the change.
	after conversations.EventType
	// shown is the query for what amended has changed, and invalid is what the
	// caller is refused for.
	amended conversations.Amendment
	shown   string
	want    string
	invalid conversations.Amendment
	fault   conversations.Fault
}

var (
	renamed  = conversations.Amendment{FriendlyName: ptr("amended")}
	tooLong  = conversations.Amendment{FriendlyName: &long}
	rewrite  = conversations.Amendment{Body: ptr("amended"), Author: ptr("dora"), Attributes: ptr(`{"by":"judge"}`)}
	noJSON   = conversations.Amendment{Attributes: ptr("{")}
	nobodies = conversations.Amendment{Author: &long}
)

var judgedVerbs = map[conversations.EventType]judgedVerb{
	conversations.ConversationAdd: {
		func(ctx context.Context, w *world, by bridge.Caller, _ scene) error {
			_, err := w.CreateConversation(ctx, by, service, bridge.ConversationFields{UniqueName: ptr("u")})
			return err
		},
		conversations.ConversationAdded, renamed, "SELECT friendly_name FROM conversations WHERE unique_name = 'u'", "amended", tooLong, conversations.FriendlyNameTooLong,
	},
	conversations.ConversationUpdate: {
		func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			_, err := w.UpdateConversation(ctx, by, service, s.key, bridge.ConversationFields{FriendlyName: ptr("mine"), Attributes: ptr("[1]")})
			return err
		},
		conversations.ConversationUpdated, renamed, "SELECT friendly_name || attributes FROM conversations", "amended[1]", tooLong, conversations.FriendlyNameTooLong,
	},
	conversations.ConversationRemove: {
		act: func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			return w.DeleteConversation(ctx, by, service, s.key)
		},
		after: conversations.ConversationRemoved,
	},
	conversations.ParticipantAdd: {
		act: func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			_, err := w.AddParticipant(ctx, by, service, s.key, byPair(bob, proxy))
			return err
		},
		after: conversations.ParticipantAdded,
	},
	conversations.ParticipantUpdate: {
		act: func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			_, err := w.UpdateParticipant(ctx, by, service, s.key, conversations.ParticipantKey{ID: s.people[0].ID}, bridge.ParticipantFields{Proxy: ptr(otherProxy), Attributes: ptr("[2]")})
			return err
		},
		after: conversations.ParticipantUpdated,
	},
	conversations.ParticipantRemove: {
		act: func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			return w.RemoveParticipant(ctx, by, service, s.key, conversations.ParticipantKey{Identity: "dora"})
		},
		after: conversations.ParticipantRemoved,
	},
	conversations.MessageAdd: {
		func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			_, err := w.CreateMessage(ctx, by, service, s.key, bridge.MessageFields{Author: ptr(string(carla)), Body: ptr("mine")})
			return err
		},
		conversations.MessageAdded, rewrite, "SELECT author || ' ' || body || ' ' || attributes FROM messages WHERE idx = 1", `dora amended {"by":"judge"}`,
		noJSON, conversations.AttributesNotJSON,
	},
	conversations.MessageUpdate: {
		func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			_, err := w.UpdateMessage(ctx, by, service, s.key, s.message.ID, bridge.MessageFields{Body: ptr("mine")})
			return err
		},
		conversations.MessageUpdated, rewrite, "SELECT author || ' ' || body || ' ' || attributes FROM messages", `dora amended {"by":"judge"}`,
		nobodies, conversations.AuthorTooLong,
	},
	conversations.MessageRemove: {
		act: func(ctx context.Context, w *world, by bridge.Caller, s scene) error {
			return w.DeleteMessage(ctx, by, service, s.key, s.message.ID)
		},
		after: conversations.MessageRemoved,
	},
	conversations.UserUpdate: {
		act: func(ctx context.Context, w *world, by bridge.Caller, _ scene) error {
			_, err := w.UpdateUser(ctx, by, service, conversations.UserKey{Identity: "dora"}, bridge.UserFields{Attributes: ptr("[3]")})
			return err
		},
		after: conversations.UserUpdated,
	},
}

// forEachVerb runs a test of every verb, each in a world of its own.
func forEachVerb(t *testing.T, test func(t *testing.T, w *world, j *judge, s scene, asked conversations.EventType, v judgedVerb)) {
	t.Helper()
	for asked, v := range judgedVerbs {
		t.Run(string(asked), func(t *testing.T) {
			t.Parallel()
			w, j := newJudgedWorld(t)
			s := w.newScene()
			require.Empty(t, j.questions(), "calls over REST ask only where they are told to")
			test(t, w, j, s, asked, v)
		})
	}
}

// Page 33: a change is published as it is where the webhook says nothing.
func TestEveryVerbAsksBeforeItChangesAnything(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, asked conversations.EventType, v judgedVerb) {
		before := w.dump()
		j.answer = func(p conversations.Proposal) (conversations.Amendment, error) {
			assert.Equal(t, before, w.dump(), "nothing is changed while the question is put")
			assert.Equal(t, conversations.SourceAPI, p.Source)
			assert.Equal(t, service, p.Scene.Service)
			assert.NotEmpty(t, p.Token)
			return conversations.Amendment{}, nil
		}
		require.NoError(t, v.act(t.Context(), w, asking, s))
		assert.Equal(t, []conversations.EventType{asked}, j.questions())
		heard, _ := w.heard()
		assert.Equal(t, []string{string(v.after)}, heard)

		other, j := newJudgedWorld(t)
		require.NoError(t, v.act(t.Context(), other, system, other.newScene()))
		assert.Empty(t, j.questions(), "without the header nobody is asked")
	})
}

func TestARefusedChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, asked conversations.EventType, v judgedVerb) {
		before := w.dump()
		j.says(conversations.Amendment{}, errNo)
		refusal(t, conversations.ChangeRefused, v.act(t.Context(), w, asking, s), "refused")
		assert.Equal(t, before, w.dump())
		assert.Equal(t, []conversations.EventType{asked}, j.questions())
	})
}

func TestAnAmendmentObeysTheRulesOfREST(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, _ conversations.EventType, v judgedVerb) {
		if v.shown == "" { // nothing of it can be amended
			everything := rewrite
			everything.FriendlyName = &long
			j.says(everything, nil)
			require.NoError(t, v.act(t.Context(), w, asking, s))
			assert.NotContains(t, w.dump(), "amended")
			return
		}
		before := w.dump()
		j.says(v.invalid, nil)
		refusal(t, v.fault, v.act(t.Context(), w, asking, s), "invalid")
		assert.Equal(t, before, w.dump())

		j.says(v.amended, nil)
		require.NoError(t, v.act(t.Context(), w, asking, s))
		assert.Equal(t, []string{v.want}, w.texts(v.shown))
	})
}

// An operation that ends with a question has written nothing: those that share its
// commit need not run again.
func TestAQuestionCostsTheNeighborsNothing(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, _ conversations.EventType, v judgedVerb) {
		var commits, runs int
		w.cfg.Commit = func(_ context.Context, op func(bridge.Tx) error) error {
			commits++
			return storetest.Batch(w.db, func(tx *store.Tx) error { return op(tx) }, func(tx *store.Tx) error {
				runs++
				return tx.KeepAnswer("neighbor", conversations.Answer{At: start})
			})[0]
		}
		w.cfg.CommitBeside = w.cfg.Commit
		w.Bridge = bridge.New(w.cfg)
		j.says(conversations.Amendment{}, errNo)
		refusal(t, conversations.ChangeRefused, v.act(t.Context(), w, asking, s), "refused")
		assert.Equal(t, 2, commits, "the question, and then the refusal")
		assert.Equal(t, commits, runs)
	})
}

var errAway = errors.New("the caller went away")

func TestWithoutAVerdictNothingIsChanged(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, _ conversations.EventType, v judgedVerb) {
		before := w.dump()
		j.says(conversations.Amendment{}, errAway)
		require.ErrorIs(t, v.act(t.Context(), w, asking, s), errAway)
		assert.Equal(t, before, w.dump())
	})
}

// Idempotency-Key: the repeat asks nobody, and a question that is repeated because
// its request failed has the same token.
func TestARepeatedRequestIsJudgedOnce(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, _ conversations.EventType, v judgedVerb) {
		ctx := bridge.WithAnswer(t.Context(), "key", "print", func(any) (int, []byte) { return 200, []byte("first") })
		j.says(conversations.Amendment{}, errAway)
		require.ErrorIs(t, v.act(ctx, w, asking, s), errAway)
		j.says(conversations.Amendment{}, nil)
		require.NoError(t, v.act(ctx, w, asking, s))
		require.Len(t, j.asked, 2)
		assert.Equal(t, j.asked[0].Token, j.asked[1].Token)
		var repeated *bridge.RepeatedError
		require.ErrorAs(t, v.act(ctx, w, asking, s), &repeated)
		assert.Equal(t, "first", string(repeated.Answer.Body))
		assert.Len(t, j.asked, 2)
	})
}

// If-Match: the condition is asked again when the webhook has answered.
func TestAConditionHoldsWhenTheChangeIsMade(t *testing.T) {
	t.Parallel()
	forEachVerb(t, func(t *testing.T, w *world, j *judge, s scene, _ conversations.EventType, v judgedVerb) {
		before := w.dump()
		judged := false
		j.answer = func(conversations.Proposal) (conversations.Amendment, error) {
			judged = true
			return conversations.Amendment{}, nil
		}
		ctx := bridge.WithCondition(t.Context(), func(context.Context) error {
			if judged {
				return errAway
			}
			return nil
		})
		require.ErrorIs(t, v.act(ctx, w, asking, s), errAway)
		assert.True(t, judged)
		assert.Equal(t, before, w.dump())
	})
}

func TestWhoIsToBeAskedIsReadAnewWhenItChanges(t *testing.T) {
	t.Parallel()
	w, j := newJudgedWorld(t)
	_, err := w.UpdateWebhooks(t.Context(), bridge.WebhooksFields{PreURL: ptr("https://example.com")})
	require.NoError(t, err)
	assert.Equal(t, 1, j.changed)
	_, err = w.UpdateServiceWebhooks(t.Context(), service, bridge.WebhooksFields{PreURL: ptr("https://example.com")})
	require.NoError(t, err)
	assert.Equal(t, 2, j.changed)
}
