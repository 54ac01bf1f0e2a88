package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/storetest"
)

// simulatedCarrier is a further channel, the only one that can carry group MMS.
const simulatedCarrier = "[[channels]]\nname = \"simulated\"\ntype = \"sms\"\ndriver = \"simulator\"\nnumbers = [\"" +
	officeNumber + "\", \"" + warehouseNumber + "\"]\n"

// Our numbers of it, and people.
const (
	officeNumber    = "+14155559001"
	warehouseNumber = "+14155559002"
	homebuyer       = "+14155550001"
	otherHomebuyer  = "+14155550002"
)

// groupMember is a participant of a group text.
type groupMember struct {
	SID      string
	Identity *string
	RoleSID  *string           `json:"role_sid"`
	Binding  map[string]string `json:"messaging_binding"`
	Code     int
	Message  string
}

// addMember adds a participant, or does not.
func (w *world) addMember(conversation string, form ...string) (status int, m groupMember) {
	w.t.Helper()
	status = w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Participants", formOf(form...), &m)
	return status, m
}

// formOf makes a form of names and values in turn.
func formOf(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// mustAdd adds a participant.
func (w *world) mustAdd(conversation string, form ...string) groupMember {
	w.t.Helper()
	status, m := w.addMember(conversation, form...)
	require.Equal(w.t, http.StatusCreated, status, m.Message)
	return m
}

// writeAs adds a message over REST and returns its SID.
func (w *world) writeAs(conversation, author, text string) string {
	w.t.Helper()
	var m struct{ SID, Message string }
	status := w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages", formOf("Author", author, "Body", text), &m)
	require.Equal(w.t, http.StatusCreated, status, m.Message)
	return m.SID
}

// handsetWrites sends a message as a simulated handset of a process.
func handsetWrites(ctx context.Context, processURL, from, text string, to ...string) error {
	body, err := json.Marshal(map[string]any{"from": from, "to": to, "body": text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, processURL+"/bridged/v1/simulator/messages", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	r.SetBasicAuth(account, authToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("the simulator answered %d", answer.StatusCode)
	}
	return errors.Join(err, answer.Body.Close())
}

func (w *world) handsetWrites(from, text string, to ...string) {
	w.t.Helper()
	require.NoError(w.t, handsetWrites(w.t.Context(), w.URL, from, text, to...))
}

// threadMessage is what a handset shows of a message.
type threadMessage struct {
	Direction, From, Body string
	To                    []string
}

// thread is what a simulated handset has.
func (w *world) thread(address string) []threadMessage {
	w.t.Helper()
	var list struct{ Messages []threadMessage }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/simulator/handsets/"+address+"/messages", nil, &list))
	return list.Messages
}

// Page 37, "Scenario 1: Set up a group message with one Chat participant and two
// SMS participants".
func TestAGroupMessageWithOneChatParticipantAndTwoSMSParticipants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	home := w.newConversation() // "Step 1: Create the Conversation"
	agent := w.mustAdd(home, "Identity", "realEstateAgent", "MessagingBinding.ProjectedAddress", officeNumber)
	assert.Equal(t, map[string]string{"type": "sms", "projected_address": officeNumber}, agent.Binding)
	assert.NotNil(t, agent.RoleSID)
	buyer := w.mustAdd(home, "MessagingBinding.Address", homebuyer)
	assert.Equal(t, map[string]string{"type": "sms", "address": homebuyer}, buyer.Binding)
	assert.Nil(t, buyer.RoleSID)
	assert.Nil(t, buyer.Identity)

	// "Step 4: Send a 1:1 message."
	w.writeAs(home, "realEstateAgent", "Hi there. What did you think of the listing I sent?")
	eventually(t, func() bool { return len(w.thread(homebuyer)) == 1 }, "she has it")
	assert.Equal(t, threadMessage{"received", officeNumber, "Hi there. What did you think of the listing I sent?", []string{homebuyer}}, w.thread(homebuyer)[0])
	w.handsetWrites(homebuyer, "Hello!", officeNumber)
	eventually(t, func() bool { return len(w.messages(home)) == 2 }, "the answer is there")

	// "Step 5: Add the second homebuyer to the group text", "Step 6: Send another message."
	w.mustAdd(home, "MessagingBinding.Address", otherHomebuyer)
	welcome := w.writeAs(home, "realEstateAgent", "Glad you could join us, homebuyer 2.")
	want := threadMessage{"received", officeNumber, "Glad you could join us, homebuyer 2.", []string{homebuyer, otherHomebuyer}}
	for address, before := range map[string]int{homebuyer: 2, otherHomebuyer: 0} {
		eventually(t, func() bool { return len(w.thread(address)) == before+1 }, "%s has it", address)
		assert.Equal(t, want, w.thread(address)[before])
	}
	eventually(t, func() bool {
		delivered := 0
		for _, r := range w.receipts(home, welcome) {
			if r.Status != nil && *r.Status == "delivered" {
				delivered++
			}
		}
		return delivered == 2
	}, "each has a receipt")
	receipts := w.receipts(home, welcome)
	assert.NotEqual(t, *receipts[0].ParticipantSid, *receipts[1].ParticipantSid)
	assert.Equal(t, *receipts[0].ChannelMessageSid, *receipts[1].ChannelMessageSid, "it was one message")

	// "You and the second homebuyer can use your native texting application to
	// participate in the Conversation as well."
	w.handsetWrites(otherHomebuyer, "I am here, too", homebuyer, officeNumber)
	eventually(t, func() bool { return len(w.messages(home)) == 4 }, "the group's message is there")
	last := w.messages(home)[3]
	assert.Equal(t, otherHomebuyer, *last.Author)
	eventually(t, func() bool { return len(w.thread(homebuyer)) == 4 }, "the carrier brings it to her")
	w.writeAs(home, "realEstateAgent", "See you")
	eventually(t, func() bool { return len(w.thread(homebuyer)) == 5 }, "what follows comes next: there was no copy")
	assert.Equal(t, "See you", w.thread(homebuyer)[4].Body)
	assert.Empty(t, w.receipts(home, *last.Sid))
}

// Page 37, "Scenario 2: Set up a group message with two Chat and one SMS
// participants", and "Use one projected address to transfer between agents".
func TestAGroupMessageWithTwoChatParticipantsAndOneSMSParticipant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	advice := w.newConversation()
	w.mustAdd(advice, "Identity", "YourFinancialAdvisor", "MessagingBinding.ProjectedAddress", officeNumber)
	w.mustAdd(advice, "MessagingBinding.Address", homebuyer)
	w.writeAs(advice, "YourFinancialAdvisor", "Hello, what questions did you have about your portfolio?")
	eventually(t, func() bool { return len(w.thread(homebuyer)) == 1 }, "she has it") // what another number sends is another thread
	assistant := w.mustAdd(advice, "MessagingBinding.ProjectedAddress", warehouseNumber)
	assert.Nil(t, assistant.Identity, `"a gateway number"`)
	take := func(identity string) {
		var p groupMember
		require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/v1/Conversations/"+advice+"/Participants/"+assistant.SID,
			formOf("Identity", identity), &p), p.Message)
		assert.Equal(t, identity, *p.Identity)
		assert.Equal(t, warehouseNumber, p.Binding["projected_address"])
	}
	take("theAssistant")
	w.writeAs(advice, "theAssistant", "I've just emailed you some documents.")
	take("theSupervisor")
	w.writeAs(advice, "theSupervisor", "I have sent more.")
	eventually(t, func() bool { return len(w.thread(homebuyer)) == 3 }, "she has them")
	thread := w.thread(homebuyer)
	assert.Equal(t, threadMessage{"received", officeNumber, "Hello, what questions did you have about your portfolio?", []string{homebuyer}}, thread[0])
	for i, text := range []string{"I've just emailed you some documents.", "I have sent more."} {
		assert.Equal(t, threadMessage{"received", warehouseNumber, text, []string{homebuyer, officeNumber}}, thread[1+i])
	}

	// The carrier tells the advisor's number of what the assistant's has sent, and
	// each of the two numbers of what the client sends.
	eventually(t, func() bool {
		return w.metric(`bridged_inbound_routed_total{channel="simulated",result="dropped"}`) == "2"
	}, "both came back")
	w.handsetWrites(homebuyer, "Thank you both", officeNumber, warehouseNumber)
	eventually(t, func() bool {
		return w.metric(`bridged_inbound_routed_total{channel="simulated",result="dropped"}`) == "3"
	}, "it was told of twice")
	assert.Len(t, w.messages(advice), 4, "and is there once")
	assert.Empty(t, w.unrouted())
	assert.Contains(t, w.explainOf(homebuyer, warehouseNumber, officeNumber), "goes to: conversation "+advice+"\n")
	assert.Contains(t, w.explainOf(homebuyer, officeNumber, warehouseNumber), "number group: a live conversation has this group of addresses\n")
}

