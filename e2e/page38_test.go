package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// The sentences of page 38 that say who gets a message, one test each. Those about
// groups, and about the webhooks, have tests of their own.

// secondNumber is another SMS number of ours; secondNumberConf makes it so.
const (
	secondNumber     = "+15550100002"
	secondNumberConf = "[[channels]]\nname = \"sms-second\"\ntype = \"sms\"\nnumbers = [\"" + secondNumber + "\"]\ndriver = \"simulator\"\n"
)

// nowhere is where an unrouted message went.
const nowhere = "unrouted"

// whither delivers a message, and returns the SID of the conversation that has it
// then, or nowhere. Each text may be used once in a test.
func (w *world) whither(from, to, text string) (where string) {
	w.t.Helper()
	if number, ok := strings.CutPrefix(from, "whatsapp:+"); ok {
		w.accepted(w.cloud.Post(w.t.Context(), w.URL+"/hooks/wa-main", fakecarrier.Message{ID: "wamid." + text, From: number, Body: text}))
	} else {
		w.accepted(w.twilio.Post(w.t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{ID: fakecarrier.NewSID(), From: from, To: to, Body: text}))
	}
	eventually(w.t, func() bool {
		for _, k := range w.kept() {
			if k.Body == text {
				where = nowhere
			}
		}
		for _, sid := range w.conversationsOf(from) {
			for _, m := range w.messages(sid) {
				if *m.Body == text {
					require.Empty(w.t, where, "it is in one place")
					where = sid
				}
			}
		}
		return where != ""
	}, "%q has its place", text)
	return where
}

// member is a participant as the API shows it.
type member struct {
	SID              string
	MessagingBinding struct {
		Type, Address string
		ProxyAddress  string `json:"proxy_address"`
	} `json:"messaging_binding"`
}

func (w *world) members(conversation string) []member {
	w.t.Helper()
	var list struct{ Participants []member }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+conversation+"/Participants", nil, &list))
	return list.Participants
}

// tryJoin adds a participant and returns the answer's status.
func (w *world) tryJoin(conversation, address, proxy string) int {
	w.t.Helper()
	return w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Participants",
		url.Values{"MessagingBinding.Address": {address}, "MessagingBinding.ProxyAddress": {proxy}}, nil)
}

func (w *world) setState(conversation, state string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.call(http.MethodPost, "/v1/Conversations/"+conversation, url.Values{"State": {state}}, nil))
}

func (w *world) stateOf(conversation string) string {
	w.t.Helper()
	var c struct{ State string }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+conversation, nil, &c))
	return c.State
}

// "The sender, or From number, corresponds to a MessagingBinding.Address. The
// receiver, or To number, corresponds to a ProxyAddress." "In all supported
// messaging channels (SMS, MMS, WhatsApp)."
func TestTheSenderCorrespondsToTheAddressAndTheReceiverToTheProxyAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.autocreate(url.Values{})
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Configuration/Addresses",
		url.Values{"Type": {"whatsapp"}, "Address": {whatsappProxy}, "AutoCreation.Enabled": {"true"}}, nil))
	for _, c := range []struct{ kind, from, to string }{{"sms", alice, smsProxy}, {"whatsapp", bob, whatsappProxy}} {
		list := w.members(w.whither(c.from, c.to, "by "+c.kind))
		require.Len(t, list, 1)
		got := list[0].MessagingBinding
		assert.Equal(t, []string{c.kind, c.from, c.to}, []string{got.Type, got.Address, got.ProxyAddress})
	}
}

// "The SMS Participant receives all of the messages through that one proxy address
// number, and they don't know how many people it represents."
func TestAParticipantReceivesAllMessagesThroughOneProxyAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: secondNumberConf})
	conversation := w.converse()
	w.join(conversation, stranger, secondNumber)
	w.bobWrites("wamid.1", "from WhatsApp")
	require.Equal(t, conversation, w.whither(stranger, secondNumber, "from a number behind another proxy"))
	w.write(conversation, "from the API")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 3 }, "Alice gets all three")
	for _, sent := range w.twilio.Sent() {
		assert.Equal(t, []string{smsProxy, alice}, []string{sent.From, sent.To}, sent.Body)
		for _, secret := range []string{bob[len("whatsapp:+"):], stranger[1:], secondNumber[1:], whatsappProxy[len("whatsapp:+"):]} {
			assert.NotContains(t, sent.Raw, secret)
		}
	}
}

