package bridge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

const day = 24 * time.Hour

// showy is what a channel says of contents that has templates and buttons, and
// lets nothing else than a template have a card.
type showy struct{}

func (showy) ContentWay(c conversations.OutboundContent) conversations.Way {
	switch {
	case c.Template != nil:
		return conversations.WayTemplate
	case c.Form.Type == conversations.ContentQuickReply:
		return conversations.WayForm
	case c.Form.Type == conversations.ContentCard:
		return conversations.WayNone
	}
	return conversations.WayText
}

// windowed is such a channel, which takes a word at a time.
var windowed = &bridge.Outlet{
	Split: strings.Fields, Contents: showy{},
	Cut: func(text string, limit int) (parts []string) {
		for ; len(text) > limit; text = text[limit:] {
			parts = append(parts, text[:limit])
		}
		return append(parts, text)
	},
}

// outside is how a carrier refuses free text.
var outside = bridge.Result{
	Outcome: conversations.OutcomeRefused, OutsideWindow: true, ErrorCode: 63016, CarrierCode: "131047", Detail: "re-engagement message",
}

// newWindowWorld is a world whose WhatsApp channel has windows.
func newWindowWorld(t testing.TB, rule bridge.WindowRule) *world {
	t.Helper()
	rule.Length = day
	return newWorld(t, func(c *bridge.Config) {
		c.Windows = map[string]bridge.WindowRule{"wa": rule}
		c.FallbackIn = func(attributes string) conversations.ContentID {
			_, id, _ := strings.Cut(strings.TrimSuffix(attributes, `"}`), `{"fallback":"`)
			return conversations.ContentID(id)
		}
	})
}

// carlaWrites at a time of her carrier's; zero for none.
func (w *world) carlaWrites(id string, at time.Time) {
	w.t.Helper()
	m := inbound(id, carla, id)
	m.SentAt = at
	w.receive(m)
}

// fallback makes an approved content, whose text the message becomes part of.
func (w *world) fallback(body string) conversations.ContentID {
	w.t.Helper()
	c, err := w.CreateContent(w.t.Context(), conversations.Content{
		Language: "en", Variables: map[string]string{"1": "it", "2": "you"},
		Forms: []conversations.ContentForm{{Type: conversations.ContentText, Body: body}},
	})
	require.NoError(w.t, err)
	_, err = w.ApproveContent(w.t.Context(), c.ID, conversations.Approval{Name: "fallback", Category: "UTILITY"})
	require.NoError(w.t, err)
	return c.ID
}

func (w *world) window() conversations.Window {
	w.t.Helper()
	list, err := w.db.Windows(w.t.Context(), "", conversations.Page{Size: 5})
	require.NoError(w.t, err)
	require.Len(w.t, list.Items, 1)
	return list.Items[0]
}

// last is the delivery that was made last.
func (w *world) last() conversations.DeliveryDetail {
	list := w.deliveries()
	return list[len(list)-1]
}

func (w *world) letters() []conversations.DeadLetter {
	w.t.Helper()
	list, err := w.db.DeadLetters(w.t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 100})
	require.NoError(w.t, err)
	return list.Items
}

func TestAnInboundMessageOpensTheWindow(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(alice, carla)
	w.receive(inbound("s1", alice, "on SMS there is no window"))
	w.carlaWrites("w1", start.Add(-time.Hour)) // it took an hour
	got := w.window()
	assert.Equal(t, []time.Time{start.Add(-time.Hour), start.Add(day - time.Hour), start}, []time.Time{got.LastInbound, got.OpenUntil, got.Updated})
	assert.Equal(t, []conversations.Address{carla, waProxy}, []conversations.Address{got.Address, got.Proxy})
	assert.Equal(t, key.ID, got.Conversation)
	assert.NotEmpty(t, got.Participant)

	w.clock.advance(time.Minute)
	w.carlaWrites("w2", start.Add(-2*time.Hour)) // overtaken by the one before
	assert.Equal(t, start.Add(-time.Hour), w.window().LastInbound)
	w.carlaWrites("w3", start.Add(day)) // a clock that is wrong
	assert.Equal(t, start.Add(time.Minute), w.window().LastInbound)
	w.clock.advance(time.Minute)
	w.carlaWrites("w4", time.Time{})
	assert.Equal(t, start.Add(2*time.Minute), w.window().LastInbound)

	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
	got = w.window()
	assert.Equal(t, start.Add(2*time.Minute+day), got.OpenUntil, "it outlives the conversation")
	assert.Empty(t, got.Conversation)
	w.carlaWrites("w5", start.Add(3*time.Minute))
	assert.Equal(t, start.Add(2*time.Minute), w.window().LastInbound, "no later than by our clock, also where nobody wants it")
}