// Page 37: "Projected Addresses vs. Proxy Addresses", and what goes together.
func TestWhatAGroupTextRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	home := w.newConversation()
	w.mustAdd(home, "Identity", "realEstateAgent", "MessagingBinding.ProjectedAddress", officeNumber)
	w.mustAdd(home, "MessagingBinding.Address", homebuyer)
	w.mustAdd(home, "MessagingBinding.Address", otherHomebuyer)
	for name, refused := range map[string]struct {
		form         []string
		status, code int
	}{
		"not ours":             {[]string{"MessagingBinding.ProjectedAddress", "+14155551234"}, http.StatusForbidden, 50439},
		"a channel that can't": {[]string{"MessagingBinding.ProjectedAddress", smsProxy}, http.StatusBadRequest, 50452},
		"twice":                {[]string{"MessagingBinding.Address", homebuyer}, http.StatusConflict, 50437},
		"no projected address": {[]string{"Identity", "assistant"}, http.StatusBadRequest, 50434},
		"a proxy address":      {[]string{"MessagingBinding.Address", "+14155551234", "MessagingBinding.ProxyAddress", smsProxy}, http.StatusBadRequest, 50453},
		"both":                 {[]string{"MessagingBinding.Address", "+14155551234", "MessagingBinding.ProjectedAddress", warehouseNumber}, http.StatusBadRequest, 50443},
		"not of +1":            {[]string{"MessagingBinding.Address", "+447700900001"}, http.StatusBadRequest, 50407},
	} {
		status, m := w.addMember(home, refused.form...)
		assert.Equal(t, refused.status, status, name)
		assert.Equal(t, refused.code, m.Code, name)
	}
	var refused groupMember
	require.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "/v1/Conversations/"+home+"/Messages", formOf("Author", "somebody", "Body", "Hi"), &refused))
	assert.Equal(t, 50513, refused.Code)
	for i := range 7 { // three are there
		w.mustAdd(home, "MessagingBinding.Address", fmt.Sprintf("+1415555100%d", i))
	}
	status, full := w.addMember(home, "MessagingBinding.Address", "+14155551009")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, 50436, full.Code, `"a limit of 10 total Participants"`)
}

