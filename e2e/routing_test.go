package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
)

// stranger is somebody who is in no conversation.
const stranger = "+15550209999"

// strangerWrites delivers a message of the stranger.
func (w *world) strangerWrites(id, text string) {
	w.t.Helper()
	w.accepted(w.twilio.Post(w.t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{ID: id, From: stranger, To: smsProxy, Body: text}))
}

// autocreate makes conversations of what comes to our SMS number.
func (w *world) autocreate(form url.Values) {
	w.t.Helper()
	form.Set("Type", "sms")
	form.Set("Address", smsProxy)
	form.Set("AutoCreation.Enabled", "true")
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Configuration/Addresses", form, nil))
}

// conversationsOf are the SIDs of the conversations that somebody outside chat is
// in.
func (w *world) conversationsOf(address string) (sids []string) {
	w.t.Helper()
	var list struct {
		Conversations []struct {
			SID string `json:"conversation_sid"`
		}
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/v1/ParticipantConversations?Address="+url.QueryEscape(address), nil, &list))
	for _, c := range list.Conversations {
		sids = append(sids, c.SID)
	}
	return sids
}

// "You can use the Address Configuration API to specify which unique address
// should enable the Conversations Autocreation feature" (page 38).
func TestAStrangersMessagesMakeOneConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.autocreate(url.Values{"AutoCreation.Type": {"webhook"}, "AutoCreation.WebhookUrl": {"https://example.com/hook"}})
	const many = 25
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { w.strangerWrites(fmt.Sprintf("SM%032d", i), fmt.Sprint(i)) })
	}
	all.Wait()
	eventually(t, func() bool {
		sids := w.conversationsOf(stranger)
		return len(sids) == 1 && len(w.messages(sids[0])) == many
	}, "all are in one conversation")
	made := w.conversationsOf(stranger)[0]
	for i, m := range w.messages(made) {
		assert.Equal(t, i, m.Index)
		assert.Equal(t, stranger, *m.Author)
	}
	var webhooks struct {
		Webhooks []struct {
			Target        string
			Configuration struct{ URL string }
		}
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+made+"/Webhooks", nil, &webhooks))
	require.Len(t, webhooks.Webhooks, 1)
	assert.Equal(t, "https://example.com/hook", webhooks.Webhooks[0].Configuration.URL)

	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/v1/Conversations/"+made, url.Values{"State": {"closed"}}, nil))
	w.strangerWrites("SM11111111111111111111111111111111", "me again")
	eventually(t, func() bool { return len(w.conversationsOf(stranger)) == 2 }, "a closed one is followed by a new one")
}

// "For any Message to any numbers in that Messaging Service" (page 38).
func TestAMessagingServiceMakesConversations(t *testing.T) {
	t.Parallel()
	const pool = "MG0123456789abcdef0123456789abcdef"
	w := newWorld(t, setup{config: fmt.Sprintf("[[messaging_services]]\nsid = %q\nsenders = [%q]\nautocreate = true\n", pool, smsProxy)})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.conversationsOf(stranger)) == 1 }, "a conversation is made")
	var made struct {
		MessagingServiceSID string  `json:"messaging_service_sid"`
		FriendlyName        *string `json:"friendly_name"`
		Attributes          string
		State               string
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+w.conversationsOf(stranger)[0], nil, &made))
	assert.Equal(t, pool, made.MessagingServiceSID)
	assert.Nil(t, made.FriendlyName)
	assert.Equal(t, "{}", made.Attributes)
	assert.Equal(t, "active", made.State)
}

// An operator sees what nothing wanted, asks why, mends it and has it taken up
// again.
func TestAnOperatorMendsTheRouting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.unrouted()) == 1 }, "it is shown")
	assert.Contains(t, w.explain(), "goes to: unrouted\n")

	w.autocreate(url.Values{})
	explained := w.explain()
	assert.Contains(t, explained, "goes to: new conversation\n")
	assert.Contains(t, explained, "conversation: no live conversation has a participant with this pair of addresses\n")
	assert.Contains(t, explained, "address configuration: the number's address configuration makes a conversation\n")

	var list struct{ Unrouted []struct{ ID int64 } }
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/unrouted", nil, &list))
	again := fmt.Sprintf("/bridged/v1/unrouted/%d", list.Unrouted[0].ID)
	require.Equal(t, http.StatusAccepted, w.call(http.MethodPost, again, nil, nil))
	eventually(t, func() bool { return len(w.conversationsOf(stranger)) == 1 }, "it has its conversation")
	assert.Empty(t, w.unrouted())
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodPost, again, nil, nil))
	assert.Contains(t, w.explain(), "goes to: conversation "+w.conversationsOf(stranger)[0]+"\n")
}

// explain is what the command says of a message from the stranger.
func (w *world) explain() string { w.t.Helper(); return w.explainOf(stranger, smsProxy) }

// explainOf is what the command says of a message, without the spaces that make it
// a table.
func (w *world) explainOf(from string, to ...string) string {
	w.t.Helper()
	args := []string{"explain", "--config", w.file, "--url", w.URL, "--from", from}
	for _, a := range to {
		args = append(args, "--to", a)
	}
	command := exec.CommandContext(w.t.Context(), binary, args...)
	out, err := command.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
	return regexp.MustCompile(`: +`).ReplaceAllString(string(out), ": ")
}

// 25 first messages of one pair come to two processes at once: as on SQLite, they
// make one conversation.
func TestAStrangersMessagesToTwoProcessesMakeOneConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{place: storetest.NewPostgreSQL(t)})
	other := w.startAnother(t.TempDir())
	t.Cleanup(func() { endsWell(t, other) })
	w.autocreate(url.Values{})
	const many = 25
	var all sync.WaitGroup
	for i := range many {
		hook := []string{w.URL, other.URL}[i%2] + "/hooks/sms-main"
		m := fakecarrier.Message{ID: idOf(i), From: stranger, To: smsProxy, Body: fmt.Sprint(i)}
		all.Go(func() {
			status, err := w.twilio.Post(context.Background(), hook, m)
			assert.Equal(t, http.StatusOK, status, "%v", err)
		})
	}
	all.Wait()
	eventually(t, func() bool {
		sids := w.conversationsOf(stranger)
		return len(sids) == 1 && len(w.messages(sids[0])) == many
	}, "all are in one conversation")
	var said, want []string
	for i, m := range w.messages(w.conversationsOf(stranger)[0]) {
		assert.Equal(t, i, m.Index, "there is no gap")
		said, want = append(said, *m.Body), append(want, fmt.Sprint(i))
	}
	assert.ElementsMatch(t, want, said, "each is there once")
	assert.Empty(t, w.unrouted())
}