func TestOutsideTheWindowNothingIsAsked(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(alice, carla)
	w.carlaWrites("w1", start)
	w.sendAll(windowed)
	w.clock.advance(day - time.Microsecond)
	w.say(key, string(alice), "in time")
	assert.Equal(t, []string{"in", "time"}, w.sendAll(windowed))
	w.clock.advance(time.Microsecond)
	w.say(key, string(alice), "too late")
	assert.Empty(t, w.sendAll(windowed))

	d := w.last()
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, 63016, d.ErrorCode)
	assert.Contains(t, d.Reason, "no fallback template")
	assert.Empty(t, d.Attempts, "the carrier was not asked")
	letters := w.letters()
	require.Len(t, letters, 1)
	assert.Equal(t, 63016, letters[0].ErrorCode)

	w.carlaWrites("w2", time.Time{})
	assert.Empty(t, w.tasks(bridge.TopicWindows), "it is not asked for")
	w.sendAll(windowed)
	_, err := w.Redrive(t.Context(), letters[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, conversations.StatusFailed, w.delivery(d.ID).Status, "nothing is pretended")
	assert.Equal(t, []string{"too", "late"}, w.sendAll(windowed))
	d = w.delivery(d.ID)
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Zero(t, d.ErrorCode)
	assert.Len(t, d.Attempts, 2)
	assert.Empty(t, w.letters())
	_, err = w.Redrive(t.Context(), letters[0].Seq)
	refusal(t, conversations.NotFound, err, "taken up twice")
}

func TestAPairThatNobodyKnowsIsTheCarriersToJudge(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "hello")
	assert.Equal(t, []string{"hello"}, w.sendAll(windowed), "she may have written before the number came here")
	w.say(key, string(alice), "again")
	w.settle(w.claimOnly(windowed), outside)
	assert.Empty(t, w.sendAll(windowed), "now it is known")
	d := w.last()
	assert.Equal(t, 63016, d.ErrorCode)
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	require.Len(t, d.Attempts, 1)
	assert.Equal(t, "131047", d.Attempts[0].CarrierCode)
}

func TestACarrierThatIsWrongAboutTheWindowIsAskedOnceMore(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(alice, carla)
	w.carlaWrites("w1", start)
	w.sendAll(windowed)
	w.say(key, string(alice), "first")
	w.settle(w.claimOnly(windowed), outside)
	assert.Equal(t, []string{"first"}, w.sendAll(windowed))
	assert.Equal(t, conversations.StatusSent, w.last().Status)

	w.say(key, string(alice), "second")
	for range 2 {
		w.settle(w.claimOnly(windowed), outside)
	}
	assert.Empty(t, w.sendAll(windowed))
	assert.Equal(t, 63016, w.last().ErrorCode)
	assert.Len(t, w.last().Attempts, 2)
	require.Len(t, w.letters(), 1)

	w.clock.advance(time.Second)
	w.carlaWrites("w2", time.Time{}) // what the carrier said before counts no more
	w.sendAll(windowed)
	_, err := w.Redrive(t.Context(), w.letters()[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, []string{"second"}, w.sendAll(windowed))
}

func TestAReportThatTheWindowIsClosedCountsLikeARefusal(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(alice, carla)
	w.carlaWrites("w1", start)
	w.sendAll(windowed)
	w.say(key, string(alice), "hello")
	report := func() {
		c := w.claimOnly(windowed)
		r := w.accepted()
		w.settle(c, r)
		w.report(conversations.StatusReport{
			Channel: "wa", ProviderID: r.ProviderID, Status: conversations.StatusFailed, ErrorCode: 63016, CarrierCode: "131047", Address: carla, Proxy: waProxy,
		})
	}
	report()
	assert.Equal(t, conversations.StatusSent, w.last().Status, "it goes out once more")
	report()
	assert.Empty(t, w.sendAll(windowed))
	d := w.last()
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, 63016, d.ErrorCode)
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	assert.Len(t, w.letters(), 1)
}

func TestAReportThatOvertakesTheAnswerCountsToo(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	key := w.conversation(carla)
	w.say(key, "agent", "hello")
	c, r := w.claimOnly(windowed), w.accepted()
	w.report(conversations.StatusReport{
		Channel: "wa", ProviderID: r.ProviderID, Status: conversations.StatusFailed, ErrorCode: 63016, CarrierCode: "131047", Address: carla, Proxy: waProxy,
	})
	w.settle(c, r)
	assert.Empty(t, w.sendAll(windowed))
	d := w.last()
	assert.Equal(t, []any{conversations.StatusFailed, 63016, conversations.ProgressDead}, []any{d.Status, d.ErrorCode, d.Progress})
	assert.Equal(t, conversations.OutcomeRefused, d.Attempts[0].Outcome)
	assert.Len(t, w.letters(), 1)
}