// "To arrive at a Conversation, the sorted set of all senders (From=) and receivers
// (To=) on the Message must match the sorted set of Addresses and ProjectedAddresses
// on some existing Conversation" (page 38).
func TestTheSortedSetOfAllSendersAndReceiversMustMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	home := w.newConversation()
	w.mustAdd(home, "MessagingBinding.Address", homebuyer)
	w.mustAdd(home, "MessagingBinding.Address", otherHomebuyer)
	w.mustAdd(home, "MessagingBinding.ProjectedAddress", officeNumber)
	for i, write := range []struct {
		from  string
		to    []string
		there bool
	}{
		{homebuyer, []string{officeNumber, otherHomebuyer}, true},
		{otherHomebuyer, []string{homebuyer, officeNumber}, true},
		{homebuyer, []string{officeNumber}, false},
		{homebuyer, []string{warehouseNumber, otherHomebuyer}, false},
		{homebuyer, []string{officeNumber, otherHomebuyer, warehouseNumber}, false},
		{homebuyer, []string{officeNumber, otherHomebuyer, "+14155550003"}, false},
	} {
		messages, unrouted := len(w.messages(home)), len(w.unrouted())
		w.handsetWrites(write.from, fmt.Sprint(i), write.to...)
		eventually(t, func() bool {
			return len(w.messages(home))+len(w.unrouted()) == messages+unrouted+1
		}, "message %d has its place", i)
		assert.Equal(t, write.there, len(w.messages(home)) == messages+1, "message %d", i)
	}

	// As a pair, the group is in one conversation that is not closed.
	second := w.newConversation()
	w.mustAdd(second, "MessagingBinding.Address", homebuyer)
	w.mustAdd(second, "MessagingBinding.Address", otherHomebuyer)
	status, taken := w.addMember(second, "MessagingBinding.ProjectedAddress", officeNumber)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, 50438, taken.Code)
	assert.Equal(t, "Group MMS with given participant list already exists as Conversation "+home, taken.Message)
	w.setState(home, "inactive")
	status, _ = w.addMember(second, "MessagingBinding.ProjectedAddress", officeNumber)
	assert.Equal(t, http.StatusConflict, status)
	w.setState(home, "closed")
	w.mustAdd(second, "MessagingBinding.ProjectedAddress", officeNumber)
	w.handsetWrites(homebuyer, "a new one", officeNumber, otherHomebuyer)
	eventually(t, func() bool { return len(w.messages(second)) == 1 }, "it is the second's now")
}