// "A Participant's to/from number pair can only be in one active Conversation at
// the same time."
func TestANumberPairCanOnlyBeInOneActiveConversationAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	first := w.converseOf(alice, smsProxy)
	var service, another struct{ SID string }
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Services", url.Values{"FriendlyName": {"another"}}, &service))
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Services/"+service.SID+"/Conversations", nil, &another))
	join := "/v1/Services/" + service.SID + "/Conversations/" + another.SID + "/Participants"
	pair := url.Values{"MessagingBinding.Address": {alice}, "MessagingBinding.ProxyAddress": {smsProxy}}
	for _, state := range []string{"active", "inactive"} {
		w.setState(first, state)
		var refusal struct{ Code int }
		require.Equal(t, http.StatusConflict, w.call(http.MethodPost, join, pair, &refusal), state)
		assert.Equal(t, 50416, refusal.Code, state)
	}
	assert.Equal(t, first, w.whither(alice, smsProxy, "where am I?"))
	w.setState(first, "closed")
	assert.Equal(t, http.StatusCreated, w.call(http.MethodPost, join, pair, nil), "in another service too")
}

// "The same consumer can be in contact with multiple Twilio numbers (different
// Participants, and different Conversations)."
func TestTheSameConsumerCanBeInContactWithMultipleNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: secondNumberConf})
	first, second := w.converseOf(alice, smsProxy), w.converseOf(alice, secondNumber)
	assert.Equal(t, first, w.whither(alice, smsProxy, "to the first"))
	assert.Equal(t, second, w.whither(alice, secondNumber, "to the second"))
}

// "The same Twilio number can be in contact with any number of consumers", each in
// a conversation of their own.
func TestTheSameNumberCanBeInContactWithAnyNumberOfConsumers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	consumers := map[string]string{}
	for i := range 20 {
		number := fmt.Sprintf("+155502011%02d", i)
		consumers[number] = w.converseOf(number, smsProxy)
	}
	for number, conversation := range consumers {
		assert.Equal(t, conversation, w.whither(number, smsProxy, "from "+number))
	}
}

// "That number-pair is bound together until one of the following happens: that
// Participant is removed, the Conversation is deleted, or the Conversation State is
// set to closed."
func TestANumberPairIsBoundUntil(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for name, end := range map[string]func(conversation string){
		"that Participant is removed": func(c string) {
			require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, "/v1/Conversations/"+c+"/Participants/"+w.members(c)[0].SID, nil, nil))
		},
		"the Conversation is deleted": func(c string) {
			require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, "/v1/Conversations/"+c, nil, nil))
		},
		"the Conversation State is set to closed": func(c string) { w.setState(c, "closed") },
	} {
		bound := w.converseOf(alice, smsProxy)
		assert.Equal(t, bound, w.whither(alice, smsProxy, "before "+name))
		w.setState(bound, "inactive")
		assert.Equal(t, bound, w.whither(alice, smsProxy, "inactive, before "+name), "an inactive one keeps its pairs")
		assert.Equal(t, "active", w.stateOf(bound))
		end(bound)
		assert.Equal(t, nowhere, w.whither(alice, smsProxy, "after "+name))
		next := w.converseOf(alice, smsProxy)
		assert.Equal(t, next, w.whither(alice, smsProxy, "bound again after "+name))
		w.setState(next, "closed")
	}
}

