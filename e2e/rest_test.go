package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"
)

// refused requires that the helper library reports the reference's error.
func refused(t *testing.T, err error, status, code int) *client.TwilioRestError {
	t.Helper()
	var e *client.TwilioRestError
	require.ErrorAs(t, err, &e)
	require.Equal(t, []int{status, code}, []int{e.Status, e.Code}, e.Message)
	return e
}

func (w *world) addPair(conversation, address, proxy string) error {
	_, err := w.api.CreateConversationParticipant(conversation, &conversations.CreateConversationParticipantParams{
		MessagingBindingAddress: &address, MessagingBindingProxyAddress: &proxy,
	})
	return err
}

func (w *world) newConversation() string {
	w.t.Helper()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(w.t, err)
	return *c.Sid
}

func TestAPairIsInOneLiveConversationAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	other := w.newConversation()
	e := refused(t, w.addPair(other, alice, smsProxy), http.StatusConflict, 50416)
	assert.Equal(t, "A binding for this participant and proxy address already exists in Conversation "+conversation, e.Message)

	participants, err := w.api.ListConversationParticipant(conversation, &conversations.ListConversationParticipantParams{})
	require.NoError(t, err)
	require.NoError(t, w.api.DeleteConversationParticipant(conversation, *participants[0].Sid, nil))
	require.NoError(t, w.addPair(other, alice, smsProxy), "free when the participant is removed")

	_, err = w.api.UpdateConversation(other, &conversations.UpdateConversationParams{State: ptr("closed")})
	require.NoError(t, err)
	require.NoError(t, w.addPair(conversation, alice, smsProxy), "free when the conversation is closed")

	require.NoError(t, w.api.DeleteConversation(conversation, nil))
	require.NoError(t, w.addPair(w.newConversation(), alice, smsProxy), "free when the conversation is deleted")
	refused(t, w.addPair(other, bob, whatsappProxy), http.StatusBadRequest, 50377)
}

func TestWrongParticipantsAreRefusedWithTheReferencesCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.newConversation()
	refused(t, w.addPair(c, alice, "+15550100002"), http.StatusForbidden, 50413)
	refused(t, w.addPair(c, alice, whatsappProxy), http.StatusBadRequest, 50414)
	refused(t, w.addPair(c, smsProxy, smsProxy), http.StatusBadRequest, 50409)
	refused(t, w.addPair(c, "not a number", smsProxy), http.StatusBadRequest, 50407)
	refused(t, w.addPair("CH00000000000000000000000000000000", alice, smsProxy), http.StatusNotFound, 20404)
	_, err := w.api.CreateConversationParticipant(c, &conversations.CreateConversationParticipantParams{Identity: ptr("carol")})
	require.NoError(t, err)
	_, err = w.api.CreateConversationParticipant(c, &conversations.CreateConversationParticipantParams{Identity: ptr("carol")})
	refused(t, err, http.StatusConflict, 50433)
}

// Page support-404: the reference once refused this.
func TestAParticipantCanBeDeletedAndAddedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.newConversation()
	const identity = "carol@example.com/desk 1"
	for range 3 {
		_, err := w.api.CreateConversationParticipant(c, &conversations.CreateConversationParticipantParams{Identity: ptr(identity)})
		require.NoError(t, err)
		var p struct{ Identity string }
		path := "/v1/Conversations/" + c + "/Participants/" + url.PathEscape(identity)
		require.Equal(t, http.StatusOK, w.call(http.MethodGet, path, nil, &p), "an identity addresses its participant")
		assert.Equal(t, identity, p.Identity)
		require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, path, nil, nil))
		require.Equal(t, http.StatusNotFound, w.call(http.MethodGet, path, nil, nil))
	}
}

func TestBothFormsOfURLsAndUniqueNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{UniqueName: ptr("order 7/b")})
	require.NoError(t, err)
	var found struct{ SID, URL string }
	short := "/v1/Conversations/" + url.PathEscape("order 7/b")
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, short, nil, &found))
	assert.Equal(t, *c.Sid, found.SID)
	assert.Equal(t, w.URL+"/v1/Conversations/"+*c.Sid, found.URL)
	long := "/v1/Services/" + *c.ChatServiceSid + "/Conversations/" + *c.Sid
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, long, nil, &found))
	assert.Equal(t, w.URL+long, found.URL)
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/v1/Services/IS00000000000000000000000000000000/Conversations/"+*c.Sid, nil, nil))
	_, err = w.api.CreateConversation(&conversations.CreateConversationParams{UniqueName: ptr("order 7/b")})
	refused(t, err, http.StatusConflict, 50353)

	m, err := w.api.CreateServiceConversationMessage(*c.ChatServiceSid, *c.Sid, &conversations.CreateServiceConversationMessageParams{Body: ptr("hi")})
	require.NoError(t, err)
	m2, err := w.api.UpdateServiceConversationMessage(*c.ChatServiceSid, *c.Sid, *m.Sid, &conversations.UpdateServiceConversationMessageParams{Body: ptr("hello")})
	require.NoError(t, err)
	assert.Equal(t, "hello", *m2.Body)
	require.NoError(t, w.api.DeleteServiceConversationMessage(*c.ChatServiceSid, *c.Sid, *m.Sid, nil))
	_, err = w.api.FetchConversationMessage(*c.Sid, *m.Sid)
	refused(t, err, http.StatusNotFound, 20404)
}

func TestTheHelperLibraryPagesThroughLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.newConversation()
	for n := range 25 {
		_, err := w.api.CreateConversationMessage(c, &conversations.CreateConversationMessageParams{Body: ptr(fmt.Sprint(n))})
		require.NoError(t, err)
	}
	for order, first := range map[string]string{"asc": "0", "desc": "24"} {
		list, err := w.api.ListConversationMessage(c, &conversations.ListConversationMessageParams{Order: &order, PageSize: ptr(4)})
		require.NoError(t, err)
		require.Len(t, list, 25)
		assert.Equal(t, first, *list[0].Body)
	}
	limited, err := w.api.ListConversationMessage(c, &conversations.ListConversationMessageParams{PageSize: ptr(4), Limit: ptr(10)})
	require.NoError(t, err)
	assert.Len(t, limited, 10)

	var page struct {
		Meta struct {
			NextPageURL     *string `json:"next_page_url"`
			PreviousPageURL *string `json:"previous_page_url"`
			Page            int
		}
	}
	path := "/v1/Conversations/" + c + "/Messages?PageSize=20"
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, path, nil, &page))
	require.NotNil(t, page.Meta.NextPageURL)
	assert.Nil(t, page.Meta.PreviousPageURL)
	require.Contains(t, *page.Meta.NextPageURL, w.URL, "it is absolute")
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, (*page.Meta.NextPageURL)[len(w.URL):], nil, &page))
	assert.Equal(t, 1, page.Meta.Page)
}

func TestTheHelperLibraryPagesThroughParticipants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.newConversation()
	names := make([]string, 60)
	for n := range names {
		names[n] = fmt.Sprintf("person %02d", n)
		_, err := w.api.CreateConversationParticipant(c, &conversations.CreateConversationParticipantParams{Identity: &names[n]})
		require.NoError(t, err)
	}
	list := func(p conversations.ListConversationParticipantParams) (found []string) {
		participants, err := w.api.ListConversationParticipant(c, &p)
		require.NoError(t, err)
		for _, one := range participants {
			found = append(found, *one.Identity)
		}
		return found
	}
	assert.Equal(t, names, list(conversations.ListConversationParticipantParams{}), "the default page is 50")
	assert.Equal(t, names, list(conversations.ListConversationParticipantParams{PageSize: ptr(7)}))
	assert.Equal(t, names, list(conversations.ListConversationParticipantParams{PageSize: ptr(1000)}))
	assert.Equal(t, names[:25], list(conversations.ListConversationParticipantParams{PageSize: ptr(10), Limit: ptr(25)}))
}

func TestWhoDoesNotAuthenticateSeesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for _, pair := range [][2]string{{account, "wrong"}, {keySID, authToken}, {"AC11", authToken}, {"", ""}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/v1/Conversations", http.NoBody)
		require.NoError(t, err)
		if pair[0] != "" {
			r.SetBasicAuth(pair[0], pair[1])
		}
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		var e struct{ Code, Status int }
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&e))
		assert.Equal(t, []int{401, 20003, 401}, []int{answer.StatusCode, e.Code, e.Status})
	}
	withKey := helperLibrary(w.URL, keySID, keySecret)
	_, err := withKey.ListConversation(&conversations.ListConversationParams{})
	assert.NoError(t, err, "an API key is as good as the auth token")
}