// "Inbound Autocreation or ordinary Programmable Messaging webhooks take hold. The
// switch to enable Autocreation for Group MMS is exactly the same. Participants on
// SMS only have Address. Application-side Participants will have a ProjectedAddress"
// (page 38).
func TestAGroupTextMakesItsConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	w.handsetWrites(homebuyer, "too early", otherHomebuyer, officeNumber, warehouseNumber)
	eventually(t, func() bool { return len(w.unrouted()) == 1 }, "the switch is off")
	assert.Contains(t, w.explainOf(homebuyer, otherHomebuyer, officeNumber), "goes to: unrouted\nreceiver")
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Configuration/Addresses",
		formOf("Type", "sms", "Address", officeNumber, "AutoCreation.Enabled", "true"), nil))
	explained := w.explainOf(homebuyer, otherHomebuyer, warehouseNumber, officeNumber)
	assert.Contains(t, explained, "goes to: new conversation\n")
	assert.Contains(t, explained, "number group: it is a group message, and no live conversation has this group of addresses\n")

	w.handsetWrites(homebuyer, "hello all", otherHomebuyer, officeNumber, warehouseNumber)
	eventually(t, func() bool { return len(w.conversationsOf(homebuyer)) == 1 }, "it is made")
	made := w.conversationsOf(homebuyer)[0]
	assert.Equal(t, []string{made}, w.conversationsOf(otherHomebuyer))
	var list struct{ Participants []groupMember }
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+made+"/Participants", nil, &list))
	var bindings []map[string]string
	for _, p := range list.Participants {
		bindings = append(bindings, p.Binding)
		assert.Nil(t, p.Identity)
	}
	assert.ElementsMatch(t, []map[string]string{
		{"type": "sms", "address": homebuyer},
		{"type": "sms", "address": otherHomebuyer},
		{"type": "sms", "projected_address": officeNumber},
		{"type": "sms", "projected_address": warehouseNumber},
	}, bindings)
	assert.Equal(t, "active", w.stateOf(made))
	require.Len(t, w.messages(made), 1)
	assert.Equal(t, homebuyer, *w.messages(made)[0].Author)

	// "All members see the original message as the first message" (page 37): from the
	// carrier, once.
	w.writeAs(made, officeNumber, "welcome")
	eventually(t, func() bool { return len(w.thread(otherHomebuyer)) == 3 }, "he has them")
	assert.Equal(t, []string{"too early", "hello all", "welcome"}, textsOf(w.thread(otherHomebuyer)))
}

func textsOf(thread []threadMessage) (texts []string) {
	for _, m := range thread {
		texts = append(texts, m.Body)
	}
	return texts
}

// 25 first messages of one group come at once to two processes, each reported for
// both of our numbers: they make one conversation.
func TestFirstMessagesOfAGroupToTwoProcessesMakeOneConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier, place: storetest.NewPostgreSQL(t)})
	other := w.startAnother(t.TempDir())
	t.Cleanup(func() { endsWell(t, other) })
	w.writeToGroupAtOnce(w.URL, other.URL)
}

// The same on one process.
func TestFirstMessagesOfAGroupMakeOneConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: simulatedCarrier})
	w.writeToGroupAtOnce(w.URL)
}

func (w *world) writeToGroupAtOnce(processes ...string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Configuration/Addresses",
		formOf("Type", "sms", "Address", officeNumber, "AutoCreation.Enabled", "true"), nil))
	const many = 25
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			assert.NoError(w.t, handsetWrites(context.Background(), processes[i%len(processes)], homebuyer, fmt.Sprint(i),
				officeNumber, otherHomebuyer, warehouseNumber))
		})
	}
	all.Wait()
	eventually(w.t, func() bool {
		sids := w.conversationsOf(homebuyer)
		return len(sids) == 1 && len(w.messages(sids[0])) == many
	}, "all are in one conversation")
	var said, want []string
	for i, m := range w.messages(w.conversationsOf(homebuyer)[0]) {
		assert.Equal(w.t, i, m.Index, "there is no gap")
		said, want = append(said, *m.Body), append(want, fmt.Sprint(i))
	}
	assert.ElementsMatch(w.t, want, said, "each is there once")
	assert.Empty(w.t, w.unrouted())
}