// "If the Message belongs in a Conversation, the Conversation captures it first."
func TestTheConversationCapturesItFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[[messaging_services]]\nsid = \"MG0123456789abcdef0123456789abcdef\"\nsenders = [\"" + smsProxy + "\"]\nautocreate = true\n"})
	w.autocreate(url.Values{})
	conversation := w.converse()
	assert.Equal(t, conversation, w.whither(alice, smsProxy, "captured"))
	assert.Equal(t, []string{conversation}, w.conversationsOf(alice), "whatever would make another one")
	assert.NotEqual(t, nowhere, w.whither(stranger, smsProxy, "not captured"))
}

// "You can use the Address Configuration API to specify which unique address should
// enable the Conversations Autocreation feature, independent of the usage of the
// Messaging Service." Unlike there, a change takes effect at once.
func TestAnAddressConfigurationIsOfOneAddressAndTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: secondNumberConf +
		"[[messaging_services]]\nsid = \"MG0123456789abcdef0123456789abcdef\"\nsenders = [\"" + smsProxy + "\", \"" + secondNumber + "\"]\n"})
	assert.Equal(t, nowhere, w.whither(stranger, smsProxy, "too soon"))
	w.autocreate(url.Values{})
	made := w.whither(stranger, smsProxy, "in time")
	assert.NotEqual(t, nowhere, made)
	assert.Equal(t, nowhere, w.whither(stranger, secondNumber, "to the other number"))
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/v1/Configuration/Addresses/"+smsProxy, url.Values{"AutoCreation.Enabled": {"false"}}, nil))
	assert.Equal(t, made, w.whither(stranger, smsProxy, "it is there"))
	assert.Equal(t, nowhere, w.whither("+15550209998", smsProxy, "too late"))
}

// "Autocreate will immediately take hold for those numbers that you add to the
// sender pool — and only those numbers." "There's a separate opt-in switch."
func TestAutocreationTakesHoldForTheNumbersOfTheSenderPoolAndOnlyThose(t *testing.T) {
	t.Parallel()
	pool := func(senders string, more string) string {
		return secondNumberConf + "[[channels]]\nname = \"sms-third\"\ntype = \"sms\"\nnumbers = [\"+15550100003\"]\ndriver = \"simulator\"\n" +
			"[[messaging_services]]\nsid = \"MG0123456789abcdef0123456789abcdef\"\nsenders = " + senders + "\n" + more
	}
	w := newWorld(t, setup{config: pool(`["`+smsProxy+`", "`+secondNumber+`"]`, "autocreate = true\n")})
	assert.NotEqual(t, nowhere, w.whither(stranger, smsProxy, "to one of the pool"))
	assert.NotEqual(t, nowhere, w.whither(stranger, secondNumber, "to the other of the pool"))
	assert.Equal(t, nowhere, w.whither(stranger, "+15550100003", "to a number outside"))
	assert.Len(t, w.conversationsOf(stranger), 2, "a pair each")

	locked := newWorld(t, setup{config: pool(`["`+smsProxy+`"]`, "")})
	assert.Equal(t, nowhere, locked.whither(stranger, smsProxy, "the switch is off"))
}

// "That particular to/from number pair (and only that pair) is now bound to
// Conversations, but Messages from any other mobile numbers (B, C, D) remain
// unbound." "As soon as you delete that Conversation Participant", so does A's.
func TestOnlyThatPairIsBoundAndOthersRemainUnbound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	const a = "+15550201001"
	assert.Equal(t, nowhere, w.whither(a, smsProxy, "A, before"))
	conversation := w.converseOf(a, smsProxy)
	assert.Equal(t, conversation, w.whither(a, smsProxy, "A"))
	for _, other := range []string{"+15550201002", "+15550201003", "+15550201004"} {
		assert.Equal(t, nowhere, w.whither(other, smsProxy, "from "+other))
	}
	require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, "/v1/Conversations/"+conversation+"/Participants/"+w.members(conversation)[0].SID, nil, nil))
	assert.Equal(t, nowhere, w.whither(a, smsProxy, "A, afterwards"))
	assert.Len(t, w.messages(conversation), 1)
	assert.Equal(t, http.StatusCreated, w.tryJoin(conversation, a, smsProxy), "and back")
	assert.Equal(t, conversation, w.whither(a, smsProxy, "A, again"))
}