func TestOutsideTheWindowTheFallbackGoesOut(t *testing.T) {
	t.Parallel()
	var channel conversations.ContentID
	w := newWindowWorld(t, bridge.WindowRule{})
	channel = w.fallback("News for {{2}}: {{1}}")
	w.cfg.Windows["wa"] = bridge.WindowRule{Length: day, Fallback: channel}
	w.Bridge = bridge.New(w.cfg)
	key := w.conversation(carla)
	w.carlaWrites("w1", start.Add(-day))

	w.say(key, "agent", "a b")
	c := w.claimOnly(windowed)
	assert.Equal(t, "News for you: a b", c.Part.Text, "the first variable has the text, the others what the content says")
	require.NotNil(t, c.Part.Content)
	assert.Equal(t, "fallback", c.Part.Content.Template.Name)
	assert.Equal(t, []conversations.TemplateValue{{Name: "1", Value: "a b"}, {Name: "2", Value: "you"}}, c.Part.Content.Template.Body)
	w.settle(c, w.accepted())
	assert.Equal(t, []any{conversations.WayFallback, channel, conversations.StatusSent}, []any{w.last().Way, w.last().Fallback, w.last().Status})

	w.say(key, "agent", strings.Repeat("x", 1500))
	handed := w.sendAll(windowed)
	require.Len(t, handed, 2, "what is too long for one template goes in several")
	assert.Equal(t, strings.Repeat("x", 1500), strings.TrimPrefix(handed[0], "News for you: ")+strings.TrimPrefix(handed[1], "News for you: "))

	own := w.fallback("Please answer")
	attributes := `{"fallback":"` + string(own) + `"}`
	_, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{Attributes: &attributes})
	require.NoError(t, err)
	w.say(key, "agent", "c d")
	assert.Equal(t, []string{"Please answer"}, w.sendAll(windowed), "the conversation's own goes first")
	assert.Equal(t, own, w.last().Fallback)

	require.NoError(t, w.DeleteContent(t.Context(), own))
	w.say(key, "agent", "e")
	assert.Empty(t, w.sendAll(windowed))
	assert.Contains(t, w.last().Reason, "no content that there is")
	assert.Equal(t, 63027, w.last().ErrorCode)
}

func TestAFallbackHasToBeApproved(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{})
	w.cfg.Windows["wa"] = bridge.WindowRule{Length: day, Fallback: w.content().ID}
	w.Bridge = bridge.New(w.cfg)
	key := w.conversation(carla)
	w.carlaWrites("w1", start.Add(-day))
	w.say(key, "agent", "a")
	assert.Empty(t, w.sendAll(windowed))
	assert.Equal(t, 63016, w.last().ErrorCode)
	assert.Contains(t, w.last().Reason, "not approved")
}

func TestWhatWaitsGoesOutWhenThePersonWrites(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{Resend: true})
	key := w.conversation(alice, bob, carla)
	w.carlaWrites("w1", start.Add(-day))
	w.sendAll(windowed)
	for _, text := range []string{"one", "two", "three"} {
		w.say(key, string(alice), text)
	}
	w.sendAll(windowed)
	require.Len(t, w.letters(), 3)

	w.clock.advance(time.Minute)
	w.carlaWrites("w2", start.Add(-day)) // delivered late: nothing is open by it
	assert.Empty(t, w.tasks(bridge.TopicWindows))
	w.carlaWrites("w3", time.Time{})
	reopen := w.tasks(bridge.TopicWindows)
	require.Len(t, reopen, 1)
	for range 2 { // carrying it out again changes nothing
		require.NoError(t, w.Reopen(t.Context(), reopen[0].seq, []byte(reopen[0].payload)))
	}
	assert.Empty(t, w.letters())
	w.say(key, string(alice), "four")
	var toCarla []string
	for sends := w.sends(); len(sends) > 0; sends = w.sends() {
		c := w.claim(sends[0], windowed)
		require.NotNil(t, c)
		if c.Delivery.Address == carla {
			toCarla = append(toCarla, c.Part.Text)
		}
		w.settle(*c, w.accepted())
	}
	assert.Equal(t, []string{"one", "two", "three", "four"}, toCarla, "in their order, before what was said since")
}

func TestNobodyIsSentWhatTheyHaveLeft(t *testing.T) {
	t.Parallel()
	w := newWindowWorld(t, bridge.WindowRule{Resend: true})
	key := w.conversation(alice)
	p := w.join(key, carla, waProxy)
	w.carlaWrites("w1", start.Add(-day))
	w.say(key, string(alice), "late")
	w.sendAll(windowed)
	require.Len(t, w.letters(), 1)
	require.NoError(t, w.RemoveParticipant(t.Context(), system, service, key, conversations.ParticipantKey{ID: p.ID}))
	_, err := w.Redrive(t.Context(), w.letters()[0].Seq)
	refusal(t, conversations.Gone, err, "she has left")
	w.carlaWrites("w2", time.Time{})
	for _, task := range w.tasks(bridge.TopicWindows) {
		require.NoError(t, w.Reopen(t.Context(), task.seq, []byte(task.payload)))
	}
	assert.Empty(t, w.sends())
	assert.Len(t, w.letters(), 1)
}
